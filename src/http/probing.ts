/**
 * TCP keep-alive (RFC 9293 §3.8.4) of clients and upstreams: a peer whose machine or network is gone sends nothing that
 * would end a connection on which nobody owes anything, such as one that waits for a slow answer, or a quiet tunnel.
 */

/** Milliseconds without a byte until a peer is asked whether it is there; how often it is asked then is the system's. */
export const keepAliveDelay = 60_000;
