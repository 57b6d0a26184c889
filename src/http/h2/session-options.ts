/**
 * The limits of an HTTP/2 connection, each against an attack that has a name: docs/limits.md is made from these. A client
 * that passes one loses its connection (GOAWAY) or its stream (RST_STREAM); nobody else notices.
 */
import type { ServerSessionOptions } from 'node:http2';
import type { EngineOptions } from '../engine.ts';
import { maxResponseHead } from '../h1/response-head.ts';

/** Requests under way at once on one connection. */
export const maxStreams = 100;
/** Bytes of a request's body that wait in a stream before the client must stop: times `maxStreams`, 6.25 MiB. */
export const streamWindow = 64 * 1024;
/** The same for all streams of a connection together; what arrives is counted as taken at once. */
export const connectionWindow = 1024 * 1024;
/** Megabytes that one connection may hold in headers, queues and buffers before new streams are refused. */
export const maxSessionMemory = 10;
/** Resets by the client: at once, and by the second from then on (rapid reset, CVE-2023-44487). */
export const resetBurst = 200;
export const resetRate = 33;
/** Frames that break the protocol without ending the connection (CVE-2019-9518, CVE-2025-8671). */
export const maxInvalidFrames = 100;
/** Streams refused as they are opened. */
export const maxRejectedStreams = 100;
/** Settings in one frame (CVE-2019-9515 sends many frames; those are counted as below). */
export const maxSettings = 32;
/** Our own PINGs that wait for an answer; we send none. */
export const maxOutstandingPings = 1;
/** PING and SETTINGS frames: at once, and by the second from then on (CVE-2019-9512, CVE-2019-9515). */
export const controlBurst = 200;
export const controlRate = 10;
/** Bytes of the table with which a client compresses its heads (HPACK). */
export const headerTable = 4_096;

/** Heads somewhat beyond the limits are still read, to be answered 431; further ones end their stream (HPACK bomb). */
export function sessionOptions({ limits }: EngineOptions): ServerSessionOptions {
	return {
		maxSessionMemory,
		maxSettings,
		maxOutstandingPings,
		maxHeaderListPairs: limits.headerCount * 2,
		maxSessionInvalidFrames: maxInvalidFrames,
		maxSessionRejectedStreams: maxRejectedStreams,
		streamResetBurst: resetBurst,
		streamResetRate: resetRate,
		maxSendHeaderBlockLength: maxResponseHead * 2,
		// A field that a backend repeats is repeated, as in HTTP/1.1.
		strictSingleValueFields: false,
		settings: {
			maxConcurrentStreams: maxStreams,
			initialWindowSize: streamWindow,
			headerTableSize: headerTable,
			maxHeaderListSize: (limits.headers + limits.headerCount * 32) * 2,
			enableConnectProtocol: false,
		},
	};
}
