package io.holdfast.cli.command;

import io.holdfast.cli.text.Json;
import io.holdfast.cli.text.Names;
import io.holdfast.volume.FileClaim;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reports the users that a command has cut off. It prints a line for each as soon as that has happened, since the
 * command may fail later. With {@code --json} they are a member of the result instead.
 */
final class CutOffs {
    static final String MEMBER = "cut_off";

    private final List<Map<String, Object>> users = new ArrayList<>();
    private final PrintStream out;
    private final boolean json;

    CutOffs(PrintStream out, boolean json) {
        this.out = out;
        this.json = json;
    }

    void tell(FileClaim claim) {
        for (FileClaim.CutOff user : claim.cutOff()) {
            users.add(Json.object("user", user.user(), "path", user.path()));
            if (!json) {
                out.println(Names.printable("cut off " + user.user() + ", which had " + user.path() + " open"));
            }
        }
    }

    /** Returns an object for each, with {@code user} and {@code path}. */
    List<Map<String, Object>> json() {
        return users;
    }
}
