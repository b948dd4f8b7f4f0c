package io.holdfast.device;

/**
 * What a power cut leaves of the block writes that no flush has made durable. Writes are counted from 0, in the order
 * in which the device got them, one for each block of 4 KiB.
 */
public sealed interface CrashRule {
    int SECTORS_PER_BLOCK = 8;

    /** Nothing landed. */
    record DropAll() implements CrashRule {}

    /** Everything landed. */
    record KeepAll() implements CrashRule {}

    /** The first {@code writes} landed, nothing else. */
    record KeepPrefix(int writes) implements CrashRule {}

    /** All but one landed: the others overtook it. */
    record DropOne(int index) implements CrashRule {}

    /** Only one landed: it overtook all others. */
    record KeepOne(int index) implements CrashRule {}

    /** Each block has its old content or any of its unflushed versions. */
    record RandomSubset(long seed) implements CrashRule {}

    /** The writes before {@code index} landed, and of that one the first {@code sectors} sectors of 512 bytes. */
    record Tear(int index, int sectors) implements CrashRule {
        public Tear {
            if (sectors < 0 || sectors > SECTORS_PER_BLOCK) {
                throw new IllegalArgumentException("a block has no %d sectors".formatted(sectors));
            }
        }
    }

    /** Each block begins as any of its versions and ends as any other, with the tear at any sector. */
    record RandomTear(long seed) implements CrashRule {}
}
