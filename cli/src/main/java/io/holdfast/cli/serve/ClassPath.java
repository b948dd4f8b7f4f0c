package io.holdfast.cli.serve;

/** Opens the program's own files early, so that it can go on when no file can be opened. */
final class ClassPath {
    private ClassPath() {}

    /**
     * Opens every jar of the class path. The class loader opens a jar when it first searches it, and never tries again
     * if that fails. So a class that is first needed while no descriptor is free would be missing for the rest of the
     * process. A search for a resource that does not exist opens all jars.
     */
    static void openAll() {
        ClassLoader loader = ClassPath.class.getClassLoader();
        if (loader != null) {
            var _ = loader.getResource("io/holdfast/there-is-no-such-file");
        }
    }
}
