import { randomBytes } from 'node:crypto';
import { compactVerify, importJWK } from 'jose';
import { expect, test } from 'vitest';
import type { LedgerPosition, Sealing } from '#core/index';
import { fakeClock, fakeLog, fakeTimers } from '../../../test/support/fake-runtime.ts';
import { nodeCryptography } from '../../runtime/node/cryptography.ts';
import { createSealing } from '../../runtime/node/sealing.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { createKeyMaker } from './key-maker.ts';
import { keptFor, type Rotation } from './key-schedule.ts';
import { generateMintingKey, importMintingKey } from './minting-key.ts';
import { CannotSealMintingKeys, createStoredMintingKeys, mintingLedger } from './stored-minting-keys.ts';

const sealingKey = randomBytes(32);
const hour = 3_600;
const rotation: Rotation = { algorithm: 'ES256', every: 24 * hour, ahead: hour };

function scene() {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const log = fakeLog();
	let ids = 0;
	let isAway = false;
	const memory = createMemoryStore({ clock, randomId: () => String((ids += 1)) });
	const store = {
		...memory,
		changes: (...args: Parameters<typeof memory.changes>) =>
			isAway ? Promise.reject(new Error('the store is away')) : memory.changes(...args),
	};
	function gateway(sealing: Sealing | undefined = createSealing([sealingKey]), own: Partial<Rotation> = {}) {
		let position: LedgerPosition | undefined;
		const catchUp = async () => {
			const changes = await store.changes(mintingLedger, position, 1_000);
			stored.apply(changes.entries, { isReset: position === undefined || changes.isReset });
			position = changes.position;
		};
		const stored = createStoredMintingKeys({ store, sealing, catchUp, cryptography: nodeCryptography, log });
		const maker = createKeyMaker({ stored, rotation: { ...rotation, ...own }, clock, timers, log });
		const now = () => clock.now() / 1000;
		return {
			stored,
			maker,
			catchUp,
			signer: () => stored.signer(now()),
			published: () => stored.published(now()).map(({ kid }) => kid),
		};
	}
	return {
		clock,
		timers,
		store,
		log,
		gateway,
		away(value: boolean) {
			isAway = value;
		},
	};
}

/** RSA keys take the machine a while, and timers do not wait for that. */
async function pass(timers: ReturnType<typeof fakeTimers>, seconds: number): Promise<void> {
	await timers.advance(seconds * 1000);
	await new Promise((resolve) => setTimeout(resolve, 20));
}

test.each(['ES256', 'EdDSA', 'RS256'] as const)(
	'a key that was made for %s signs what its published half verifies',
	async (algorithm) => {
		const text = await generateMintingKey(algorithm);
		const key = importMintingKey({ text }, nodeCryptography);
		expect(key.algorithm).toBe(algorithm);
		expect(key.jwk).toMatchObject({ kid: key.kid, alg: algorithm, use: 'sig' });
		for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key.jwk).not.toHaveProperty(secret);
		const input = `${Buffer.from(JSON.stringify({ alg: algorithm })).toString('base64url')}.e30`;
		const signature = Buffer.from(await key.key.sign(algorithm, Buffer.from(input))).toString('base64url');
		const verified = await compactVerify(`${input}.${signature}`, await importJWK({ ...key.jwk }, algorithm));
		expect(Buffer.from(verified.payload).toString()).toBe('{}');
	},
);

test('several gateways that want the first key at once get one key, which never lies in the store in clear', async () => {
	const { gateway, store } = scene();
	const gateways = [gateway(), gateway(), gateway()];
	await Promise.all(gateways.map(({ maker }) => maker.start()));
	for (const each of gateways) await each.catchUp();
	const [first] = gateways;
	expect(first?.published()).toHaveLength(1);
	for (const each of gateways) {
		expect(each.published()).toEqual(first?.published());
		expect(each.signer()?.kid).toBe(first?.published()[0]);
	}
	const { entries } = await store.changes(mintingLedger, undefined, 10);
	const secret = String(JSON.parse(first?.stored.held()[0]?.stored.text ?? '{}').d);
	expect(secret.length).toBeGreaterThan(40);
	expect(JSON.stringify(entries)).not.toContain(secret);
	expect(JSON.stringify(entries)).not.toContain('"kty"');
});

test('rotation by the clock: published first, then signing, then gone; a token of before counts until its key is', async () => {
	const { gateway, timers } = scene();
	const [a, b] = [gateway(), gateway()];
	await a.maker.start();
	await b.maker.start();
	const first = a.signer();
	if (first === undefined) throw new Error('no key');

	await pass(timers, 23 * hour - 60);
	expect(a.published()).toEqual([first.kid]);
	await pass(timers, 120);
	await b.catchUp();
	expect(a.published()).toHaveLength(2);
	expect(b.published()).toEqual(a.published());
	expect(a.signer()).toBe(first);
	await pass(timers, hour);
	const second = a.signer();
	expect(second?.kid).toBe(a.published()[1]);
	expect(a.published()[0]).toBe(first.kid);
	expect(first.retired).toBe(false);

	await pass(timers, keptFor - 120);
	expect(a.published()).toContain(first.kid);
	await pass(timers, 180);
	expect(a.published()).toEqual([second?.kid]);
	expect(first.retired).toBe(true);
	expect(second?.retired).toBe(false);
	a.maker.stop();
	b.maker.stop();
	expect(timers.pending).toBe(0);
});

test('rotation on demand waits for its time like any other, and is not begun twice', async () => {
	const { gateway, timers } = scene();
	const a = gateway();
	await a.maker.start();
	const first = a.signer();
	const after = await a.maker.rotate();
	expect(after).toHaveLength(2);
	expect(await a.maker.rotate()).toEqual(after);
	expect(a.signer()).toBe(first);
	await pass(timers, hour + 1);
	expect(a.signer()?.kid).toBe(after[1]?.key.kid);
});

test('a key that is withdrawn is gone at once, and what takes its place signs at once', async () => {
	const { gateway } = scene();
	const [a, b] = [gateway(), gateway()];
	await a.maker.start();
	await b.catchUp();
	const first = b.signer();
	if (first === undefined) throw new Error('no key');
	expect(await a.maker.withdraw('nobody')).toBeUndefined();
	await a.maker.withdraw(first.kid);
	await b.catchUp();
	expect(first.retired).toBe(true);
	expect(b.published()).toEqual([a.signer()?.kid]);
	expect(b.signer()?.kid).not.toBe(first.kid);
	// With one that waits for its time, that one takes over.
	const second = a.signer();
	const [, waiting] = await a.maker.rotate();
	await a.maker.withdraw(second?.kid ?? '');
	expect(a.signer()?.kid).toBe(waiting?.key.kid);
	expect(a.published()).toEqual([waiting?.key.kid]);
});

test('another algorithm in the configuration: a key of that kind, in good time', async () => {
	const { gateway, timers } = scene();
	await gateway().maker.start();
	const next = gateway(undefined, { algorithm: 'EdDSA' });
	await next.maker.start();
	expect(next.signer()?.algorithm).toBe('ES256');
	await pass(timers, hour + 1);
	expect(next.signer()?.algorithm).toBe('EdDSA');
});

test('a store that may hold no secrets gets none; one that is away is asked again', async () => {
	const { gateway, timers, store, log, away } = scene();
	const open = gateway(undefined);
	const none = createStoredMintingKeys({
		store,
		sealing: undefined,
		catchUp: async () => {},
		cryptography: nodeCryptography,
		log,
	});
	await expect(none.change(() => [{ text: '{}', madeAt: 0, signsFrom: 0 }])).rejects.toThrow(CannotSealMintingKeys);
	away(true);
	await open.maker.start();
	expect(open.signer()).toBeUndefined();
	expect(open.maker.status().lastError).toBe('the store is away');
	away(false);
	await pass(timers, 5);
	expect(open.signer()).toBeDefined();
	expect(open.maker.status().lastError).toBeUndefined();
});

test('a set that was sealed under another key is left alone, signs nothing, and goes only when somebody says so', async () => {
	const { gateway, log } = scene();
	const a = gateway();
	await a.maker.start();
	const stranger = gateway(createSealing([randomBytes(32)]));
	await stranger.maker.start();
	expect(stranger.signer()).toBeUndefined();
	expect(stranger.published()).toEqual([]);
	expect(log.lines.join('\n')).toContain('cannot be opened');
	await a.catchUp();
	expect(a.signer()).toBeDefined();
	await stranger.maker.rotate();
	expect(stranger.signer()).toBeDefined();
	await a.catchUp();
	expect(a.signer()).toBeUndefined();
});

test('a key in the configuration: PEM or JWK, its own name or its thumbprint, and none that signs otherwise', async () => {
	const text = await generateMintingKey('ES256');
	const named = JSON.stringify({ ...(JSON.parse(text) as object), kid: 'mine' });
	expect(importMintingKey({ text: named }, nodeCryptography).kid).toBe('mine');
	expect(importMintingKey({ text: named, kid: 'other' }, nodeCryptography).kid).toBe('other');
	expect(importMintingKey({ text }, nodeCryptography).kid).toMatch(/^[\w-]{43}$/);
	const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, [
		'sign',
		'verify',
	]);
	const p384 = JSON.stringify(await crypto.subtle.exportKey('jwk', privateKey));
	expect(() => importMintingKey({ text: p384 }, nodeCryptography)).toThrow('ES256, EdDSA, RS256');
});
