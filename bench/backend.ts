/**
 * The upstream of every gateway measured: as little work as a keep-alive HTTP/1.1 server can do, in a process of its own.
 * `/orders/bytes/N` answers N bytes, `/seen` the head as it arrived, anything else a small JSON document once the request's
 * body is there. Trusts its peers and checks nothing. Prints its port. Bench only.
 */
import { createServer, type Socket } from 'node:net';

const small = Buffer.from(
	response('application/json', JSON.stringify({ orders: [{ id: 1, item: 'book', quantity: 2 }], page: 1 })),
);
const piece = Buffer.alloc(64 * 1024, 'x');
const bodies = new Map<number, Buffer>();
/** Answers up to this are kept whole; longer ones are written piece by piece. */
const longestKept = 4 * 1024 * 1024;
const endOfHead = '\r\n\r\n';
const endOfChunks = '\r\n0\r\n\r\n';

const server = createServer((socket) => {
	/** Bytes of the request's body still to come; -1: chunked, until its last chunk. */
	let left = 0;
	let answer: () => void = () => undefined;
	let early = '';

	socket.setNoDelay(true);
	socket.on('error', () => socket.destroy());
	socket.on('data', (data) => {
		if (left === 0) return head(data);
		body(data);
	});

	function head(data: Buffer): void {
		const text = early === '' ? data.toString('latin1') : early + data.toString('latin1');
		const end = text.indexOf(endOfHead);
		if (end < 0) {
			early = text;
			return;
		}
		early = '';
		if (text.charCodeAt(0) === 0x47) {
			respond(socket, text.slice(4, text.indexOf(' ', 4)), text);
			if (text.length > end + 4) head(Buffer.from(text.slice(end + 4), 'latin1'));
			return;
		}
		answer = () => socket.write(small);
		const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
		left = length === undefined ? -1 : Number(length);
		body(Buffer.from(text.slice(end + 4), 'latin1'));
	}

	function body(data: Buffer): void {
		if (left === -1) {
			const tail = early + data.toString('latin1', Math.max(0, data.length - endOfChunks.length));
			early = tail.slice(-endOfChunks.length);
			if (!tail.endsWith(endOfChunks)) return;
			early = '';
			left = 0;
		} else {
			left -= data.length;
		}
		if (left === 0) answer();
	}
});

server.listen(0, '127.0.0.1', () => {
	const address = server.address();
	if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});

function respond(socket: Socket, path: string, head: string): void {
	if (path.startsWith('/orders/bytes/')) {
		// Some gateways add an empty query: what follows the digits is left alone.
		const size = Number.parseInt(path.slice('/orders/bytes/'.length), 10);
		if (size > longestKept) stream(socket, size);
		else socket.write(kept(size));
		return;
	}
	socket.write(path.startsWith('/seen') ? response('text/plain', head.slice(0, head.indexOf(endOfHead))) : small);
}

function kept(size: number): Buffer {
	let found = bodies.get(size);
	if (found === undefined) {
		found = Buffer.from(response('application/octet-stream', 'x'.repeat(size)));
		bodies.set(size, found);
	}
	return found;
}

function stream(socket: Socket, size: number): void {
	let left = size;
	const more = () => {
		while (left > 0) {
			const next = left >= piece.length ? piece : piece.subarray(0, left);
			left -= next.length;
			if (!socket.write(next)) return;
		}
		socket.off('drain', more);
	};
	socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${size}\r\n\r\n`);
	socket.on('drain', more);
	more();
}

function response(type: string, text: string): string {
	return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
