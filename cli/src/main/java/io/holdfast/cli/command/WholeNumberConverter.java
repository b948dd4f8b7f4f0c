package io.holdfast.cli.command;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converts whole numbers; a failure says in words that a whole number is needed. */
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
