/** L01–L05, L08: tokens that are exchanged for upstreams, where the server on the other side does what it must not. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectNoTrace, expectRefused, type GuardedGateway, startGuardedGateway } from '../support/guarded-gateway.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';
import {
	type AskedToken,
	startTokenEndpoint,
	type TokenAnswer,
	type TokenEndpoint,
} from '../support/token-endpoint.ts';

const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const secret = 'canary-secret-of-the-gateway';
let idp: TestProvider;
let endpoint: TokenEndpoint;
let rig: GuardedGateway;
let issued = 0;

/** A token that tells whose it is; opaque, and of the form that headers take. */
function issue({ form }: AskedToken): TokenAnswer {
	issued++;
	const name = `${form.get('subject_token')?.slice(-12)}.${form.getAll('audience').join('.')}`;
	const token = `exchanged-${issued}-${name.replaceAll(/[^A-Za-z0-9._-]/g, '')}`;
	return { body: { access_token: token, issued_token_type: accessToken, token_type: 'Bearer', expires_in: 60 } };
}

beforeAll(async () => {
	idp = await createTestProvider();
	endpoint = await startTokenEndpoint();
	const exchanged = (more: object) => ({
		type: 'exchange',
		audience: 'orders',
		token_endpoint: endpoint.url,
		client: { id: 'gateway', secret },
		timeout: '500ms',
		...more,
	});
	rig = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: idp.issuer, audience: idp.audience } },
		routes: [
			{ path: '/orders', upstream, backend_token: exchanged({}) },
			{ path: '/scoped', upstream, backend_token: exchanged({ scope: 'orders:read' }) },
			{ path: '/{tenant}/of', upstream, backend_token: exchanged({ audience: 'of-{tenant}' }) },
			...['refused', 'fault', 'slow', 'none'].map((name) => ({
				path: `/${name}`,
				upstream,
				backend_token: exchanged({ audience: name }),
			})),
			{ path: '/plain', upstream },
		],
	}));
});

beforeEach(() => endpoint.answer(issue));

afterAll(async () => {
	await rig.stop();
	await endpoint.stop();
	await idp.stop();
});

const tokenOf = (subject: string, claims: Readonly<Record<string, unknown>> = {}) =>
	idp.issue({ sub: subject, ...claims });
const forwardedToken = (seen: Awaited<ReturnType<GuardedGateway['send']>>) => {
	expect(seen.response.status).toBe(200);
	expect(seen.forwarded[0]?.values('authorization')).toHaveLength(1);
	return seen.forwarded[0]?.values('authorization')[0];
};

test('L01: one subject, target and scope has one token, and no two have the same', async () => {
	const [a, b] = [tokenOf('a'), tokenOf('b')];
	const seen = new Map<string, string>();
	for (let round = 0; round < 2; round++) {
		for (const target of ['/orders', '/scoped', '/x/of', '/y/of']) {
			for (const [who, token] of [['a', a] as const, ['b', b] as const]) {
				const given = forwardedToken(await rig.send({ target, token })) ?? '';
				expect(given).toContain(token.slice(-12).replaceAll(/[^A-Za-z0-9._-]/g, ''));
				expect(seen.get(`${who} ${target}`) ?? given).toBe(given);
				seen.set(`${who} ${target}`, given);
			}
		}
	}
	expect(new Set(seen.values()).size).toBe(8);
});

test('L02: the subject’s token ends between verification and exchange', async () => {
	endpoint.answer({ status: 400, body: { error: 'invalid_grant', error_description: 'canary of the server' } });
	const seen = await rig.send({ target: '/orders', token: tokenOf('late') });
	expectRefused(seen, '401-IT', 'exchange_refused');
	expect(JSON.stringify(seen) + rig.gateway.log.join()).not.toContain('canary of the server');
});

const good = { access_token: 'opaque-token', issued_token_type: accessToken, token_type: 'Bearer', expires_in: 60 };
test.each<[string, object]>([
	['token_type N_A', { token_type: 'N_A' }],
	['no issued_token_type', { issued_token_type: undefined }],
	['a refresh token', { refresh_token: 'canary-refresh-token' }],
	['a larger scope', { scope: 'orders:read admin' }],
	[
		'another audience',
		{ access_token: `${btoa('{"alg":"RS256"}')}.${btoa('{"aud":"billing"}')}.c2ln`.replaceAll('=', '') },
	],
	['a token that breaks its header', { access_token: 'a\r\nx-admin: true' }],
	['a life that is over', { expires_in: 0 }],
])('L03: %s: nothing is forwarded', async (name, change) => {
	endpoint.answer({ body: { ...good, ...change } });
	const token = tokenOf(`L03 ${name}`);
	const seen = await rig.send({ target: '/none', token });
	expectRefused(seen, '503', 'backend_token_unavailable');
	expect(JSON.stringify(seen) + rig.gateway.log.join()).not.toContain('canary-refresh-token');
	endpoint.answer(issue);
	forwardedToken(await rig.send({ target: '/none', token }));
});

test.each<[string, TokenAnswer, '401-IT' | '503']>([
	[
		'400 invalid_grant',
		{ status: 400, body: { error: 'invalid_grant', error_description: 'canary of the server' } },
		'401-IT',
	],
	[
		'401 invalid_client',
		{ status: 401, body: { error: 'invalid_client', error_description: 'canary of the server' } },
		'503',
	],
	['500', { status: 500, body: 'canary of the server' }, '503'],
	['HTML', { status: 200, body: '<html>canary of the server</html>' }, '503'],
	['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:1/canary of the server' } }, '503'],
	['slow', { hangs: true }, '503'],
])('L04: %s', async (name, answer, expected) => {
	endpoint.answer(answer);
	const token = tokenOf(`L04 ${name}`);
	const seen = await rig.send({ target: expected === '503' ? '/fault' : '/refused', token });
	expectRefused(seen, expected, expected === '503' ? 'backend_token_unavailable' : 'exchange_refused');
	const told = JSON.stringify(seen) + rig.gateway.log.join();
	expect(told).not.toContain('canary of the server');
	expect(told).not.toContain(secret);
	// A success closes the circuit for the next one.
	endpoint.answer(issue);
	forwardedToken(await rig.send({ target: '/fault', token: tokenOf('well again') }));
});

test('L05: what a client sends in the name of a backend token is gone, on every route', async () => {
	const token = tokenOf('spoofer');
	const spoofed = [
		['X-Ms-Token-Aad-Access-Token', 'spoofed'],
		['X-Forwarded-Access-Token', 'spoofed'],
		['X_Access_Token', 'spoofed'],
		['Proxy-Authorization', 'Bearer spoofed'],
	] as const;
	for (const target of ['/orders', '/plain']) {
		const seen = await rig.send({ target, token, headers: spoofed });
		expect(seen.forwarded[0]?.lines.join('\n')).not.toContain('spoofed');
		expectNoTrace(token, seen, rig.gateway);
	}
	const second = await rig.send({ target: '/orders', token, headers: [['Authorization', 'Bearer spoofed']] });
	expectRefused(second, '400-IR', 'credential_repeated');
});

test('L08: audience and resource are the configuration’s; of the request only the path parameter goes in, as one value', async () => {
	const token = tokenOf('ssrf');
	const asked = endpoint.asked.length;
	const target = '/acme/of?resource=http://169.254.169.254/&audience=evil';
	forwardedToken(
		await rig.send({
			target,
			token,
			headers: [
				['Resource', 'evil'],
				['X-Audience', 'evil'],
			],
		}),
	);
	const form = endpoint.asked[asked]?.form;
	expect(form?.getAll('audience')).toEqual(['of-acme']);
	expect(form?.has('resource')).toBe(false);
	for (const odd of ['a%26audience%3Devil', 'http:%2f%2fevil', 'a&audience=evil', 'a%20b']) {
		const { response } = await rig.send({ target: `/${odd}/of`, token });
		expect(response.status).toBeGreaterThanOrEqual(400);
	}
	expect(endpoint.asked).toHaveLength(asked + 1);
});
