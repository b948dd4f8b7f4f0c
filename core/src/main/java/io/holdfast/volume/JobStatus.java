package io.holdfast.volume;

/**
 * A job as it is now.
 *
 * @param id names it as long as the volume is open; at least 1
 * @param subject what it is about, a few words
 * @param doneBytes how far it is
 * @param totalBytes of how much; 0 if that is not known
 * @param movedBytes what it has read and written so far; what is read twice counts twice
 * @param rate bytes per second that it may move now; 0 if nothing bounds it
 * @param limit bytes per second that it may move at most, as somebody has set it; 0 if nobody has
 * @param nanos since it began
 */
public record JobStatus(
        long id,
        JobKind kind,
        String subject,
        JobState state,
        long doneBytes,
        long totalBytes,
        long movedBytes,
        long rate,
        long limit,
        long nanos) {
    /** Returns how far it is in percent, 0 to 100; -1 if that is not known. */
    public int percent() {
        return totalBytes == 0 ? -1 : (int) (100.0 * Math.min(doneBytes, totalBytes) / totalBytes);
    }
}
