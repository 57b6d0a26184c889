/** What `explain` names is what `decide` did: for random tokens, routes and requests; and neither ever shows the token. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain } from '#policy/explain';
import { renderExplanation } from '../src/cli/render-explanation.ts';
import { definition, provider, route, rules } from './support/definition.ts';
import { testPolicy, token } from './support/policy.ts';
import { requestView } from './support/request-view.ts';
import { alter, testKey } from './support/sign-jws.ts';
import { secondaryKey, senderKey, signSas } from './support/sign-sas.ts';

const keys = { a: testKey('ES256', 'agree-a'), b: testKey('EdDSA', 'agree-b') };
const stranger = testKey('ES256', 'agree-stranger');
const now = Date.UTC(2026, 0, 1) / 1000;

const world = definition({
	providers: [
		provider({
			name: 'devices',
			tokens: ['shared_access'],
			keys: { from: 'none' },
			sharedAccess: {
				format: 'service_bus',
				unnamedKey: undefined,
				storedKeys: false,
				keys: [
					{
						name: 'sender',
						primary: senderKey,
						secondary: secondaryKey,
						disabled: false,
						scopes: ['read'],
						claims: {},
					},
					{
						name: 'old',
						primary: 'an old key, long enough',
						secondary: undefined,
						disabled: true,
						scopes: [],
						claims: {},
					},
				],
			},
		}),
		provider({ name: 'a' }),
		provider({ name: 'b', clockSkew: 30, requiredClaims: ['jti'] }),
	],
	routes: [
		route({
			name: 'strict',
			path: '/strict/{tenant}',
			methods: ['GET', 'HEAD'],
			rules: [
				rules({
					provider: 'a',
					audience: ['{tenant}'],
					scopes: { allOf: ['read'], anyOf: ['x', 'y'] },
					maxLifetime: 300,
					clients: ['app'],
				}),
				rules({
					provider: 'b',
					claims: [{ claim: '/nested/role', test: { kind: 'any_of', values: ['nurse', '{tenant}'] } }],
				}),
			],
		}),
		route({
			name: 'mixed',
			path: '/mixed',
			rules: [rules({ provider: 'a', authentication: { acrValues: ['gold'], maxAge: 60 } })],
		}),
		route({
			name: 'cookie',
			path: '/cookie',
			rules: [rules({ provider: 'b', tokenFrom: [{ in: 'cookie', name: 'at' }] })],
		}),
		route({
			name: 'signed',
			path: '/signed/**',
			rules: [
				rules({
					provider: 'devices',
					audience: ['sb://bus.example.net/'],
					maxLifetime: 300,
					scopes: { allOf: ['read'], anyOf: [] },
				}),
				rules({ provider: 'a' }),
			],
		}),
		route({ name: 'open', path: '/open', public: true }),
	],
});

const claims = fc.record(
	{
		aud: fc.constantFrom('https://api.example.com', 'acme', ['acme', 'x'], 7),
		exp: fc.constantFrom(now - 1, now + 60, now + 4000, 'soon', undefined),
		iat: fc.constantFrom(now, now + 100, undefined),
		scope: fc.constantFrom('read x', 'read', 'x', ['read', 'y'], 1),
		jti: fc.constantFrom('1', undefined),
		client_id: fc.constantFrom('app', 'other', undefined),
		nested: fc.constantFrom({ role: 'nurse' }, { role: ['acme'] }, 'no', undefined),
		acr: fc.constantFrom('gold', 'tin', undefined),
		auth_time: fc.constantFrom(now - 10, now - 100, undefined),
		cnf: fc.constantFrom(undefined, undefined, undefined, { jkt: 'x' }),
		iss: fc.constantFrom('https://a.example.com/', 'https://b.example.com/', 'https://c.example.com/', undefined),
	},
	{ requiredKeys: ['iss', 'aud', 'exp'] },
);
const header = fc.record(
	{
		alg: fc.constantFrom('ES256', 'EdDSA', 'none', 'HS256'),
		kid: fc.constantFrom(keys.a.kid, keys.b.kid, 'gone', '__proto__'),
		typ: fc.constantFrom('JWT', 'at+jwt', 'dpop+jwt'),
		crit: fc.constant(['x']),
	},
	{ requiredKeys: [] },
);
const jwt = fc
	.tuple(claims, header, fc.constantFrom(keys.a, keys.b, stranger), fc.constantFrom(0, 0, 0, 1, 2))
	.map(([payload, extra, key, altered]) => {
		const plain = token('a', key, payload, { kid: key === stranger ? keys.a.kid : key.kid, ...extra });
		return altered === 0 ? plain : alter(plain, altered === 1 ? 1 : 2, 2);
	});
const signature = fc
	.record({
		resource: fc.constantFrom('sb://bus.example.net/signed', 'sb://bus.example.net/', 'sb://other/signed', 'sb://a//b'),
		se: fc.constantFrom(now + 60, now + 4000, now - 60, '1e9'),
		skn: fc.constantFrom('sender', 'sender', 'old', 'nobody', undefined),
		key: fc.constantFrom(senderKey, secondaryKey, 'a stranger'),
	})
	.chain((parts) => fc.constantFrom(signSas(parts), `${signSas(parts)}&x=y`));
const credentials = fc.oneof(
	{
		weight: 4,
		arbitrary: signature.map((text) => [['authorization', `SharedAccessSignature ${text}`]] as [string, string][]),
	},
	{ weight: 8, arbitrary: jwt.map((text) => [['authorization', `Bearer ${text}`]] as [string, string][]) },
	{ weight: 3, arbitrary: jwt.map((text) => [['cookie', `at=${text}`]] as [string, string][]) },
	{
		weight: 2,
		arbitrary: jwt.map(
			(text) =>
				[
					['authorization', `Bearer ${text}`],
					['cookie', `at=${text}`],
				] as [string, string][],
		),
	},
	{
		weight: 1,
		arbitrary: fc.constantFrom<[string, string][]>([], [['authorization', 'Basic x']], [['authorization', 'Bearer']]),
	},
);
const requests = fc.record({
	target: fc.constantFrom(
		'/strict/acme',
		'/mixed',
		'/cookie',
		'/open',
		'/none',
		'/signed',
		'/signed/7',
		'/strict/%2e%2e/x',
		'/strict/acme?access_token=x',
	),
	method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
	headers: credentials,
});

test('the reason that explain names is the reason that decide gave', async () => {
	const outcomes = new Set<string>();
	await fc.assert(
		fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 4 }), async (sequence) => {
			const { policy, reason, decide } = testPolicy(world, { a: [keys.a], b: [keys.b] });
			for (const request of sequence) {
				const view = requestView(request);
				const decided = await reason(view);
				outcomes.add(decided);
				const told = await explain(policy, view);
				expect(told.outcome).toBe(decided);
				const verdict = await decide(view);
				expect(told.check).toBe(verdict.facts.check);

				const shown = `${JSON.stringify(told)}${renderExplanation(told, { colour: true })}${verdict.facts.expected}${verdict.facts.found}`;
				for (const [, value] of request.headers) {
					const secret = /eyJ[\w-]+\.[\w-]+\.([\w-]+)/.exec(value) ?? /sig=([^&]+)/.exec(value);
					if (secret !== null) expect(shown).not.toContain(secret[1]);
				}
			}
		}),
		{ numRuns: 400 },
	);
	expect(outcomes.size).toBeGreaterThan(8);
});
