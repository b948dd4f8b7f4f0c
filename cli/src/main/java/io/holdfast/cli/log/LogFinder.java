package io.holdfast.cli.log;

import java.lang.System.Logger;

/**
 * Leads every {@code System.Logger} of the program to {@link Log}. Without it they would use java.util.logging, which
 * reads files at the first line: if no descriptor is free then, it fails for good.
 */
public final class LogFinder extends System.LoggerFinder {
    @Override
    public Logger getLogger(String name, Module module) {
        return new NamedLogger(name);
    }
}
