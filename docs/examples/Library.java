import io.holdfast.engine.Volumes;
import io.holdfast.volume.CreateOptions;
import io.holdfast.volume.FormatOptions;
import io.holdfast.volume.OpenOptions;
import io.holdfast.volume.StoredFile;
import io.holdfast.volume.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Makes a volume, writes a file in it, and reads the file back from a volume that was opened again. Argument: where the volume is to be.
 *
 * <p>{@code io.holdfast:holdfast-core} is all that this needs, and the virtual machine warns of nothing. With {@code
 * io.holdfast:holdfast-linux} on the class path, too, the engine uses io_uring. That calls the C library, and the virtual
 * machine prints four lines of warning, unless native access is allowed: with {@code
 * --enable-native-access=ALL-UNNAMED} on the command line, or with the line {@code Enable-Native-Access: ALL-UNNAMED} in the
 * manifest of the program's own jar, if it is started with {@code java -jar}.
 */
public final class Library {
    private Library() {}

    public static void main(String[] args) throws IOException {
        Path path = Path.of(args[0]);
        Volumes.format(path, FormatOptions.ofSize(64 << 20));
        byte[] text = "what was flushed stays".getBytes(StandardCharsets.UTF_8);
        try (Volume volume = Volumes.open(path, OpenOptions.readWrite().withMemory(16 << 20))) {
            volume.mkdir("/notes", CreateOptions.directory());
            try (StoredFile file = volume.create("/notes/first", CreateOptions.file())) {
                file.write(0, ByteBuffer.wrap(text));
                // From here on a crash, or a loss of power, takes nothing of it.
                file.flush();
            }
        }
        try (Volume volume = Volumes.open(path, OpenOptions.reading().withMemory(16 << 20));
                StoredFile file = volume.open("/notes/first")) {
            ByteBuffer read = ByteBuffer.allocate(text.length);
            file.read(0, read);
            System.out.println(new String(read.array(), StandardCharsets.UTF_8));
            System.out.println("served from memory or disk, each block was verified: "
                    + volume.counters().checksumErrors() + " checksum errors");
        }
    }
}
