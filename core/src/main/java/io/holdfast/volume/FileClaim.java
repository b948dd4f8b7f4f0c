package io.holdfast.volume;

import java.util.List;

/**
 * Keeps users of files out, and other changes of their names, until it is closed: {@link VolumeFiles#claim}. Its owner does
 * meanwhile what it wants to do.
 */
public interface FileClaim extends AutoCloseable {
    /**
     * Somebody whose connection was ended for a claim.
     *
     * @param user as {@link FileUser#description} says
     * @param path of what it had open
     */
    record CutOff(String user, String path) {}

    /** Returns who was cut off for this claim: each user once for each file. */
    List<CutOff> cutOff();

    /** Gives the files free. Closing twice is harmless. */
    @Override
    void close();
}
