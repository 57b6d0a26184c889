import { describe, expect, test } from 'vitest';
import { definition, provider, route, rules } from '../../test/support/definition.ts';
import { keyThumbprint, makeProof } from '../../test/support/dpop.ts';
import { testPolicy, token } from '../../test/support/policy.ts';
import { bearer, requestView } from '../../test/support/request-view.ts';
import { alter, testKey } from '../../test/support/sign-jws.ts';
import { explain } from './explain.ts';
import { explainedRequest } from './explained-request.ts';

const key = testKey('ES256', 'explain');
const now = Date.UTC(2026, 0, 1) / 1000;

const world = definition({
	providers: [provider({ name: 'idp' }), provider({ name: 'other' })],
	routes: [
		route({
			name: 'orders',
			path: '/orders/{tenant}',
			methods: ['GET'],
			rules: [
				rules({
					provider: 'idp',
					audience: ['https://{tenant}.example.com'],
					maxLifetime: 600,
					clients: ['app'],
					scopes: { allOf: ['read'], anyOf: [] },
					claims: [{ claim: 'role', test: { kind: 'equals', value: 'nurse' } }],
				}),
			],
		}),
		route({
			name: 'reports',
			path: '/reports/{tenant}',
			rules: [rules({ provider: 'idp', audience: ['https://{tenant}.example.com'] })],
		}),
		route({
			name: 'elsewhere',
			path: '/elsewhere',
			rules: [rules({ provider: 'other', audience: ['https://acme.example.com'] })],
		}),
		route({ name: 'health', path: '/health', public: true }),
	],
});
const { policy } = testPolicy(world, { idp: [key], other: [key] });
const good = { aud: 'https://acme.example.com', scope: 'read', role: 'nurse' };
const ask = (jwt: string, target = '/orders/acme', method = 'GET') =>
	explain(policy, requestView({ target, method, headers: [bearer(jwt)] }));

describe('ten differently broken tokens each get the one right check', () => {
	test.each<[string, string, string]>([
		['form', 'token_malformed', 'x.y'],
		['provider', 'issuer_unknown', token('nobody', key, good)],
		['algorithm', 'algorithm_rejected', token('idp', key, good, { alg: 'none' })],
		['key', 'key_unknown', token('idp', key, good, { kid: 'gone' })],
		['signature', 'signature_invalid', alter(token('idp', key, good), 2)],
		['type', 'token_type_rejected', token('idp', key, good, { typ: 'logout+jwt' })],
		['time', 'token_expired', token('idp', key, { ...good, exp: now - 5, iat: now - 60 })],
		['lifetime', 'token_lifetime_exceeded', token('idp', key, { ...good, exp: now + 7200 })],
		['audience', 'audience_mismatch', token('idp', key, { ...good, aud: 'https://evil.example.com' })],
		['client', 'client_not_allowed', token('idp', key, { ...good, client_id: 'web' })],
		['scopes', 'scope_insufficient', token('idp', key, { ...good, scope: 'write' })],
		['claims', 'claim_mismatch', token('idp', key, { ...good, role: 'porter' })],
		['binding', 'binding_missing', token('idp', key, { ...good, cnf: {} })],
	])('%s: %s', async (check, reason, jwt) => {
		const told = await ask(jwt);
		expect(told).toMatchObject({ outcome: reason, check });
		expect(told.findings.filter((finding) => finding.outcome === 'refused').map((finding) => finding.check)).toEqual([
			check,
		]);
		expect(JSON.stringify(told)).not.toContain(jwt);
	});
});

test('a good token passes every check of the list', async () => {
	const told = await ask(token('idp', key, good));
	expect(told).toMatchObject({ outcome: 'allow', genuine: true, route: 'orders', provider: 'idp' });
	expect(told.findings.every((finding) => finding.outcome === 'passed')).toBe(true);
	expect(told.elsewhere.routes).toEqual(['reports']);
});

test('everything that is wrong is found in one run, genuine or not', async () => {
	const told = await ask(alter(token('idp', key, { ...good, scope: '', exp: now - 10 }), 2));
	expect(told.genuine).toBe(false);
	expect(told.findings.filter((finding) => finding.outcome === 'refused').map((finding) => finding.check)).toEqual([
		'signature',
		'time',
		'scopes',
	]);
});

test('expected and found are there to read', async () => {
	const told = await ask(token('idp', key, { ...good, aud: ['a', 'b'] }));
	expect(told.findings.find((finding) => finding.check === 'audience')).toMatchObject({
		expected: 'aud: https://acme.example.com',
		found: 'aud: a, b',
	});
});

test('a provider that is not on this route, and the routes it is on, are named', async () => {
	const told = await ask(token('other', key, good));
	expect(told).toMatchObject({ outcome: 'issuer_unknown', elsewhere: { providers: ['other'], routes: ['elsewhere'] } });
});

test('a path is taken below the public URL', async () => {
	const request = explainedRequest(
		{ ...policy, publicUrl: 'https://api.example.com' },
		{ url: '/orders/acme', method: 'GET', token: token('idp', key, good) },
	);
	if (request === undefined) throw new Error('no request');
	expect(request).toMatchObject({ scheme: 'https', host: 'api.example.com' });
	expect(await explain(policy, request)).toMatchObject({ outcome: 'allow', route: 'orders' });
	expect(explainedRequest(policy, { url: 'ftp://x/', method: 'GET', token: undefined })).toBeUndefined();
});

test('a request that no route takes is told so', async () => {
	expect(await ask('x', '/nowhere')).toMatchObject({ outcome: 'route_not_found', check: 'path' });
	expect(await ask('x', '/orders/acme', 'POST')).toMatchObject({ outcome: 'method_not_allowed', check: 'method' });
	expect(await ask('x', '/health')).toMatchObject({ outcome: 'allow', public: true });
});

test('a token issued by a clock ahead of ours shows by how much', async () => {
	expect(await ask(token('idp', key, { ...good, iat: now + 90 }))).toMatchObject({
		issuedAhead: 90,
		outcome: 'token_not_yet_valid',
	});
});

test('a DPoP proof is judged and not used up; a bad one is found out', async () => {
	const { policy: own, decide } = testPolicy(world, { idp: [key], other: [key] });
	const jwt = token('idp', key, { ...good, cnf: { jkt: keyThumbprint() } });
	const url = 'https://api.example.com/orders/acme';
	const proofFor = (of: string) => makeProof({ url: of, token: jwt, now });
	const asked = (proof: string | undefined) => {
		const headers = proof === undefined ? [] : ([['dpop', proof]] as const);
		const request = explainedRequest(own, { url, method: 'GET', token: jwt, headers });
		if (request === undefined) throw new Error('no request');
		return request;
	};
	const proof = proofFor(url);
	for (let n = 0; n < 3; n++) expect((await explain(own, asked(proof))).outcome).toBe('allow');
	const bad = await explain(own, asked(proofFor('https://api.example.com/orders/other')));
	expect(bad).toMatchObject({ outcome: 'dpop_proof_invalid', check: 'binding' });
	const found = bad.findings.find(({ check }) => check === 'binding')?.found;
	expect(found).toBe('htu is not https://api.example.com/orders/acme');
	expect((await explain(own, asked(undefined))).outcome).toBe('binding_missing');
	expect(await decide(asked(proof))).toMatchObject({ kind: 'allow' });
	expect(await decide(asked(proof))).toMatchObject({ kind: 'deny', reason: 'dpop_proof_replayed' });
});

test('a preflight is answered, not forwarded; without CORS it is a request like any other', async () => {
	const preflight = requestView({
		target: '/health',
		method: 'OPTIONS',
		headers: [
			['origin', 'https://app.example.com'],
			['access-control-request-method', 'GET'],
		],
	});
	const cors = {
		origins: ['https://app.example.com'],
		methods: ['GET'],
		headers: [],
		exposeHeaders: [],
		credentials: false,
		maxAge: 600,
	};
	const routes = [route({ name: 'health', path: '/health', methods: ['GET'], public: true })];
	const told = async (parts: object) => explain(testPolicy(definition({ routes, ...parts }), {}).policy, preflight);
	expect(await told({ cors })).toMatchObject({ outcome: 'allow', own: 'preflight', answered: 204, route: 'health' });
	expect(await told({})).toMatchObject({ outcome: 'method_not_allowed', own: undefined });
});
