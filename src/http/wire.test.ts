import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { Wire } from './wire.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who was told to wait is told to go on, also when the socket had room again before the turn was over', async () => {
	const taken: (() => void)[] = [];
	const socket = new Duplex({
		writableHighWaterMark: 100,
		read() {},
		write: (_, __, done) => void taken.push(done),
	});
	const wire = Wire.of(socket as unknown as Socket);
	let drained = 0;
	wire.listen({ arrived() {}, drained: () => void (drained += 1), ended() {}, closed() {} });
	wire.write('a'.repeat(60));
	await turn();
	expect([wire.isBlocked, taken.length]).toEqual([false, 1]);
	wire.write('b'.repeat(50));
	expect(wire.isBlocked).toBe(true);
	// The first write goes out while the second one still waits for the end of the turn: the socket is never full.
	taken[0]?.();
	await turn();
	await turn();
	expect([wire.isBlocked, drained]).toEqual([false, 1]);
	// And where it is full, its own event comes, once.
	wire.write('c'.repeat(200));
	await turn();
	expect([wire.isBlocked, drained]).toEqual([true, 1]);
	for (const done of taken.slice(1)) done();
	await turn();
	for (const done of taken.slice(2)) done();
	await turn();
	expect(drained).toBe(2);
});

test('an accepted connection is read from where node offers no buffer of our own', async () => {
	let read = '';
	const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (accepted) => {
		Object.assign((accepted as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
		const wire = Wire.accept(accepted);
		wire.listen({ arrived: (bytes) => void (read += bytes.toString()), drained() {}, ended() {}, closed() {} });
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
	onTestFinished(() => {
		client.destroy();
		server.close();
	});
	client.write('hello');
	await expect.poll(() => read).toBe('hello');
});
