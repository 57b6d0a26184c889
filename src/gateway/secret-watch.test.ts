import { expect, test } from 'vitest';
import type { KnownSecret } from '#assembly/secret-ages';
import { definition, provider } from '../../test/support/definition.ts';
import { fakeClock, fakeTimers } from '../../test/support/fake-runtime.ts';
import { watchSecrets } from './secret-watch.ts';

const hour = 3_600_000;
const parts = {
	definition: { ...definition({}), maxSecretAge: 3 * 3600 },
	backend: { minting: undefined },
	state: { pairs: { list: () => [] } },
};

test('of those that the gateway made, what is too old at the start is said too: no file was read', async () => {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const said: unknown[] = [];
	const half = { text: 'x', madeAt: clock.now() / 1000 - 4 * 3600 };
	const pair = {
		provider: 'bus',
		name: 'meters',
		disabled: false,
		scopes: [],
		claims: {},
		primary: half,
		secondary: half,
	};
	const sharedAccess = { format: 'service_bus', unnamedKey: undefined, storedKeys: true, keys: [] } as const;
	const stop = watchSecrets({
		assembly: () => ({
			...parts,
			definition: { ...definition({ providers: [provider({ name: 'bus', sharedAccess })] }), maxSecretAge: 3 * 3600 },
			secrets: [],
			state: { pairs: { list: () => [pair] } },
		}),
		clock,
		timers,
		log: { info() {}, error() {}, warn: (_, fields) => said.push(fields?.['at']) },
	});
	await timers.advance(3 * hour);
	expect(said).toEqual(['providers.bus.stored_keys.meters.primary', 'providers.bus.stored_keys.meters.secondary']);
	stop();
});

test('each is said once when it becomes too old, and again when another one does', async () => {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const said: string[] = [];
	const known = (at: string, since: number, mark = 'one'): KnownSecret => ({
		definition: { at, from: 'environment', file: undefined, changedAt: undefined, mark },
		since,
	});
	const start = clock.now();
	let secrets = [known('a', start), known('b', start + 2 * hour)];
	const stop = watchSecrets({
		assembly: () => ({ ...parts, secrets }),
		clock,
		timers,
		log: { info() {}, error() {}, warn: (message, fields) => said.push(`${message} ${String(fields?.['at'])}`) },
	});
	await timers.advance(3 * hour);
	expect(said).toEqual([]);
	await timers.advance(hour);
	await timers.advance(hour);
	expect(said).toEqual(['a secret is older than max_secret_age a']);
	await timers.advance(hour);
	expect(said).toHaveLength(2);
	secrets = [known('a', start - 9 * hour, 'two')];
	await timers.advance(hour);
	expect(said.at(-1)).toBe('a secret is older than max_secret_age a');
	expect(said).toHaveLength(3);
	stop();
	await timers.advance(5 * hour);
	expect(said).toHaveLength(3);
});
