package io.holdfast.nbd;

/**
 * Counts since the server started.
 *
 * @param connections open now
 * @param connectionsAccepted of all time, the open ones included
 * @param connectionsRefused because the limit was reached
 * @param requests of the transmission phase, answered
 * @param errors of these, answered with an error
 * @param bytesRead what clients have read, holes included
 * @param bytesWritten payload received from clients and written
 */
public record NbdCounters(
        int connections,
        long connectionsAccepted,
        long connectionsRefused,
        long requests,
        long errors,
        long bytesRead,
        long bytesWritten) {}
