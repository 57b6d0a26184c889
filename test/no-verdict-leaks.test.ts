/**
 * Genuine is not permitted: whatever was decided before, each request gets the verdict that a gateway without any memory
 * gives it. Random sequences over routes, providers, hosts and tokens, against a fresh policy for each request.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Definition } from '#config/definition';
import { definition, provider, route, rules } from './support/definition.ts';
import { testPolicy, token } from './support/policy.ts';
import { bearer, requestView } from './support/request-view.ts';
import { alter, testKey } from './support/sign-jws.ts';

const keyA = testKey('ES256', 'leak-a');
const keyB = testKey('ES256', 'leak-b');
const published = { a: [keyA], b: [keyB], a2: [keyA] };

/** `a2` has the issuer and keys of `a` with other rules: the same token, two providers, never one verdict. */
const world: Definition = definition({
	providers: [
		provider({ name: 'a' }),
		provider({ name: 'b' }),
		provider({ name: 'a2', issuers: ['https://a.example.com/'], typ: ['at+jwt'], generation: 'a2' }),
	],
	routes: [
		route({ name: 'read', path: '/read', rules: [rules({ provider: 'a', scopes: { allOf: ['read'], anyOf: [] } })] }),
		route({
			name: 'write',
			path: '/write',
			rules: [rules({ provider: 'a', scopes: { allOf: ['write'], anyOf: [] } })],
		}),
		route({
			name: 'both',
			path: '/both',
			rules: [rules({ provider: 'a' }), rules({ provider: 'b', audience: ['b'] })],
		}),
		route({ name: 'only-b', path: '/only-b', rules: [rules({ provider: 'b' })] }),
		route({ name: 'second', path: '/second', rules: [rules({ provider: 'a2', maxLifetime: 60 })] }),
		route({
			name: 'tenant',
			path: '/t/{tenant}',
			rules: [rules({ provider: 'a', audience: ['https://{tenant}.example.com'] })],
		}),
		route({
			name: 'host-x',
			path: '/host',
			host: 'x.example.com',
			rules: [rules({ provider: 'a', clients: ['app'] })],
		}),
		route({
			name: 'host-y',
			path: '/host',
			host: 'y.example.com',
			rules: [rules({ provider: 'a', clients: ['other'] })],
		}),
		route({ name: 'open', path: '/open', public: true }),
	],
});

const tokens = [
	token('a', keyA, { scope: 'read' }),
	token('a', keyA, { scope: 'write' }),
	token('a', keyA, { aud: ['https://acme.example.com', 'b'] }),
	token('a', keyA, {}, { typ: 'JWT' }),
	token('b', keyB),
	token('b', keyB, { aud: 'b' }),
	token('a', keyB, { scope: 'read write' }, { kid: keyA.kid }),
	token('b', keyA, {}, { kid: keyB.kid }),
];
tokens.push(alter(tokens[0] ?? '', 1, 3), alter(tokens[0] ?? '', 2, 3), 'rubbish', '');

const requests = fc.record({
	target: fc.constantFrom(
		'/read',
		'/write',
		'/both',
		'/only-b',
		'/second',
		'/t/acme',
		'/t/evil',
		'/host',
		'/open',
		'/none',
	),
	host: fc.constantFrom('x.example.com', 'y.example.com', 'z.example.com'),
	jwt: fc.constantFrom(...tokens),
	advance: fc.constantFrom(0, 0, 0, 200),
});

test('no verdict leaks from one request to another', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(requests, { minLength: 2, maxLength: 25 }), async (sequence) => {
			const remembering = testPolicy(world, published);
			let elapsed = 0;
			for (const { target, host, jwt, advance } of sequence) {
				const view = requestView({ target, host, headers: jwt === '' ? [] : [bearer(jwt)] });
				remembering.clock.advance(advance);
				elapsed += advance;
				const fresh = testPolicy(world, published);
				fresh.clock.advance(elapsed);
				expect(await remembering.reason(view), `${host}${target}`).toBe(await fresh.reason(view));
			}
		}),
		{ numRuns: 60 },
	);
});

test('the sequences reach allows and refusals alike, and the memory is used', async () => {
	const { decide, reason } = testPolicy(world, published);
	const read = requestView({ target: '/read', headers: [bearer(tokens[0] ?? '')] });
	expect(await reason(read)).toBe('allow');
	expect((await decide(read)).facts.cached).toBe(true);
	const write = requestView({ target: '/write', headers: [bearer(tokens[0] ?? '')] });
	expect(await reason(write)).toBe('scope_insufficient');
	expect((await decide(write)).facts.cached).toBe(true);
	const second = requestView({ target: '/second', headers: [bearer(tokens[0] ?? '')] });
	expect(await reason(second)).toBe('token_lifetime_exceeded');
	expect((await decide(requestView({ target: '/only-b', headers: [bearer(tokens[0] ?? '')] }))).facts.cached).toBe(
		false,
	);
});
