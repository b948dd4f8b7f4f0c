package io.holdfast.cli.demo;

import java.io.IOException;

/** A proof of the demonstration failed. */
final class DemoFailure extends IOException {
    DemoFailure(String message) {
        super(message);
    }
}
