package io.holdfast.cli.control;

import java.io.IOException;

/** The peer sent something that is not a frame. The connection cannot go on. */
final class FrameException extends IOException {
    FrameException(String message) {
        super(message);
    }
}
