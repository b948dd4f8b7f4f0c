package io.holdfast.cli.serve;

import io.holdfast.cli.UsageException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.util.Optional;

/** The groups of sockets, looked up before anything is served. */
final class Groups {
    private Groups() {}

    /**
     * Refuses a group that the machine does not have.
     *
     * @param option what names the group
     */
    static void require(Optional<String> group, String option) {
        if (group.isEmpty()) {
            return;
        }
        try {
            var _ = FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(group.get());
        } catch (IOException e) {
            throw new UsageException(option + ": there is no group '" + group.get() + "' on this machine");
        }
    }
}
