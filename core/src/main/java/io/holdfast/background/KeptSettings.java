package io.holdfast.background;

import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import java.util.Optional;
import java.util.function.Supplier;

/** What was set of jobs that outlast a mount. Thread-safe. */
public interface KeptSettings {
    /** For a volume that keeps nothing. */
    KeptSettings NOWHERE = new KeptSettings() {
        @Override
        public JobSettings of(JobKind kind) {
            return JobSettings.NONE;
        }

        @Override
        public void keep(JobKind kind, Supplier<Optional<JobSettings>> settings) {
            // They last as long as the job.
        }
    };

    /** Returns what was kept last. */
    JobSettings of(JobKind kind);

    /**
     * Keeps settings, durably if that is possible.
     *
     * @param settings asked for in turn with others that are kept, so that the last one to be kept has what was set last; empty if nothing is to be kept any more
     */
    void keep(JobKind kind, Supplier<Optional<JobSettings>> settings);
}
