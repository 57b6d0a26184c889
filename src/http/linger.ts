/**
 * How a connection ends on which somebody may still be sending: one destroyed under a client that still sends gives that
 * client a reset instead of its answer, so a little is read and dropped, for a little while.
 */

/** Bytes read of an unwanted body; then the client's own buffers fill. */
export const lingerBytes = 64 * 1024;

/** Milliseconds that a client has to read its answer and to stop sending. */
export const lingerTime = 1_000;
