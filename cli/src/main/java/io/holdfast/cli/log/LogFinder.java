package io.holdfast.cli.log;

import java.lang.System.Logger;

/**
 * Leads every {@code System.Logger} of the program to {@link Log}. Without it they would go through java.util.logging,
 * which reads files when the first line comes: with the descriptors used up it fails then, and for ever.
 */
public final class LogFinder extends System.LoggerFinder {
    @Override
    public Logger getLogger(String name, Module module) {
        return new NamedLogger(name);
    }
}
