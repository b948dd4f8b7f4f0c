package io.holdfast.volume;

import java.util.List;

/**
 * Keeps other users from opening files, and everybody else from changing the files' names, until it is closed. Made by
 * {@link VolumeFiles#claim} and {@link VolumeFiles#claimSize}. The owner makes its change meanwhile.
 */
public interface FileClaim extends AutoCloseable {
    /**
     * A user whose connection was ended for a claim.
     *
     * @param user what {@link FileUser#description} returned
     * @param path of a file that the user had open; words for messages if the path is not known
     */
    record CutOff(String user, String path) {}

    /** Returns the users that were cut off for this claim, each once for each file. */
    List<CutOff> cutOff();

    /** Ends the claim. Closing twice is harmless. */
    @Override
    void close();
}
