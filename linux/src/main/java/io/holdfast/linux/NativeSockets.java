package io.holdfast.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** System calls on sockets, for what Java's own sockets cannot do. All numbers are the same on every Linux with a 64-bit JVM. */
final class NativeSockets {
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;

    /** The longest address of any family: {@code sockaddr_storage}. */
    static final int ADDRESS_BYTES_MAX = 128;

    /** Where the path begins in {@code sockaddr_un}. */
    static final int UNIX_PATH_OFFSET = 2;

    /** Bytes of {@code sun_path}. */
    static final int UNIX_PATH_BYTES_MAX = 108;

    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_TYPE = 3;
    private static final int SO_RCVBUF = 8;
    private static final int SO_PEERCRED = 17;
    private static final int SO_ACCEPTCONN = 30;
    private static final int F_SETFD = 2;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int FD_CLOEXEC = 1;
    private static final int O_NONBLOCK = 0x800;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_DONTWAIT = 0x40;

    private static final MethodHandle SOCKET = function("socket");
    private static final MethodHandle SENDTO = function("sendto");
    private static final MethodHandle GETSOCKNAME = function("getsockname");
    private static final MethodHandle GETSOCKOPT = function("getsockopt");
    private static final MethodHandle FCNTL = function("fcntl");
    private static final MethodHandle DUP3 = function("dup3");

    private NativeSockets() {}

    private static MethodHandle function(String name) {
        return NativeSyscalls.handle(name, NativeSyscalls.FUNCTION, NativeSyscalls.ERRNO);
    }

    /** Makes a socket for datagrams to unix sockets; returns its descriptor. */
    static int datagramSocket() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            return (int) checked(SOCKET, arena, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0);
        }
    }

    /**
     * Sends a datagram and does not wait: the system refuses it if the receiver's queue is full.
     *
     * @param path the receiver's, as in {@code sun_path}: it begins with NUL if it is abstract
     */
    static void send(int socket, byte[] path, byte[] message) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            // A path in the file system ends with NUL; an abstract one has exactly its length.
            int length = UNIX_PATH_OFFSET + path.length + (path[0] == 0 ? 0 : 1);
            MemorySegment address = arena.allocate(ADDRESS_BYTES_MAX, Long.BYTES);
            address.set(JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(path, 0, address, JAVA_BYTE, UNIX_PATH_OFFSET, path.length);
            MemorySegment bytes = arena.allocateFrom(JAVA_BYTE, message);
            checked(
                    SENDTO,
                    arena,
                    socket,
                    bytes.address(),
                    message.length,
                    MSG_NOSIGNAL | MSG_DONTWAIT,
                    address.address(),
                    length);
        }
    }

    /** Returns the local address of a socket as the system has it: the family, in 16 bits, and what follows. */
    static byte[] name(int socket) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES_MAX, Long.BYTES);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, ADDRESS_BYTES_MAX);
            checked(GETSOCKNAME, arena, socket, address.address(), length.address(), 0, 0, 0);
            int bytes = Math.clamp(length.get(JAVA_INT, 0), 0, ADDRESS_BYTES_MAX);
            return address.asSlice(0, bytes).toArray(JAVA_BYTE);
        }
    }

    /** Returns whether the descriptor is a stream socket that listens. */
    static boolean listens(int descriptor) throws SystemCallException {
        return option(descriptor, SO_TYPE) == SOCK_STREAM && option(descriptor, SO_ACCEPTCONN) != 0;
    }

    /** Returns how many bytes a socket may have received and not read, as the system counts them. */
    static int receiveBuffer(int socket) throws SystemCallException {
        return option(socket, SO_RCVBUF);
    }

    /** Returns process, user and group of the peer of a unix socket: {@code struct ucred}. */
    static int[] peer(int socket) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT, 3);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, (int) value.byteSize());
            checked(GETSOCKOPT, arena, socket, SOL_SOCKET, SO_PEERCRED, value.address(), length.address(), 0);
            return value.toArray(JAVA_INT);
        }
    }

    private static int option(int socket, int option) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, Integer.BYTES);
            checked(GETSOCKOPT, arena, socket, SOL_SOCKET, option, value.address(), length.address(), 0);
            return value.get(JAVA_INT, 0);
        }
    }

    /** Has calls on the socket wait, and keeps the descriptor from programs that this process starts. */
    static void adopt(int socket) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            checked(FCNTL, arena, socket, F_SETFD, FD_CLOEXEC, 0, 0, 0);
            long flags = checked(FCNTL, arena, socket, F_GETFL, 0, 0, 0, 0);
            checked(FCNTL, arena, socket, F_SETFL, flags & ~O_NONBLOCK, 0, 0, 0);
        }
    }

    /** Makes {@code to}, which is open, another descriptor of what {@code from} leads to. */
    static void duplicate(int from, int to) throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            checked(DUP3, arena, from, to, SOCK_CLOEXEC, 0, 0, 0);
        }
    }

    private static long checked(MethodHandle function, Arena arena, long a, long b, long c, long d, long e, long f)
            throws SystemCallException {
        MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
        // The functions here return an int, which is what the lower half of the register has.
        int result = (int) NativeSyscalls.call(function, state, a, b, c, d, e, f);
        if (result < 0) {
            throw NativeSyscalls.INSTANCE.failure(NativeSyscalls.errno(state));
        }
        return result;
    }
}
