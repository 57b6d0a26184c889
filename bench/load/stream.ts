/** One large body in either direction over one connection; nothing of it is kept. */
import { connect, type Socket } from 'node:net';

const limit = 120_000;
const piece = Buffer.alloc(64 * 1024, 'x');

/** Asks for an answer of so many bytes. Resolves to the seconds until all of it was there. */
export function streamDown(port: number, token: string, bytes: number): Promise<number> {
	return over(port, (socket, done) => {
		let head = '';
		let left = Number.POSITIVE_INFINITY;
		socket.on('data', (data) => {
			if (left !== Number.POSITIVE_INFINITY) {
				left -= data.length;
			} else {
				head += data.toString('latin1');
				const end = head.indexOf('\r\n\r\n');
				if (end < 0) return;
				if (!head.startsWith('HTTP/1.1 200')) return done(new Error(head.slice(9, 12)));
				left = bytes - (head.length - end - 4);
			}
			if (left <= 0) done();
		});
		socket.write(requestHead(port, token, 'GET', `/orders/bytes/${bytes}`, ''));
	});
}

/** Sends a request of so many bytes. Resolves to the seconds until it was answered. */
export function streamUp(port: number, token: string, bytes: number): Promise<number> {
	return over(port, (socket, done) => {
		let left = bytes;
		const more = () => {
			while (left > 0) {
				const next = left >= piece.length ? piece : piece.subarray(0, left);
				left -= next.length;
				if (!socket.write(next)) return;
			}
		};
		socket.once('data', (data) => {
			const status = data.toString('latin1', 9, 12);
			done(status === '200' && left === 0 ? undefined : new Error(`status ${status} after ${bytes - left} bytes`));
		});
		socket.on('drain', more);
		const fields = `Content-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n`;
		socket.write(requestHead(port, token, 'POST', '/orders/1', fields));
		more();
	});
}

function over(port: number, talk: (socket: Socket, done: (problem?: Error) => void) => void): Promise<number> {
	return new Promise((resolve, reject) => {
		const begun = performance.now();
		const socket = connect({ host: '127.0.0.1', port, noDelay: true });
		const late = setTimeout(() => done(new Error('not finished in time')), limit);
		const done = (problem?: Error) => {
			clearTimeout(late);
			socket.destroy();
			if (problem === undefined) resolve((performance.now() - begun) / 1000);
			else reject(problem);
		};
		socket.on('error', done);
		socket.on('close', () => done(new Error('the connection broke')));
		talk(socket, done);
	});
}

function requestHead(port: number, token: string, method: string, path: string, fields: string): string {
	return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n${fields}\r\n`;
}
