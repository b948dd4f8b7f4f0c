package io.holdfast.cli.command;

import io.holdfast.cli.UsageException;
import io.holdfast.cli.text.Sizes;
import picocli.CommandLine.ITypeConverter;

/**
 * A new size, or how much a size is to change by.
 *
 * @param bytes unsigned
 */
record SizeChange(Kind kind, long bytes) {
    /** What the bytes are. */
    enum Kind {
        TO,
        ADD,
        TAKE
    }

    /** Returns the new size, unsigned, of what has {@code before} bytes, unsigned. */
    long of(long before) {
        return switch (kind) {
            case TO -> bytes;
            case ADD -> {
                if (Long.compareUnsigned(bytes, -1 - before) > 0) {
                    throw new UsageException(Sizes.exact(before) + " and " + Sizes.exact(bytes)
                            + " are together more than a file can have, 2^64 - 1 bytes");
                }
                yield before + bytes;
            }
            case TAKE -> {
                if (Long.compareUnsigned(bytes, before) > 0) {
                    throw new UsageException("cannot take " + Sizes.exact(bytes) + " away from " + Sizes.exact(before));
                }
                yield before - bytes;
            }
        };
    }

    /** Lets an option take {@code 4G}, {@code +1G} or {@code -512M}. */
    static final class Converter implements ITypeConverter<SizeChange> {
        private final SizeConverter sizes = new SizeConverter();

        @Override
        public SizeChange convert(String value) {
            return switch (value.isEmpty() ? ' ' : value.charAt(0)) {
                case '+' -> new SizeChange(Kind.ADD, sizes.convert(value.substring(1)));
                case '-' -> new SizeChange(Kind.TAKE, sizes.convert(value.substring(1)));
                default -> new SizeChange(Kind.TO, sizes.convert(value));
            };
        }
    }
}
