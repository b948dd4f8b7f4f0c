package io.holdfast.cli.service;

import io.holdfast.clients.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A socket for datagrams, as a service manager has it; a small program receives, since Java cannot. Skips the test without Python. */
final class Datagrams implements AutoCloseable {
    private static final String RECEIVE = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1].replace('@', chr(0)))
            print('bound', flush=True)
            while True:
                print(s.recv(65536).decode().replace(chr(10), ' | '), flush=True)
            """;

    private final Process process;
    private final BufferedReader lines;

    /** @param address as {@code NOTIFY_SOCKET} has it */
    Datagrams(Path folder, String address) throws IOException {
        Program.needs("python3");
        process = Program.builder(folder, "python3", "-c", RECEIVE, address).start();
        lines = process.inputReader();
        String bound = lines.readLine();
        if (!"bound".equals(bound)) {
            throw new IOException("not bound: " + bound);
        }
    }

    /** Returns the next datagram, its lines joined by bars. */
    String next() throws IOException {
        return lines.readLine();
    }

    /** Returns all datagrams up to the first with this text, which is the last one. */
    List<String> until(String text) throws IOException {
        List<String> all = new ArrayList<>();
        for (String next = next(); next != null; next = next()) {
            all.add(next);
            if (next.contains(text)) {
                return all;
            }
        }
        throw new AssertionError("the receiver ended after " + all);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
