/** Writing to sockets with as few writes as possible. */
import type { Socket } from 'node:net';

/** Up to this many bytes, one copy into a text is cheaper than a second write. */
const joined = 8 * 1024;

/** Writes `before`, the bytes from `start` to `end`, and `after` at once; texts are latin1. */
export function writeParts(
	socket: Socket,
	before: string,
	bytes: Buffer,
	start: number,
	end: number,
	after: string,
): void {
	if (end - start <= joined) {
		const text = start === end ? before + after : before + bytes.toString('latin1', start, end) + after;
		if (text !== '') socket.write(text, 'latin1');
		return;
	}
	const piece = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
	if (before === '' && after === '') {
		socket.write(piece);
		return;
	}
	socket.cork();
	if (before !== '') socket.write(before, 'latin1');
	socket.write(piece);
	if (after !== '') socket.write(after, 'latin1');
	socket.uncork();
}

/** Whether the peer reads too slowly for more to be written now; a 'drain' will come then. */
export function isBlocked(socket: Socket): boolean {
	return socket.writableLength >= socket.writableHighWaterMark;
}
