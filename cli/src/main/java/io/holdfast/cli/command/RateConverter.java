package io.holdfast.cli.command;

import io.holdfast.cli.text.Sizes;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Lets an option take a rate such as {@code 200M}: bytes per second, at least 1; {@code none} is 0, no bound. */
final class RateConverter implements ITypeConverter<Long> {
    private static final String PER_SECOND = "/s";

    @Override
    public Long convert(String value) {
        if (value.equals("none")) {
            return 0L;
        }
        String size = value.endsWith(PER_SECOND) ? value.substring(0, value.length() - PER_SECOND.length()) : value;
        long bytes;
        try {
            bytes = Sizes.parse(size);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(
                    "'" + value + "' is not a rate; write bytes per second, as in 200M, or none");
        }
        if (bytes <= 0) {
            throw new TypeConversionException("a rate is at least 1 byte per second; 'none' sets no bound");
        }
        return bytes;
    }
}
