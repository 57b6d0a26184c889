import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { LedgerPosition, Sealing } from '#core/index';
import { fakeClock, fakeLog } from '../../../test/support/fake-runtime.ts';
import { nodeCryptography } from '../../runtime/node/cryptography.ts';
import { createSealing } from '../../runtime/node/sealing.ts';
import { createMemoryStore } from '../../store/memory.ts';
import { CannotSeal, createStoredPairs } from './stored-pairs.ts';

const sealingKey = randomBytes(32);

function scene() {
	const clock = fakeClock();
	const log = fakeLog();
	let ids = 0;
	const store = createMemoryStore({ clock, randomId: () => String((ids += 1)) });
	function gateway(sealing: Sealing | undefined = createSealing([sealingKey])) {
		let position: LedgerPosition | undefined;
		const catchUp = async () => {
			const changes = await store.changes('key-pairs', position, 1_000);
			pairs.apply(changes.entries, { isReset: position === undefined || changes.isReset });
			position = changes.position;
		};
		const pairs = createStoredPairs({ store, sealing, catchUp, clock, cryptography: nodeCryptography, log });
		return { ...pairs, catchUp };
	}
	return { store, log, gateway, a: gateway(), b: gateway() };
}

const meters = { provider: 'bus', name: 'meters', scopes: ['telemetry:write'], claims: { site: 'north' } };

test('made on one, there on the other; of one provider, by its name alone', async () => {
	const { a, b, store } = scene();
	const made = await a.create(meters);
	expect(made?.primary.text).toMatch(/^[A-Za-z0-9+/]{43}=$/);
	expect(made?.primary.text).not.toBe(made?.secondary.text);
	expect(await b.create(meters)).toBeUndefined();
	await b.catchUp();
	const pair = b.of('bus', 'service_bus').find('meters');
	expect(pair).toMatchObject({
		name: 'meters',
		disabled: false,
		scopes: ['telemetry:write'],
		claims: { site: 'north' },
	});
	expect(pair).toBe(b.of('bus', 'service_bus').find('meters'));
	expect(b.of('bus', 'iot_hub').find('meters')?.primary).toBeDefined();
	for (const name of ['Meters', '__proto__', 'constructor', '']) {
		expect(b.of('bus', 'service_bus').find(name)).toBeUndefined();
	}
	expect(b.of('other', 'service_bus').find('meters')).toBeUndefined();
	expect(b.of('bus', 'service_bus').names()).toEqual(['meters']);
	const { entries } = await store.changes('key-pairs', undefined, 10);
	expect(JSON.stringify(entries)).not.toContain(made?.primary.text.slice(0, 20));
});

test('regenerated, disabled, removed: what vouched for signatures before is retired everywhere', async () => {
	const { a, b } = scene();
	const first = await a.create(meters);
	const view = b.of('bus', 'service_bus');
	async function after(change: Promise<unknown>) {
		await b.catchUp();
		const before = view.find('meters');
		await change;
		await b.catchUp();
		expect([before?.primary?.retired, before?.secondary?.retired]).toEqual([true, true]);
		return view.find('meters');
	}
	expect(await after(Promise.resolve().then(() => a.regenerate('bus', 'meters', 'primary')))).toBeDefined();
	const second = a.list()[0];
	expect(second?.primary.text).not.toBe(first?.primary.text);
	expect(second?.secondary).toEqual(first?.secondary);
	expect(await after(Promise.resolve().then(() => a.disable('bus', 'meters', true)))).toMatchObject({ disabled: true });
	expect(await after(Promise.resolve().then(() => a.disable('bus', 'meters', false)))).toMatchObject({
		disabled: false,
	});
	expect(await after(Promise.resolve().then(() => a.remove('bus', 'meters')))).toBeUndefined();
	expect(await a.remove('bus', 'meters')).toBe(false);
	expect(await a.regenerate('bus', 'meters', 'primary')).toBeUndefined();
	expect(await a.create(meters)).toBeDefined();
});

test('two change one pair at once: neither change is lost', async () => {
	const { a, b } = scene();
	const first = await a.create(meters);
	await Promise.all([
		a.regenerate('bus', 'meters', 'primary'),
		b.regenerate('bus', 'meters', 'secondary'),
		b.disable('bus', 'meters', true),
	]);
	await a.catchUp();
	const [last] = a.list();
	expect(last?.disabled).toBe(true);
	expect(last?.primary.text).not.toBe(first?.primary.text);
	expect(last?.secondary.text).not.toBe(first?.secondary.text);
});

test('without a sealing key nothing is written; with another one nothing is believed', async () => {
	const { a, gateway, store, log } = scene();
	await a.create(meters);
	const unsealed = createStoredPairs({
		store,
		sealing: undefined,
		catchUp: async () => {},
		clock: fakeClock(),
		cryptography: nodeCryptography,
		log,
	});
	await expect(unsealed.create({ ...meters, name: 'x' })).rejects.toThrow(CannotSeal);
	const foreign = gateway(createSealing([randomBytes(32)]));
	await foreign.catchUp();
	expect(foreign.of('bus', 'service_bus').find('meters')).toBeUndefined();
	expect(log.lines.join()).toContain('cannot be opened');
	const rotated = gateway(createSealing([randomBytes(32), sealingKey]));
	await rotated.catchUp();
	expect(rotated.of('bus', 'service_bus').find('meters')).toBeDefined();
});

test('a record that was moved to another name, or put there by somebody, is no key', async () => {
	const { a, b, store } = scene();
	await a.create(meters);
	const [entry] = (await store.changes('key-pairs', undefined, 10)).entries;
	await store.enter('key-pairs', JSON.stringify(['bus', 'admin']), entry?.value ?? '');
	await store.enter('key-pairs', JSON.stringify(['bus', 'planted']), JSON.stringify({ ...meters, name: 'planted' }));
	await b.catchUp();
	const view = b.of('bus', 'service_bus');
	expect(['meters', 'admin', 'planted'].map((name) => view.find(name) !== undefined)).toEqual([true, false, false]);
});
