package io.holdfast.engine;

import io.holdfast.background.KeptSettings;
import io.holdfast.checkpoint.VolumeState;
import io.holdfast.error.HoldfastException;
import io.holdfast.file.FileLayer;
import io.holdfast.namespace.CheckItem;
import io.holdfast.volume.FinishedCheck;
import io.holdfast.volume.JobKind;
import io.holdfast.volume.JobSettings;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** What a volume keeps of background work: an item of a fixed size. Thread-safe: {@code lock} makes each change of it one step. */
final class KeptJobs implements KeptSettings {
    private final VolumeState state;
    private final FileLayer.Writable to;
    private final VolumeLife life;
    private final ReentrantLock lock = new ReentrantLock();

    KeptJobs(VolumeState state, FileLayer.Writable to, VolumeLife life) {
        this.state = state;
        this.to = to;
        this.life = life;
    }

    /** Returns the last whole check of a volume. */
    static Optional<FinishedCheck> last(VolumeState state) throws HoldfastException {
        return read(state).last();
    }

    private static CheckItem read(VolumeState state) throws HoldfastException {
        byte[] item = state.items().get(CheckItem.key());
        return item == null ? CheckItem.NONE : CheckItem.decode(item);
    }

    @Override
    public JobSettings of(JobKind kind) {
        try {
            return read(state).of(kind);
        } catch (HoldfastException e) {
            warn("what was set of background work cannot be read, so nothing is", e);
            return JobSettings.NONE;
        }
    }

    @Override
    public void keep(JobKind kind, Supplier<Optional<JobSettings>> settings) {
        try {
            change(kept -> settings.get().map(set -> kept.with(kind, set)).orElse(kept));
        } catch (HoldfastException e) {
            warn("a pause or a rate holds, and is not there any more when the volume is opened again", e);
        }
    }

    /** Notes that a check of the whole volume came to its end. The check has its result without that, too. */
    void finished(FinishedCheck check) {
        try {
            change(kept -> kept.with(check));
        } catch (HoldfastException e) {
            warn("that the volume was checked could not be noted in it", e);
        }
    }

    /** Whoever sets something of a job does not keep the volume open. */
    private void change(UnaryOperator<CheckItem> change) throws HoldfastException {
        life.act(() -> {
            life.requireWritable();
            makeChange(change);
        });
    }

    private void makeChange(UnaryOperator<CheckItem> change) throws HoldfastException {
        lock.lock();
        try {
            CheckItem kept;
            try {
                kept = read(state);
            } catch (HoldfastException unreadable) {
                kept = CheckItem.NONE;
            }
            state.items().commit(List.of(change.apply(kept).item()), true);
        } finally {
            lock.unlock();
        }
        to.log().flush();
    }

    private void warn(String what, HoldfastException why) {
        System.getLogger("holdfast")
                .log(
                        System.Logger.Level.WARNING,
                        "{0}: {1}: {2}",
                        state.device().name(),
                        what,
                        why.getMessage());
    }
}
