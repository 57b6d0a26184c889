import { expect, test } from 'vitest';
import { nodeCryptography } from '#runtime/node/cryptography';
import { createDpopNonces } from './dpop-nonces.ts';

const lifetime = 60;
let now = Date.UTC(2026, 0, 1);
const clock = { now: () => now };
const make = (key = 'key', at = clock) =>
	createDpopNonces({ digest: nodeCryptography.keyedDigest(Buffer.from(key)), lifetime, clock: at });

test('a nonce is fresh in its step, ages in the next one, and is then forgotten', () => {
	const nonces = make();
	const first = nonces.current();
	expect(first).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]{43}$/);
	expect(nonces.judge(first)).toBe('fresh');
	now += 29_999;
	expect(nonces.current()).toBe(first);
	now += 1;
	expect(nonces.judge(first)).toBe('aging');
	const second = nonces.current();
	expect(second).not.toBe(first);
	now += 30_000;
	expect(nonces.judge(first)).toBe('unknown');
	expect(nonces.judge(second)).toBe('aging');
});

test('who has the key takes it, a little ahead or behind too; nobody else does', () => {
	const late = make('key', { now: () => now - 30_000 });
	const early = make('key', { now: () => now + 30_000 });
	expect(make().judge(make().current())).toBe('fresh');
	expect(late.judge(make().current())).toBe('aging');
	expect(early.judge(make().current())).toBe('aging');
	expect(late.judge(early.current())).toBe('unknown');
	expect(make('other').judge(make().current())).toBe('unknown');
	for (const nonce of ['', 'x', make().current().slice(1), `${make().current()}x`, make().current().toLowerCase()]) {
		expect(make().judge(nonce)).toBe('unknown');
	}
});
