package io.holdfast.bench.fio;

import java.nio.file.Path;
import java.util.List;

/** The file, disk or export that fio reads and writes. */
public sealed interface FioTarget {
    /** The options that name it. The engine must come first, since the other options depend on it. */
    List<String> arguments();

    /** Its name in an I/O log. */
    String logName();

    /** An export of an NBD server at a unix socket. */
    record Nbd(Path socket, String export) implements FioTarget {
        @Override
        public List<String> arguments() {
            return List.of("--ioengine=nbd", "--uri=nbd+unix:///%s?socket=%s".formatted(export, socket));
        }

        @Override
        public String logName() {
            return "nbd";
        }
    }

    /** A file or disk, with O_DIRECT. */
    record Direct(Path path, String engine) implements FioTarget {
        @Override
        public List<String> arguments() {
            return List.of("--ioengine=" + engine, "--filename=" + path, "--direct=1", "--allow_file_create=0");
        }

        @Override
        public String logName() {
            return path.toString();
        }
    }
}
