package io.holdfast.cli.command;

import java.util.LinkedHashMap;
import java.util.Map;

/** An example of each command, with which its help ends. A volume is called {@value #VOLUME} in all of them. */
public final class Examples {
    /** The volume of the examples. */
    public static final String VOLUME = "vms.holdfast";

    /** What stands before an example in a help. */
    public static final String LABEL = "Example: ";

    private static final Map<String, String> ARGUMENTS = arguments();

    private Examples() {}

    private static Map<String, String> arguments() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("format", "vms.holdfast --size 200G");
        all.put("create", "vms.holdfast /debian.img --size 20G");
        all.put("mkdir", "-p vms.holdfast /vms/web");
        all.put("ls", "-lh vms.holdfast");
        all.put("du", "-sh vms.holdfast /vms");
        all.put("stat", "vms.holdfast /debian.img");
        all.put("cp", "vms.holdfast /debian.img /debian-copy.img");
        all.put("mv", "vms.holdfast /debian.img /vms/");
        all.put("rm", "-r vms.holdfast /vms/old");
        all.put("resize", "vms.holdfast /debian.img --size 40G");
        all.put("import", "debian.raw vms.holdfast /debian.img");
        all.put("export", "vms.holdfast /debian.img debian.raw");
        all.put("serve", "vms.holdfast --nbd unix:/run/holdfast/vms.nbd");
        all.put("check", "vms.holdfast --rate 200M");
        all.put("jobs", "vms.holdfast rate 4 200M");
        all.put("top", "vms.holdfast");
        all.put("clients", "vms.holdfast");
        all.put("disconnect", "vms.holdfast 7");
        all.put("rescue", "vms.holdfast /srv/rescued");
        all.put("df", "-h vms.holdfast");
        all.put("info", "vms.holdfast");
        all.put("grow", "vms.holdfast --size 400G");
        all.put("trim", "vms.holdfast");
        all.put("resume", "vms.holdfast --accept /debian.img");
        all.put("demo", "--rounds 5 --dir /var/tmp");
        return all;
    }

    /** Returns an example as a user types it; for a command that the help does not show, its name alone. */
    public static String of(String command) {
        return ("holdfast " + command + " " + ARGUMENTS.getOrDefault(command, "")).strip();
    }
}
