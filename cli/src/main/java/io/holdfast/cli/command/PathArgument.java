package io.holdfast.cli.command;

import io.holdfast.error.HoldfastException;
import io.holdfast.volume.VolumePath;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Takes a path within a volume from the command line. */
public final class PathArgument implements ITypeConverter<VolumePath> {
    @Override
    public VolumePath convert(String value) {
        try {
            return VolumePath.parse(value);
        } catch (HoldfastException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
