package io.holdfast.cli.command;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Takes whole numbers, and says so in words where there is none. */
public final class WholeNumberConverter implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
        try {
            return Integer.valueOf(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not a whole number"
                    + (value.matches("[+-]?[0-9]+") ? " of at most " + Integer.MAX_VALUE : ""));
        }
    }
}
