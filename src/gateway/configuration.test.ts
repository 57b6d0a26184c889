import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeCryptography } from '#runtime/node/cryptography';
import { fakeClock, fakeFetcher, fakeLog, fakePoster, fakeTimers } from '../../test/support/fake-runtime.ts';
import { tempDir, writeIn } from '../../test/support/temp-dir.ts';
import { takeSettledSnapshot, takeSnapshot } from './configuration.ts';

const folder = tempDir();
const clock = fakeClock();
const runtime = {
	clock,
	timers: fakeTimers(clock),
	cryptography: nodeCryptography,
	fetcher: fakeFetcher(),
	poster: fakePoster(),
	log: fakeLog(),
};
const text = (path: string, secret = './secret') => `listen: 127.0.0.1:0
providers: { idp: { issuer: "https://idp.example.com/", audience: api, secret: "\${file:${secret}}" } }
routes: [{ path: ${path}, upstream: "http://127.0.0.1:1" }]
`;

test('what is still being written is not taken: a half file may be a valid one', async () => {
	writeIn(folder, 'secret', 'a-secret-of-at-least-thirty-two-octets');
	const file = writeIn(folder, 'growing.yaml', text('/orders'));
	let written = 0;
	const writing = setInterval(() => {
		writeFileSync(file, text(`/orders-${++written}`));
		if (written === 40) clearInterval(writing);
	}, 3);
	onTestFinished(() => clearInterval(writing));
	const snapshot = await takeSettledSnapshot(file, runtime);
	expect(written).toBe(40);
	expect(snapshot?.definition?.routes[0]?.path).toBe('/orders-40');
});

test('the mark changes with every file, with its absence too, and is back with its content', async () => {
	const file = writeIn(folder, 'gateway.yaml', text('/orders', './other'));
	const mark = async () => (await takeSnapshot(file, runtime)).mark;
	const absent = await mark();
	writeIn(folder, 'other', 'a-secret-of-at-least-thirty-two-octets');
	const present = await mark();
	writeIn(folder, 'other', 'b-secret-of-at-least-thirty-two-octets');
	const changed = await mark();
	writeIn(folder, 'gateway.yaml', text('/elsewhere', './other'));
	const moved = await mark();
	expect(new Set([absent, present, changed, moved]).size).toBe(4);
	writeIn(folder, 'gateway.yaml', text('/orders', './other'));
	writeIn(folder, 'other', 'a-secret-of-at-least-thirty-two-octets');
	expect(await mark()).toBe(present);
});

test('the files to watch are named even when the configuration has errors', async () => {
	const file = writeIn(folder, 'broken.yaml', text('relative', './missing'));
	const { definition, files } = await takeSnapshot(file, runtime);
	expect(definition).toBeUndefined();
	expect(files).toEqual([file, join(folder, 'missing')]);
});
