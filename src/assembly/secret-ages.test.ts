import { expect, test } from 'vitest';
import type { SecretDefinition } from '#config/definition';
import { definition, provider } from '../../test/support/definition.ts';
import { ageOf, createSecretAges, secretsInForce } from './secret-ages.ts';

const secret = (parts: Partial<SecretDefinition>): SecretDefinition => ({
	at: 'providers.idp.client.secret',
	from: 'file',
	file: '/run/secret',
	changedAt: undefined,
	mark: 'one',
	...parts,
});

test('a file tells its age, anything else counts from when it was first seen, until it is another one', () => {
	const first = createSecretAges({ secrets: [secret({ changedAt: 5_000 }), secret({ at: 'b' })] }, 20_000, undefined);
	expect(first.map((known) => ageOf(known, 30_000))).toEqual([25, 10]);
	// Touched, and replaced.
	const second = createSecretAges(
		{ secrets: [secret({ changedAt: 29_000 }), secret({ at: 'b', mark: 'two' })] },
		31_000,
		first,
	);
	expect(second.map((known) => ageOf(known, 32_000))).toEqual([27, 1]);
	expect(
		createSecretAges({ secrets: [secret({ changedAt: 90_000 })] }, 0, undefined).map((known) => ageOf(known, 0)),
	).toEqual([0]);
});

test('of the keys that the gateway made, those count that are in force', () => {
	const half = (madeAt: number) => ({ text: 'secret', madeAt });
	const pair = (name: string, parts: object = {}) => ({
		provider: 'bus',
		name,
		disabled: false,
		scopes: [],
		claims: {},
		primary: half(100),
		secondary: half(200),
		...parts,
	});
	const fixed = { primary: 'a key, long enough', secondary: undefined, disabled: false, scopes: [], claims: {} };
	const sharedAccess = {
		format: 'service_bus',
		unnamedKey: undefined,
		storedKeys: true,
		keys: [{ name: 'fixed', ...fixed }],
	} as const;
	const key = (kid: string, state: 'coming' | 'signing' | 'leaving', madeAt: number) => {
		const times = { madeAt, signsFrom: madeAt, publishedUntil: undefined };
		return { kid, algorithm: 'ES256', state, ...times };
	};
	const maker = { rotate: never, withdraw: never, start: never, stop: never, status: never };
	const of = (mint: object | undefined) =>
		secretsInForce(
			{
				definition: definition({
					providers: [
						provider({ name: 'bus', sharedAccess }),
						provider({ name: 'gone', sharedAccess: { ...sharedAccess, storedKeys: false } }),
					],
				}),
				secrets: [],
				backend: {
					minting: {
						maker,
						keys: {
							signer: never,
							published: never,
							describe: () => [key('old', 'leaving', 10), key('now', 'signing', 50), key('next', 'coming', 90)],
						},
						...mint,
					},
				},
				state: {
					pairs: {
						list: () => [
							pair('meters'),
							pair('fixed'),
							pair('off', { disabled: true }),
							pair('x', { provider: 'gone' }),
						],
					},
				},
			},
			0,
		).map(({ definition: { at, from }, since, series }) => [at, from, since, series]);
	const halves = [
		['providers.bus.stored_keys.meters.primary', 'store', 100_000, 'providers.bus.stored_keys'],
		['providers.bus.stored_keys.meters.secondary', 'store', 200_000, 'providers.bus.stored_keys'],
	];
	expect(of({})).toEqual([['minting.keys', 'store', 50_000, undefined], ...halves]);
	// Keys of the configuration are in the list of its secrets.
	expect(of({ maker: undefined })).toEqual(halves);
});

function never(): never {
	throw new Error('nobody asks');
}
