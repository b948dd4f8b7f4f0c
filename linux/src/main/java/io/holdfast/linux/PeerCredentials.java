package io.holdfast.linux;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Which process connected to a unix socket, by the word of the system at that moment ({@code SO_PEERCRED}). Java tells the names
 * of user and group alone.
 *
 * <p>A channel does not tell its descriptor either. So {@link #of} sets the size of the channel's receive buffer, which means nothing
 * to a unix socket, to a number that no other socket has, looks which descriptor has that number, and sets it back.
 *
 * @param pid number of the process; 0 if it is in a namespace that this process does not see
 */
public record PeerCredentials(int pid, int uid, int gid) {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final int MARK_FIRST = 9001;
    private static final int MARKS = 4096;
    private static final AtomicInteger NEXT = new AtomicInteger();

    /**
     * Returns the credentials of the peer.
     *
     * @return empty if the system cannot be called, or does not say
     * @throws IOException if the socket is closed or none of unix
     */
    public static Optional<PeerCredentials> of(SocketChannel socket) throws IOException {
        return Native.call(() -> find(socket)).flatMap(found -> found);
    }

    private static Optional<PeerCredentials> find(SocketChannel socket) throws IOException {
        int before = socket.getOption(StandardSocketOptions.SO_RCVBUF);
        int mark = MARK_FIRST + Math.floorMod(NEXT.getAndIncrement(), MARKS);
        List<Integer> marked;
        try {
            socket.setOption(StandardSocketOptions.SO_RCVBUF, mark);
            // The system keeps twice the size that it is given.
            marked = descriptors().stream()
                    .filter(descriptor -> isMarked(descriptor, 2 * mark))
                    .toList();
        } finally {
            socket.setOption(StandardSocketOptions.SO_RCVBUF, before);
        }
        if (marked.size() != 1) {
            return Optional.empty();
        }
        int[] peer = NativeSockets.peer(marked.getFirst());
        return Optional.of(new PeerCredentials(peer[0], peer[1], peer[2]));
    }

    private static List<Integer> descriptors() throws IOException {
        try (Stream<Path> all = Files.list(DESCRIPTORS)) {
            return all.map(path -> Integer.valueOf(path.getFileName().toString()))
                    .toList();
        }
    }

    private static boolean isMarked(int descriptor, int mark) {
        try {
            return NativeSockets.receiveBuffer(descriptor) == mark;
        } catch (SystemCallException e) {
            return false; // No socket.
        }
    }
}
