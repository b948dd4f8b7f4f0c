package io.holdfast.nbd.export;

import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.nbd.protocol.Text;
import io.holdfast.nbd.protocol.Wire;
import io.holdfast.volume.DirectoryCursor;
import io.holdfast.volume.DirectoryEntry;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.Volume;
import io.holdfast.volume.VolumePath;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The regular files of a volume as exports. A name is a path, with or without the leading slash. The empty name stands
 * for the volume's only regular file, if it has exactly one.
 *
 * <p>Two kinds of files are no exports. A path longer than a string of the protocol cannot be sent as a name; the file
 * can be reached only by the empty name. A file of 2^63 bytes or more cannot be served: the protocol has an unsigned
 * 64-bit size, but clients (QEMU, libnbd and the kernel among them) keep sizes and offsets as signed numbers and refuse
 * larger ones.
 *
 * <p>The protocol wants a list to have every export, and has no error for «this export is not for you». So the server
 * does not list such a file, and answers a request for it with NBD_REP_ERR_UNKNOWN, «the requested export is not
 * available». (NBD_REP_ERR_TOO_BIG is for requests and replies that are too long; NBD_REP_ERR_POLICY is for what the
 * server's settings forbid, such as a size that is not whole sectors.)
 *
 * <p>Invariant: a listing visits at most {@link #ENTRIES_MAX} directory entries and keeps at most
 * {@link #PENDING_CHARS_MAX} characters of directories that it has not visited yet, whatever the volume holds.
 */
public final class Exports implements ExportTable {
    /** A listing fails beyond this many directory entries. */
    public static final int ENTRIES_MAX = 20_000;

    private static final System.Logger LOG = System.getLogger("io.holdfast.nbd");
    private static final int PENDING_CHARS_MAX = 8 << 20;

    private final Volume volume;
    private final DiskOpening opening;
    private final int entriesMax;
    private final AtomicBoolean saidThatSomeAreLeftOut;
    private final AtomicBoolean saidThatSomeAreTooLarge;

    public Exports(Volume volume, boolean readOnly, int sectorSize) {
        this(volume, readOnly, sectorSize, ENTRIES_MAX);
    }

    private Exports(Exports exports, FileUser user) {
        this.volume = exports.volume;
        this.opening = exports.opening.as(volume.as(user));
        this.entriesMax = exports.entriesMax;
        this.saidThatSomeAreLeftOut = exports.saidThatSomeAreLeftOut;
        this.saidThatSomeAreTooLarge = exports.saidThatSomeAreTooLarge;
    }

    @Override
    public Exports as(FileUser user) {
        return new Exports(this, user);
    }

    Exports(Volume volume, boolean readOnly, int sectorSize, int entriesMax) {
        this.volume = volume;
        this.opening = new DiskOpening(volume, readOnly || volume.info().readOnly(), sectorSize);
        this.entriesMax = entriesMax;
        this.saidThatSomeAreLeftOut = new AtomicBoolean();
        this.saidThatSomeAreTooLarge = new AtomicBoolean();
    }

    /** {@inheritDoc} The files of a directory come in byte order, and before the files of its subdirectories. */
    @Override
    public void list(@Nullable X509Certificate certificate, Names names) throws ExportException, IOException {
        walk(path -> {
            if (!Text.fits(path)) {
                sayThatSomeAreLeftOut(path);
            } else if (isTooLarge(path)) {
                sayThatSomeAreTooLarge(path);
            } else {
                names.name(path);
            }
            return true;
        });
    }

    /** Returns why the file at a path cannot be served under any settings, if it cannot. */
    public Optional<String> whyNot(String path) {
        if (!Text.fits(path)) {
            return Optional.of("NBD has at most " + Wire.STRING_MAX + " bytes for a name: give it a shorter path");
        }
        return isTooLarge(path) ? Optional.of("NBD clients take at most 2^63 - 1 bytes") : Optional.empty();
    }

    private boolean isTooLarge(String path) {
        try {
            return volume.status("/" + path).size() < 0;
        } catch (HoldfastException e) {
            // List it: a client that asks for it is told what is wrong.
            return false;
        }
    }

    private void sayThatSomeAreTooLarge(String path) {
        if (saidThatSomeAreTooLarge.compareAndSet(false, true)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the list of exports leaves out files of more than 2^63 - 1 bytes, which NBD clients do not take;"
                            + " make them smaller; the first of them is /{0}",
                    path);
        }
    }

    private void sayThatSomeAreLeftOut(String path) {
        if (saidThatSomeAreLeftOut.compareAndSet(false, true)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the list of exports leaves out files whose path is longer than " + Wire.STRING_MAX
                            + " bytes, the limit of NBD; give them a shorter path; the first of them has "
                            + Text.bytes(path) + " bytes: /"
                            + path.substring(0, 60) + "…");
        }
    }

    @Override
    public Export open(@Nullable X509Certificate certificate, String name) throws ExportException {
        try {
            String path = name.isEmpty()
                    ? onlyFile()
                    : VolumePath.parse(name).ofFile().substring(1);
            return opening.open("/" + path, path, false, ExportUse.FREE);
        } catch (HoldfastException e) {
            throw DiskOpening.failure(name, e);
        }
    }

    private String onlyFile() throws ExportException {
        List<String> names = new ArrayList<>();
        try {
            walk(path -> {
                names.add(path);
                return names.size() < 2;
            });
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        if (names.size() == 1) {
            return names.getFirst();
        }
        String why = names.isEmpty() ? "has no file" : "has several files";
        throw new ExportException(
                OptionReply.ERR_UNKNOWN, "the volume " + why + ", so there is no default export; give a path");
    }

    /** Receives the path of a regular file, and returns whether to go on. */
    private interface Visitor {
        boolean file(String path) throws IOException;
    }

    private void walk(Visitor visitor) throws ExportException, IOException {
        Deque<String> directories = new ArrayDeque<>(List.of(""));
        long pendingChars = 0;
        int entries = 0;
        while (!directories.isEmpty()) {
            String directory = directories.removeFirst();
            pendingChars -= directory.length();
            DirectoryCursor cursor = DirectoryCursor.of(volume, "/" + directory);
            for (Optional<DirectoryEntry> next = next(cursor, directory);
                    next.isPresent();
                    next = next(cursor, directory)) {
                DirectoryEntry entry = next.get();
                if (++entries > entriesMax || pendingChars > PENDING_CHARS_MAX) {
                    throw new ExportException(
                            OptionReply.ERR_TOO_BIG,
                            "the volume has more than " + entriesMax
                                    + " names, or very long ones, and is not listed; give a path");
                }
                switch (entry.kind()) {
                    case REGULAR -> {
                        if (!visitor.file(directory + entry.name())) {
                            return;
                        }
                    }
                    case DIRECTORY -> {
                        String path = directory + entry.name() + "/";
                        pendingChars += path.length();
                        directories.addLast(path);
                    }
                    case SYMLINK -> {}
                }
            }
        }
    }

    private static Optional<DirectoryEntry> next(DirectoryCursor cursor, String directory) throws ExportException {
        try {
            return cursor.next();
        } catch (HoldfastException e) {
            throw new ExportException(OptionReply.ERR_POLICY, "cannot list /" + directory + ": " + e.getMessage());
        }
    }
}
