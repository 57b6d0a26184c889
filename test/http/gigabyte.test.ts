/**
 * Large bodies each way through a gateway in a process of its own: its resident memory stays where it was. A gigabyte with
 * `COUNTERSIGN_LONG=1`, less in the suite.
 */
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { watchedGateway } from '../endurance/watched-gateway.ts';
import { recordingUpstream } from '../support/recording-upstream.ts';

const isLong = process.env['COUNTERSIGN_LONG'] === '1';
const mib = 1024 * 1024;
const size = (isLong ? 1024 : 96) * mib;
const warmUp = (isLong ? 192 : 64) * mib;
/** Bytes by which resident memory may differ while a body passes: a young process still warms up, a held body is larger. */
const flat = (isLong ? 20 : 64) * mib;
/** Bytes of garbage between two collections. */
const garbage = 96 * mib;
const piece = Buffer.alloc(64 * 1024, 'a');

/** Sends `head` and `bytes` of a body; gives how many bytes came back until `enough` of them had. */
function pass(port: number, head: string, bytes: number, enough: number): Promise<number> {
	return new Promise((resolve, reject) => {
		const socket = connect({ host: '127.0.0.1', port });
		let received = 0;
		let left = bytes;
		const more = (): void => {
			while (left > 0) {
				left -= piece.length;
				if (!socket.write(piece)) return;
			}
		};
		socket.on('error', reject).on('drain', more);
		socket.on('data', (chunk: Buffer) => {
			received += chunk.length;
			if (received >= enough) socket.end();
		});
		socket.on('close', () => resolve(received));
		socket.write(head);
		more();
	});
}

test('memory stays flat while large bodies pass', { timeout: isLong ? 1_200_000 : 60_000 }, async () => {
	const upstream = await recordingUpstream({
		keepBody: false,
		answer(request, response) {
			let left = Number(request.url?.slice(1));
			if (request.method === 'PUT') {
				request.on('end', () => response.end('whole'));
				return;
			}
			response.writeHead(200, { 'content-length': left });
			const more = (): void => {
				while (left > 0) {
					left -= piece.length;
					if (!response.write(piece) && left > 0) {
						response.once('drain', more);
						return;
					}
				}
				response.end();
			};
			more();
		},
	});
	const gateway = await watchedGateway({
		routes: [{ name: 'all', path: '/**', public: true, upstream: upstream.url }],
	});
	onTestFinished(() => gateway.stop());
	const port = Number(new URL(gateway.url).port);
	const both = async (bytes: number): Promise<void> => {
		const down = await pass(port, `GET /${bytes} HTTP/1.1\r\nHost: x\r\n\r\n`, 0, bytes);
		expect(down).toBeGreaterThanOrEqual(bytes);
		await pass(port, `PUT /up HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`, bytes, 1);
		expect(upstream.requests.at(-1)?.bytes).toBe(bytes);
	};
	await both(warmUp);
	const samples: number[] = [];
	let highest = 0;
	let isOver = false;
	const watch = async (): Promise<void> => {
		while (!isOver) {
			await new Promise((resolve) => setTimeout(resolve, isLong ? 250 : 25));
			// As it is, with what the next collection takes; and what is left then, which must not grow.
			highest = Math.max(highest, await gateway.resident());
			samples.push((await gateway.measure()).rss);
		}
	};
	const watched = watch();
	await both(size);
	isOver = true;
	await watched;
	const [least, most] = [Math.min(...samples), Math.max(...samples)];
	const said = [least, most, highest].map((bytes) => (bytes / mib).toFixed(1));
	process.stdout.write(
		`${size / mib} MiB each way: ${said[0]}–${said[1]} MiB in ${samples.length} samples, ${said[2]} between collections\n`,
	);
	expect(samples.length).toBeGreaterThan(1);
	expect(most - least).toBeLessThan(flat);
	// A read is garbage once it was written: that comes and goes, within what one collection leaves to the next.
	expect(highest - least).toBeLessThan(garbage);
});
