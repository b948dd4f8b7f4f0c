package io.holdfast.cli.real;

import io.holdfast.clients.Program;
import java.io.IOException;
import java.nio.file.Path;

/** What a test puts in the place of folders, the group, and the address that docs/RECIPES.md has. */
final class Places {
    private final Path folder;
    private final int port;
    private final String group;

    /** Sockets are in the folder, and certificates in {@code pki} below it. The group is one that only root can give. */
    Places(Path folder, int port) throws IOException {
        this.folder = folder;
        this.port = port;
        this.group = isRoot() ? "4711" : Program.run(folder, "id", "-g").strip();
    }

    static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    String group() {
        return group;
    }

    String in(String text) {
        return text.replace("/run/holdfast", folder.toString())
                .replace("/etc/pki/holdfast", folder + "/pki")
                .replace("/etc/pki/qemu", folder + "/pki")
                .replace("--socket-group kvm", "--socket-group " + group)
                .replace("0.0.0.0:10809", "127.0.0.1:" + port)
                .replace("10809", Integer.toString(port))
                .replace("storage.example", "localhost");
    }

    /** Returns the first block of a page behind a comment. */
    static String block(String page, String comment) {
        int begin = page.indexOf("\n", page.indexOf("```", page.indexOf("<!-- " + comment + " -->"))) + 1;
        return page.substring(begin, page.indexOf("\n```", begin));
    }
}
