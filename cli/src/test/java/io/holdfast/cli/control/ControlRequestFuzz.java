package io.holdfast.cli.control;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.fuzz.FuzzTarget;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The requests of the control socket: each line of the input goes as JSON into a frame of its own, with some data. */
public final class ControlRequestFuzz implements FuzzTarget {
    private static final int DATA_BYTES = 5000;
    private static final int REQUESTS_MAX = 40;

    private final FuzzPeer peer = new FuzzPeer();

    public ControlRequestFuzz() throws Exception {}

    @Override
    public void run(byte[] input) throws Exception {
        // Decode one character a byte, so that no byte is lost.
        List<String> lines =
                new String(input, ISO_8859_1).lines().limit(REQUESTS_MAX).toList();
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        for (String line : lines) {
            byte[] json = line.getBytes(ISO_8859_1);
            messages(json);
            frames.writeBytes(ControlFrameFuzz.frame(json, DATA_BYTES));
        }
        int answers = peer.serve(frames.toByteArray());
        assertThat(answers).isIn(0, lines.size());
    }

    /** A message that is accepted is equal after writing and reading it again. */
    private static void messages(byte[] json) throws FrameException {
        Request request;
        try {
            request = Codec.request(json);
        } catch (FrameException e) {
            request = null;
        }
        if (request != null) {
            assertThat(Codec.request(Codec.bytes(request))).isEqualTo(request);
        }
        Reply reply;
        try {
            reply = Codec.reply(json);
        } catch (FrameException e) {
            return;
        }
        assertThat(Codec.reply(Codec.bytes(reply))).isEqualTo(reply);
    }

    @Override
    public long allocationMax() {
        return 64L << 20;
    }

    @Override
    public int shortRunInputs() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(lines("""
                        {"op":"info"}
                        {"op":"host"}
                        {"op":"usage"}
                        {"op":"counters"}
                        {"op":"recovery"}
                        {"op":"failure"}
                        {"op":"sync"}
                        {"op":"checkpoint"}
                        {"op":"grow","bytes":99999744}
                        {"op":"grow","bytes":1}
                        {"op":"resume"}
                        {"op":"accept_loss","path":"/disk.img"}
                        {"op":"check"}
                        {"op":"check_part","metadata_only":true,"files":["/disk.img"],"rate":4096}
                        {"op":"check_part","metadata_only":false,"files":[],"rate":-1}
                        {"op":"last_check"}
                        {"op":"jobs"}
                        {"op":"pause_job","job":1}
                        {"op":"resume_job","job":1}
                        {"op":"limit_job","job":1,"rate":0}
                        {"op":"cancel_job","job":1}
                        """), lines("""
                        {"op":"status","path":"/vm/disk"}
                        {"op":"mkdir","path":"/d","options":{"size":0,"checksummed":true,"mode":493,"uid":0,"gid":0}}
                        {"op":"symlink","path":"/d/l","target":"/vm"}
                        {"op":"read_link","path":"/d/l"}
                        {"op":"link","existing":"/vm/disk","added":"/d/h"}
                        {"op":"set_attributes","path":"/d","mode":7,"uid":1,"gid":2,"access_time":"2026-01-01T00:00:00Z"}
                        {"op":"list","path":"/","after":"","limit":9}
                        {"op":"rename","from":"/d/h","to":"/h"}
                        {"op":"remove","path":"/h"}
                        {"op":"set_xattr","path":"/d","name":"user.b"}
                        {"op":"get_xattr","path":"/vm/disk","name":"user.a"}
                        {"op":"list_xattrs","path":"/vm/disk"}
                        {"op":"remove_xattr","path":"/vm/disk","name":"user.a"}
                        """), lines("""
                        {"op":"create","path":"/n","options":{"size":9,"checksummed":false,"mode":420,"uid":0,"gid":0}}
                        {"op":"open","path":"/vm/disk"}
                        {"op":"file_size","handle":2}
                        {"op":"file_status","handle":2}
                        {"op":"read","handle":2,"offset":0,"length":9000,"flags":["NOWAIT"]}
                        {"op":"write","handle":2,"offset":100,"flags":["FUA"]}
                        {"op":"write","handle":1,"offset":-1,"flags":[]}
                        {"op":"flush","handle":2}
                        {"op":"allocate","handle":2,"offset":0,"length":100000}
                        {"op":"punch","handle":2,"offset":5,"length":50000}
                        {"op":"zero","handle":1,"offset":0,"length":5}
                        {"op":"map","handle":2,"offset":0,"length":1000000,"max_extents":5}
                        {"op":"truncate","handle":2,"size":70}
                        {"op":"close","handle":2}
                        """), lines("""
                        {"op":"lookup","directory":1,"name":"vm"}
                        {"op":"inode_status","inode":2}
                        {"op":"inode_parent","directory":2}
                        {"op":"inode_set_attributes","inode":2,"mode":7,"uid":1,"access_time":"2026-01-01T00:00:00Z"}
                        {"op":"inode_list","directory":1,"after":"","limit":9}
                        {"op":"inode_create","directory":1,"name":"n","options":{"size":9,"checksummed":true,"mode":420,"uid":0,"gid":0}}
                        {"op":"inode_open","inode":3}
                        {"op":"inode_mkdir","directory":1,"name":"m","options":{"size":0,"checksummed":true,"mode":493,"uid":0,"gid":0}}
                        {"op":"inode_symlink","directory":1,"name":"s","target":"vm"}
                        {"op":"inode_read_link","inode":6}
                        {"op":"inode_link","inode":3,"directory":1,"name":"h"}
                        {"op":"inode_rename","from_directory":1,"from":"h","to_directory":2,"to":"k"}
                        {"op":"inode_set_xattr","inode":3,"name":"user.b"}
                        {"op":"inode_get_xattr","inode":3,"name":"user.b"}
                        {"op":"inode_list_xattrs","inode":3}
                        {"op":"inode_remove_xattr","inode":3,"name":"user.b"}
                        {"op":"inode_remove","directory":2,"name":"k"}
                        {"op":"flush_directory","directory":1}
                        {"op":"capacity"}
                        """), lines("""
                        {"reply":"result","value":{}}
                        {"reply":"error","code":"NO_SPACE","message":"full"}
                        {"reply":"progress","done":1,"total":2}
                        """));
    }

    private static byte[] lines(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
