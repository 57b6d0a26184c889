/** Bodies that the gateway reads itself: every connection of the process reads into the same memory. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { type RawClient, rawClient } from '../../test/support/raw-client.ts';
import { testEngine } from '../../test/support/test-engine.ts';

async function start(): Promise<() => Promise<RawClient>> {
	const { url } = await testEngine({
		decide: () => ({
			action: {
				kind: 'collect',
				limit: 1_000_000,
				answer: async (octets) => ({ status: 200, headers: [], body: Buffer.from(octets).toString('latin1') }),
			},
			record: 'collected',
		}),
	});
	return () => rawClient(url);
}

const others = 'o'.repeat(200);

/** Resolves when `other`, which sends behind it, has its answer: `bytes` have been read by then, and something else since. */
async function sendBefore(other: RawClient, client: RawClient, bytes: string): Promise<void> {
	await new Promise<void>((resolve) => {
		client.socket.write(bytes, 'latin1', () => resolve());
	});
	other.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${others.length}\r\n\r\n${others}`);
	expect((await other.response()).body).toBe(others);
}

test.each([
	['with a length', 'Content-Length: 12\r\n\r\n', ['abcd', 'efgh', 'ijkl']],
	['in chunks', 'Transfer-Encoding: chunked\r\n\r\n', ['4\r\nabcd\r\n', '4\r\nefgh\r\n', '4\r\nijkl\r\n0\r\n\r\n']],
])('a body %s that comes in several reads is what its own client sent', async (_, framing, pieces) => {
	const client = await start();
	const [slow, other] = [await client(), await client()];
	await sendBefore(other, slow, `POST / HTTP/1.1\r\nHost: x\r\n${framing}`);
	for (const piece of pieces) await sendBefore(other, slow, piece);
	expect((await slow.response()).body).toBe('abcdefghijkl');
	slow.destroy();
	other.destroy();
});
