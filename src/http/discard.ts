/**
 * What to do with the rest of a request body that nobody wants: read a little of it, wait a little, then give up. A
 * connection destroyed under a client that still sends gives that client a reset instead of its answer.
 */
import type { IncomingMessage } from 'node:http';

/** Bytes read of an unwanted body; then the client's own buffers fill. */
export const lingerBytes = 64 * 1024;
/** Milliseconds that a client has to read its answer and to stop sending. */
export const lingerTime = 1_000;

/** Calls `done` exactly once: with true when the body came to its end, with false when time ran out or the client left. */
export function discardBody(request: IncomingMessage, done: (complete: boolean) => void): void {
	if (request.readableEnded || request.destroyed) {
		done(request.complete);
		return;
	}
	let read = 0;
	const onData = (chunk: Buffer): void => {
		read += chunk.length;
		if (read > lingerBytes) request.pause();
	};
	const finish = (): void => {
		clearTimeout(timer);
		request.off('data', onData).off('end', finish).off('close', finish);
		done(request.complete);
	};
	const timer = setTimeout(finish, lingerTime);
	request.on('data', onData).on('end', finish).on('close', finish);
	request.resume();
}
