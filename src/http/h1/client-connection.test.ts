import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { PacedSocket } from '../../../test/support/paced-socket.ts';
import { recordingUpstream } from '../../../test/support/recording-upstream.ts';
import { forwardTo } from '../../../test/support/test-engine.ts';
import type { Outcome } from '../engine.ts';
import { peerOf } from '../peer.ts';
import { Sweep } from '../sweep.ts';
import { systemLookup } from '../upstream/addresses.ts';
import { createUpstreamPools } from '../upstream/upstream-pools.ts';
import { Wire } from '../wire.ts';
import { ClientConnection } from './client-connection.ts';

const log = { info() {}, warn() {}, error() {} };

test('what drains of the answer before does not begin the upstream’s time while the client owes the body', async () => {
	const upstream = await recordingUpstream();
	const outcomes: Outcome[] = [];
	const sweep = new Sweep();
	const pools = createUpstreamPools({ sweep, lookup: systemLookup, log });
	onTestFinished(() => {
		pools.destroy();
		sweep.stop();
	});
	const client = new PacedSocket();
	const connection = new ClientConnection(Wire.of(client.asSocket), peerOf(client.asSocket, false), {
		options: {
			listeners: [],
			trustedProxies: [],
			limits: { headers: 16_384, headerCount: 100, body: undefined, connections: undefined },
			timeouts: {
				tlsHandshake: 10_000,
				requestHead: 10_000,
				requestBody: 10_000,
				keepAlive: 10_000,
				tunnelIdle: 0,
				drain: 0,
			},
			log,
		},
		handler: {
			decide: forwardTo(upstream.url, { upstream: { timeout: 40 } }),
			refuse: () => ({ status: 500, headers: [], body: '' }),
			ended: (outcome) => void outcomes.push(outcome),
		},
		pools,
		sweep,
		isTrusted: () => false,
		isDraining: () => false,
		open: 0,
	});
	expect(connection.isTrusted).toBe(false);
	client.push('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n');
	await expect.poll(() => upstream.connections).toBe(1);
	await pause(30);
	// As a socket does that took the end of a long answer only now.
	client.emit('drain');
	await pause(150);
	expect(outcomes).toEqual([]);
	client.push('body');
	await expect.poll(() => outcomes.map(({ status }) => status)).toEqual([200]);
	client.destroy();
});
