package io.holdfast.cli.image;

import io.holdfast.cli.text.Sizes;
import io.holdfast.error.HoldfastException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a VMDK: at a description in a file of its own, whose extents are files beside it, or at an extent that has its description
 * within. A description may name a parent and extents anywhere. Extents are taken only if they are regular files in the folder of
 * the description, no links, and no descriptions themselves. They must belong to the owner of the description and be named after it: a
 * description may come from somebody who may not read what else is in that folder.
 */
final class Vmdk {
    private static final int SECTOR = 512;
    private static final int DESCRIPTION_BYTES_MAX = 1 << 20;
    /** Where QEMU looks for a parent, whatever the header says of the description's place, and how far. */
    private static final int PARENT_AT = 0x200;

    private static final int PARENT_BYTES = 20 * SECTOR;

    private static final Pattern ASSIGNMENT = Pattern.compile("\\s*([\\w.]+)\\s*=\\s*(.*?)\\s*");
    private static final Pattern EXTENT = Pattern.compile(
            "\\s*(RW|RDONLY|NOACCESS)\\s+(\\d{1,15})\\s+(\\w{1,15})\\s*(?:\"([^\"]*)\"\\s*(\\d{1,15})?.*)?");

    private final Path path;
    private final ImageFile file;
    private final ImageParts parts;

    /**
     * Looks at a VMDK.
     *
     * @param path of the file, whose folder has the extents
     * @param parts takes the extents
     */
    Vmdk(Path path, ImageFile file, ImageParts parts) {
        this.path = path;
        this.file = file;
        this.parts = parts;
    }

    /** Fails if the image leads to files elsewhere or is not whole. */
    void require() throws IOException {
        ByteBuffer head = file.bytes(0, (int) Math.min(SECTOR, file.size()), ByteOrder.LITTLE_ENDIAN, "its header");
        if (head.limit() > 0 && head.get(0) == '#') {
            if (file.size() > DESCRIPTION_BYTES_MAX) {
                throw file.broken("its description is longer than 1 MiB");
            }
            description(text(0, (int) file.size()), true);
            return;
        }
        if (head.get(0) != 'K') {
            throw Refusal.invalid(
                    file.name() + " is VMDK of the old form COWD, of which import cannot tell whether it is whole. "
                            + Refusal.flatten(file.name(), ImageFormat.VMDK));
        }
        VmdkExtent extent = VmdkExtent.open(file);
        if (extent.descriptionBytes() == 0) {
            throw Refusal.invalid(file.name() + " is one part of a VMDK; import the file that describes all parts,"
                    + " a text beside it that begins with '# Disk DescriptorFile'");
        }
        if (extent.descriptionBytes() > DESCRIPTION_BYTES_MAX) {
            throw file.broken("its description is longer than 1 MiB");
        }
        // The extent that this description names is the file itself. QEMU does not open it by that name.
        description(text(extent.descriptionAt(), (int) extent.descriptionBytes()), false);
        if (namesParent(text(PARENT_AT, (int) Math.min(PARENT_BYTES, file.size() - PARENT_AT)))) {
            throw Refusal.backed(file.name(), ImageFormat.VMDK);
        }
        extent.requireWhole();
    }

    /** Reads text up to its end or a zero. */
    private String text(long at, int length) throws IOException {
        String text = StandardCharsets.ISO_8859_1
                .decode(file.bytes(at, length, ByteOrder.LITTLE_ENDIAN, "its description"))
                .toString();
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    private static boolean namesParent(String text) {
        return text.toLowerCase(Locale.ROOT).contains("parentfilenamehint");
    }

    /** Checks a description; with {@code extents} also the files that it names. */
    private void description(String text, boolean extents) throws IOException {
        if (namesParent(text)) {
            throw Refusal.backed(file.name(), ImageFormat.VMDK);
        }
        for (String line : text.split("[\r\n]+", -1)) {
            Matcher assignment = ASSIGNMENT.matcher(line);
            Matcher extent = EXTENT.matcher(line);
            if (assignment.matches()) {
                if (assignment.group(1).equalsIgnoreCase("parentCID")
                        && !assignment.group(2).equalsIgnoreCase("ffffffff")) {
                    throw Refusal.backed(file.name(), ImageFormat.VMDK);
                }
            } else if (extents && extent.matches()) {
                if (extent.group(4) != null) {
                    extent(extent);
                }
            } else if (extents && line.indexOf('"') >= 0 && !line.stripLeading().startsWith("#")) {
                throw file.broken("its description has a line that makes no sense: " + line);
            }
        }
    }

    private void extent(Matcher line) throws IOException {
        String extent = new String(line.group(4).getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        Path beside = path.toAbsolutePath().getParent();
        boolean plain = !extent.isEmpty() && extent.chars().noneMatch(c -> c == '/' || c == ':' || c < ' ');
        if (!plain || beside == null || extent.equals(".") || extent.equals("..")) {
            throw another(extent, "which is not beside it");
        }
        Path there = beside.resolve(extent);
        FileState state = state(there);
        if (state == null || !state.isRegular()) {
            throw file.broken("its data is in '" + extent + "', and beside it is no file of that name");
        }
        if (!isNamedAfter(extent)) {
            throw another(extent, "which is not named after it");
        }
        if (state.owner() != FileState.of(path).owner()) {
            throw another(extent, "which belongs to another user");
        }
        parts.add(there, state);
        try (ImageFile data = ImageFile.open(there, file.name(), ImageFormat.VMDK)) {
            extent(line, extent, data);
        }
    }

    private static @Nullable FileState state(Path there) throws IOException {
        try {
            return FileState.of(there, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException missing) {
            return null;
        }
    }

    /** Returns whether a name is that of the description up to its last dot, and then goes on with something that ends a word. */
    private boolean isNamedAfter(String extent) {
        String whole = String.valueOf(path.getFileName());
        int dot = whole.lastIndexOf('.');
        String stem = dot > 0 ? whole.substring(0, dot) : whole;
        return extent.startsWith(stem)
                && extent.length() > stem.length()
                && !Character.isLetterOrDigit(extent.charAt(stem.length()));
    }

    private HoldfastException another(String extent, String why) {
        return Refusal.needsOthers(
                file.name(),
                "is VMDK whose data is in '" + extent + "', " + why,
                Refusal.flatten(file.name(), ImageFormat.VMDK));
    }

    private void extent(Matcher line, String extent, ImageFile data) throws IOException {
        switch (line.group(3)) {
            case "FLAT", "VMFS" -> {
                long sectors = Long.parseLong(line.group(2));
                long from = line.group(5) == null ? 0 : Long.parseLong(line.group(5));
                if (from > data.size() / SECTOR - sectors) {
                    throw file.broken("'" + extent + "' has only " + Sizes.exact(data.size()) + " of its data");
                }
            }
            case "SPARSE" -> VmdkExtent.open(data).requireWhole();
            default ->
                throw Refusal.invalid(file.name() + " is VMDK with '" + extent + "' of the kind " + line.group(3)
                        + ", of which import cannot tell whether it is whole. "
                        + Refusal.flatten(file.name(), ImageFormat.VMDK));
        }
    }
}
