package io.holdfast.cli.command;

import picocli.CommandLine.ITypeConverter;

/** A path within a volume: made absolute, since a volume has no working directory. */
public final class PathArgument implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
        return value.startsWith("/") ? value : "/" + value;
    }
}
