package io.holdfast.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Asks Linux which process has a file locked. {@code /proc/locks} has a line for each lock:
 *
 * <pre>
 * 1: POSIX  ADVISORY  WRITE 1234 fd:01:131 0 EOF
 *                           pid  device:inode, with major and minor in hexadecimal
 * </pre>
 *
 * <p>The answer is for a message only. It is empty on other systems. It is also empty if a file shows another device
 * number than its file system has (btrfs, overlayfs).
 */
final class LockHolder {
    private static final Path LOCKS = Path.of("/proc/locks");
    private static final int PID_FIELD = 4;
    private static final int INODE_FIELD = 5;

    private LockHolder() {}

    static OptionalLong of(Path file) {
        try {
            Map<String, Object> attributes = Files.readAttributes(file, "unix:dev,ino");
            if (!Files.isReadable(LOCKS)
                    || !(attributes.get("dev") instanceof Long device)
                    || !(attributes.get("ino") instanceof Long inode)) {
                return OptionalLong.empty();
            }
            BlockDeviceNumber number = BlockDeviceNumber.decode(device);
            String wanted = "%02x:%02x:%d".formatted(number.major(), number.minor(), inode);
            for (String line : Files.readAllLines(LOCKS)) {
                String pid = pidIn(line, wanted);
                if (pid != null) {
                    return OptionalLong.of(Long.parseLong(pid));
                }
            }
            return OptionalLong.empty();
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException _) {
            return OptionalLong.empty();
        }
    }

    /**
     * Returns the pid in a line about a lock that is held on this inode, or null for another line. The line of a
     * process that waits for the lock has {@code ->} in it.
     */
    private static @Nullable String pidIn(String line, String inode) {
        String[] fields = line.strip().split("\\s+", -1);
        boolean held = fields.length > INODE_FIELD
                && fields[INODE_FIELD].equals(inode)
                && !fields[PID_FIELD].startsWith("-")
                && !fields[PID_FIELD].equals("0");
        return held ? fields[PID_FIELD] : null;
    }
}
