package io.holdfast.cli.serve;

/** Gets the program's own files ready, so that it can go on when no file can be opened. */
final class ClassPath {
    private ClassPath() {}

    /**
     * Opens every jar of the class path. The class loader opens each when it first looks into it, and forgets for ever
     * one that could not be opened: with all descriptors in use a class that is loaded then would be missing until the end
     * of the process. Looking for what does not exist looks into all of them.
     */
    static void openAll() {
        ClassLoader loader = ClassPath.class.getClassLoader();
        if (loader != null) {
            var _ = loader.getResource("io/holdfast/there-is-no-such-file");
        }
    }
}
