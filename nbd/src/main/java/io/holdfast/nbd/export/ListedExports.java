package io.holdfast.nbd.export;

import io.holdfast.concurrent.Timing;
import io.holdfast.error.HoldfastException;
import io.holdfast.nbd.NbdExport;
import io.holdfast.nbd.protocol.OptionReply;
import io.holdfast.volume.FileUser;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The exports of a list, and none but these. A name may be given with a slash in front. The empty name stands for the only
 * export that the client may see.
 */
public final class ListedExports implements ExportTable {
    private final Volume volume;
    private final DiskOpening opening;
    private final List<Entry> entries;

    /** An export with what its connections share. */
    private record Entry(NbdExport export, ExportUse use) {
        boolean isFor(@Nullable X509Certificate certificate) {
            return export.clients().isEmpty()
                    || (certificate != null
                            && export.clients().stream().anyMatch(client -> client.matches(certificate)));
        }
    }

    public ListedExports(Volume volume, boolean readOnly, int sectorSize, List<NbdExport> exports, Timing timing) {
        this(
                volume,
                new DiskOpening(volume, readOnly || volume.info().readOnly(), sectorSize),
                exports.stream()
                        .map(export -> new Entry(export, new ExportUse(export.limits(), export.exclusive(), timing)))
                        .toList());
    }

    private ListedExports(Volume volume, DiskOpening opening, List<Entry> entries) {
        this.volume = volume;
        this.opening = opening;
        this.entries = entries;
    }

    @Override
    public ExportTable as(FileUser user) {
        return new ListedExports(volume, opening.as(volume.as(user)), entries);
    }

    @Override
    public void list(@Nullable X509Certificate certificate, Names names) throws IOException {
        for (Entry entry : entries) {
            if (entry.isFor(certificate)) {
                names.name(entry.export().name());
            }
        }
    }

    @Override
    public Export open(@Nullable X509Certificate certificate, String name) throws ExportException {
        Entry entry = find(certificate, name);
        NbdExport export = entry.export();
        try {
            return opening.open(export.path(), export.name(), export.readOnly(), entry.use());
        } catch (HoldfastException e) {
            throw DiskOpening.failureOfListed(name, e);
        }
    }

    private Entry find(@Nullable X509Certificate certificate, String name) throws ExportException {
        List<Entry> visible =
                entries.stream().filter(entry -> entry.isFor(certificate)).toList();
        if (name.isEmpty()) {
            if (visible.size() == 1) {
                return visible.getFirst();
            }
            throw new ExportException(OptionReply.ERR_UNKNOWN, "there is no default export here; give a name");
        }
        String canonical = name.startsWith("/") ? name.substring(1) : name;
        return visible.stream()
                .filter(entry -> entry.export().name().equals(canonical))
                .findFirst()
                .orElseThrow(
                        () -> new ExportException(OptionReply.ERR_UNKNOWN, "there is no export '" + name + "' here"));
    }
}
