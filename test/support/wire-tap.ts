/** A proxy on loopback that keeps every octet that passes, in both directions: what a client really sent and got. */
import { connect, createServer, type Socket } from 'node:net';

export interface WireTap {
	/** Everything so far, latin1. */
	text(): string;
	close(): Promise<void>;
}

/** Listens on `port` and passes everything on to `to`. */
export async function startWireTap(port: number, to: number): Promise<WireTap> {
	const pieces: Buffer[] = [];
	const sockets = new Set<Socket>();
	const server = createServer((client) => {
		const upstream = connect(to, '127.0.0.1');
		for (const [from, other] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			sockets.add(from);
			from.on('error', () => {});
			from.on('data', (piece: Buffer) => void pieces.push(piece));
			from.on('close', () => {
				sockets.delete(from);
				other.destroy();
			});
			from.pipe(other);
		}
	});
	await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
	return {
		text: () => Buffer.concat(pieces).toString('latin1'),
		close() {
			for (const socket of sockets) socket.destroy();
			return new Promise((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}
