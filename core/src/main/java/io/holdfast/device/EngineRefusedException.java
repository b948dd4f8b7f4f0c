package io.holdfast.device;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import java.io.IOException;

/**
 * The system does not let an {@link IoEngine} work. For example, the kernel is too old, or the filter of a container
 * forbids the calls.
 */
public final class EngineRefusedException extends HoldfastException {
    /** @param reason what was refused and why, for a message */
    public EngineRefusedException(String reason, IOException cause) {
        super(ErrorCode.UNSUPPORTED, reason, cause);
    }
}
