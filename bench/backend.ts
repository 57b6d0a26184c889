/**
 * The upstream of every gateway measured: as little work as a keep-alive HTTP/1.1 server can do, in a process of its own.
 * Answers any request without a body with 200; `/seen` with the head as it arrived. Prints its port. Bench only.
 */
import { createServer } from 'node:net';

const body = JSON.stringify({ orders: [{ id: 1, item: 'book', quantity: 2 }], page: 1 });
const answer = response('application/json', body);

const server = createServer((socket) => {
	let rest = '';
	socket.setNoDelay(true);
	socket.on('error', () => socket.destroy());
	socket.on('data', (data) => {
		rest += data.toString('latin1');
		let end = rest.indexOf('\r\n\r\n');
		while (end >= 0) {
			const head = rest.slice(0, end);
			rest = rest.slice(end + 4);
			socket.write(head.startsWith('GET /seen') ? response('text/plain', head) : answer);
			end = rest.indexOf('\r\n\r\n');
		}
	});
});

server.listen(0, '127.0.0.1', () => {
	const address = server.address();
	if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});

function response(type: string, text: string): string {
	return `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
