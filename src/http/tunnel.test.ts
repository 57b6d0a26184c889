import { expect, test } from 'vitest';
import { PacedSocket } from '../../test/support/paced-socket.ts';
import { joinWires } from './tunnel.ts';
import { Wire } from './wire.ts';

async function turns(): Promise<void> {
	for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve));
}

test('what comes for a side that is ending does not cut the other one off from what is still its', async () => {
	const [client, server] = [new PacedSocket(), new PacedSocket()];
	let ended = 0;
	joinWires(Wire.of(client.asSocket), Wire.of(server.asSocket), {
		idle: 0,
		until: Number.POSITIVE_INFINITY,
		ended: () => void (ended += 1),
	});
	client.push('question');
	await turns();
	server.push('the last words');
	server.push(null);
	await turns();
	// The upstream has not taken the question yet, and the client goes on.
	client.push('more');
	await turns();
	expect([client.destroyed, client.written]).toEqual([false, ['the last words']]);
	client.takeAll();
	server.takeAll();
	await turns();
	expect([client.writableFinished, server.written, ended]).toEqual([true, ['question'], 1]);
});
