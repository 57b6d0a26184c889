import { expect, test } from 'vitest';
import { createClientAuthentication } from '#keys/authorization-server/client-authentication';
import { createEndpoint, type EndpointDefinition } from '#keys/authorization-server/endpoint';
import { createEndpointCall, type EndpointCall, EndpointCallError } from '#keys/authorization-server/endpoint-call';
import {
	fakeClock,
	fakeFetcher,
	fakePoster,
	fakeTimers,
	realCryptography,
	settled,
} from '../../../test/support/fake-runtime.ts';

const issuer = 'https://idp.example.com/';
const metadata = `${issuer}.well-known/openid-configuration`;
const discovery: EndpointDefinition = {
	from: 'discovery',
	issuer,
	urls: [metadata],
	insecureHttp: false,
	checkIssuer: true,
};

function build(definition: EndpointDefinition = { from: 'url', url: `${issuer}introspect` }, mutualTls = false) {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const poster = fakePoster();
	const fetcher = fakeFetcher();
	const endpoint = createEndpoint({
		name: 'introspection_endpoint',
		definition,
		mutualTls,
		fetcher,
		clock,
		limits: { timeout: 1000, maxBytes: 10_000 },
	});
	const client = createClientAuthentication(
		{ id: 'gateway', authentication: { method: 'client_secret_post', secret: 's&' } },
		{ clock, cryptography: realCryptography },
	);
	const limits = { timeout: 1000, concurrency: 2, waiting: 3 };
	return {
		clock,
		timers,
		poster,
		fetcher,
		call: createEndpointCall({ endpoint, client, poster, clock, timers, limits }),
	};
}

const ask = (call: EndpointCall) => call.post([['token', 'a b&']], 'application/json');
const codeOf = (call: EndpointCall) =>
	ask(call).then(
		({ status }) => status,
		(error: unknown) => (error instanceof EndpointCallError ? error.code : error),
	);

test('sends the form once, with proof of who we are', async () => {
	const { poster, call } = build();
	poster.answer({ body: { active: true } });
	expect((await ask(call)).body).toBe('{"active":true}');
	expect(poster.posts).toEqual([
		{
			url: `${issuer}introspect`,
			post: {
				headers: [['accept', 'application/json']],
				body: 'token=a+b%26&client_id=gateway&client_secret=s%26',
				certificate: undefined,
				timeout: 1000,
				maxBytes: 262_144,
			},
		},
	]);
});

test('the circuit opens after five failures and tries again by itself; nobody is asked meanwhile', async () => {
	const { clock, poster, call } = build();
	poster.answer(new Error('the connection was refused'));
	for (let i = 0; i < 5; i++) expect(await codeOf(call)).toBe('no_answer');
	expect(await codeOf(call)).toBe('circuit_open');
	expect(poster.posts).toHaveLength(5);
	expect(call.status()).toMatchObject({ open: true, calls: 5, failures: 5, lastError: 'the connection was refused' });
	clock.advance(1000);
	expect(await codeOf(call)).toBe('no_answer');
	expect(await codeOf(call)).toBe('circuit_open');
	clock.advance(2000);
	poster.answer({ status: 200 });
	expect(await codeOf(call)).toBe(200);
	expect(call.status()).toMatchObject({ open: false, lastError: undefined });
});

test.each([500, 503, 401, 403, 408, 429])('a status of %i counts for the breaker', async (status) => {
	const { poster, call } = build();
	poster.answer({ status });
	for (let i = 0; i < 5; i++) expect(await codeOf(call)).toBe(status);
	expect(await codeOf(call)).toBe('circuit_open');
});

test('a 400, which one odd token can cause, cuts off nobody', async () => {
	const { poster, call } = build();
	poster.answer({ status: 400 });
	for (let i = 0; i < 20; i++) expect(await codeOf(call)).toBe(400);
	expect(call.status().open).toBe(false);
});

test('a server that hangs is asked by so many at a time; the others wait, or are turned away', async () => {
	const { timers, poster, call } = build();
	poster.answer(() => new Promise(() => {}));
	const asked = Array.from({ length: 6 }, () => codeOf(call));
	await settled();
	expect(poster.posts).toHaveLength(2);
	expect(call.status()).toMatchObject({ underWay: 2, waiting: 3 });
	expect(await asked[5]).toBe('busy');
	await timers.advance(1000);
	expect(await Promise.all(asked.slice(2, 5))).toEqual(['busy', 'busy', 'busy']);
	expect(call.status()).toMatchObject({ underWay: 2, waiting: 0 });
});

test('who waited while the circuit opened does not ask any more', async () => {
	const { poster, call } = build();
	poster.answer({ status: 500 });
	for (let i = 0; i < 4; i++) await ask(call);
	const gates: ((answer: { status: number }) => void)[] = [];
	poster.answer(() => new Promise((resolve) => gates.push(resolve)));
	const asked = Array.from({ length: 4 }, () => codeOf(call));
	await settled();
	for (const open of gates) open({ status: 500 });
	expect(await Promise.all(asked)).toEqual([500, 500, 'circuit_open', 'circuit_open']);
	expect(poster.posts).toHaveLength(6);
	expect(call.status()).toMatchObject({ underWay: 0, waiting: 0 });
});

test('the endpoint comes from the metadata, is kept for an hour, and survives an outage of the metadata', async () => {
	const { clock, fetcher, poster, call } = build(discovery);
	poster.answer({ status: 200 });
	fetcher.answer(metadata, { body: { issuer, introspection_endpoint: `${issuer}one` } });
	await call.warm();
	expect(call.status().url).toBe(`${issuer}one`);
	await Promise.all([ask(call), ask(call)]);
	expect(fetcher.requests).toHaveLength(1);
	clock.advance(3_600_000);
	fetcher.answer(metadata, new Error('down'));
	await ask(call);
	await ask(call);
	expect(fetcher.requests).toHaveLength(2);
	fetcher.answer(metadata, { body: { issuer, introspection_endpoint: `${issuer}two` } });
	clock.advance(60_000);
	await ask(call);
	expect(poster.posts.map(({ url }) => url.slice(issuer.length))).toEqual(['one', 'one', 'one', 'one', 'two']);
});

test.each([
	['another issuer', { issuer: 'https://evil.example/', introspection_endpoint: `${issuer}x` }, 'must be equal'],
	['no endpoint', { issuer }, 'names no introspection_endpoint'],
	['an endpoint over http', { issuer, introspection_endpoint: 'http://idp.example.com/x' }, 'refused'],
	['an endpoint on this machine over http', { issuer, introspection_endpoint: 'http://127.0.0.1/x' }, 'over https'],
	['an endpoint that is no URL', { issuer, introspection_endpoint: '/x' }, 'refused'],
])('metadata with %s: nobody is asked', async (_, body, message) => {
	const { fetcher, poster, call } = build(discovery);
	fetcher.answer(metadata, { body });
	await expect(ask(call)).rejects.toThrow(message);
	expect(poster.posts).toEqual([]);
});

test('with a client certificate the alias for it is asked (RFC 8705 §5)', async () => {
	const body = {
		issuer,
		introspection_endpoint: `${issuer}plain`,
		mtls_endpoint_aliases: { introspection_endpoint: 'https://mtls.example.com/introspect' },
	};
	for (const [mutualTls, url] of [
		[true, 'https://mtls.example.com/introspect'],
		[false, `${issuer}plain`],
	] as const) {
		const { fetcher, poster, call } = build(discovery, mutualTls);
		fetcher.answer(metadata, { body });
		poster.answer({ status: 200 });
		await ask(call);
		expect(poster.posts[0]?.url).toBe(url);
	}
});
