package io.holdfast.cli.control;

import io.holdfast.error.ErrorCode;
import io.holdfast.error.HoldfastException;
import io.holdfast.volume.CheckOptions;
import io.holdfast.volume.CheckReport;
import io.holdfast.volume.Progress;
import io.holdfast.volume.RecoveryReport;
import io.holdfast.volume.Volume;
import java.util.List;

/** What a server serves. */
public interface Served {
    /** Returns the volume that is open now; another one after {@link #resume}. */
    Volume volume();

    /**
     * Opens the volume again that has failed ({@link Volume#reopen}), and serves that.
     *
     * @throws HoldfastException as {@link Volume#reopen}: the volume is served as before
     */
    Resumed resume() throws HoldfastException;

    /** Checks the volume ({@link Volume#check(CheckOptions, Progress)}). */
    default CheckReport check(CheckOptions options, Progress progress) throws HoldfastException {
        return volume().check(options, progress);
    }

    /**
     * What opening again has found.
     *
     * @param lost paths of the files whose flushes are refused
     */
    record Resumed(RecoveryReport recovery, List<String> lost) {}

    /** Serves one volume for ever. */
    static Served only(Volume volume) {
        return new Served() {
            @Override
            public Volume volume() {
                return volume;
            }

            @Override
            public Resumed resume() throws HoldfastException {
                throw new HoldfastException(ErrorCode.UNSUPPORTED, "this server cannot open its volume again");
            }
        };
    }
}
