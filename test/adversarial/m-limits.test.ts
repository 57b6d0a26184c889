/** Group M: requests that are too large, announce too much or go away (M17, M19, M22). */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { alter, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;
/** Responses that the upstream has begun and never ends. */
const held: ServerResponse[] = [];

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	rig = await startGuardedGateway(
		(upstream) => ({
			providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
			routes: [{ name: 'all', path: '/**', upstream }],
		}),
		{
			answer(request, response) {
				if (request.url === '/silent') return;
				if (request.url === '/endless') {
					held.push(response);
					response.writeHead(200, { 'content-type': 'text/event-stream' });
					response.write('data: first\n\n');
					return;
				}
				response.end('hello from upstream');
			},
		},
	);
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

const fields = (count: number, value: string) => Array.from({ length: count }, (_, n) => [`x-${n}`, value] as const);

test.each([
	['100 fields of 8 KiB', fields(100, 'v'.repeat(8192)), '/'],
	['20,000 fields', fields(20_000, ''), '/'],
	['one field more than 100', fields(98, 'v'), '/'],
	['a target of 1 MiB', [], `/${'a'.repeat(1_048_576)}`],
	['a query of 1 MiB', [], `/?${'a'.repeat(1_048_576)}`],
	['a field name of 64 KiB', [['x'.repeat(65_536), 'v']], '/'],
	['a user agent of 1 MiB', [['User-Agent', 'a'.repeat(1_048_576)]], '/'],
] as const)('M17: %s', async (_, headers, target) => {
	// Two fields more: Host and Authorization. What is refused for its size is never decided, hence no challenge.
	const token = provider.issue();
	const all = headers.length === 98 ? [...headers, ['x-last', 'v'] as const] : headers;
	expectRefused(await rig.send({ target, token, headers: all }), '431', 'headers_too_large');
});

test('M17: a hundred fields are within the limit', async () => {
	expectForwarded(await rig.send({ token: provider.issue(), headers: fields(98, 'v') }));
});

test('M17: empty lines before a request, which a server may skip (RFC 9112 §2.2), change nothing about it', async () => {
	const seen = await rig.sendBytes('\r\n'.repeat(50_000) + requestBytes());
	expectRefused(seen, '401-NC', 'credential_missing');
});

test.each([
	['no token', 'credential_missing', null],
	['an altered token', 'signature_invalid', 'invalid_token'],
] as const)('M19: Expect: 100-continue, a body of 2 GB and %s', async (name, reason, error) => {
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	const token = name === 'no token' ? undefined : alter(provider.issue(), 2);
	const client = await rawClient(rig.gateway.url);
	client.send(
		requestBytes({
			method: 'PUT',
			...(token === undefined ? {} : { token }),
			headers: [
				['Expect', '100-continue'],
				['Content-Length', '2147483648'],
			],
		}),
	);
	const response = await client.response();
	expect(response.status).toBe(401);
	expect(/error="(\w+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1] ?? null).toBe(error);
	expect(response.headers.get('connection')).toBe('close');
	expect(client.interim).toEqual([]);
	// The client does not listen and sends on: the gateway does not wait for 2 GB.
	client.send('x'.repeat(1_048_576));
	await client.closed();
	const record = await rig.gateway.record(records + 1);
	expect(record).toMatchObject({ decision: 'deny', reason, status: 401 });
	expect(rig.upstream.requests).toHaveLength(arrived);
	if (token !== undefined) expectNoTrace(token, { response, record, forwarded: [] }, rig.gateway);
});

test('M19: with a good token the client is told to go on, and the body arrives', async () => {
	const client = await rawClient(rig.gateway.url);
	const arrived = rig.upstream.requests.length;
	const headers = [
		['Expect', '100-continue'],
		['Content-Length', '4'],
	] as const;
	client.send(requestBytes({ method: 'PUT', token: provider.issue(), headers }));
	const response = client.response();
	await expect.poll(() => client.received()).toContain('HTTP/1.1 100 ');
	client.send('body');
	expect((await response).status).toBe(200);
	client.destroy();
	expect(rig.upstream.requests[arrived]?.body).toBe('body');
	expect(rig.upstream.requests[arrived]?.values('expect')).toEqual([]);
});

/** Sends, waits until the upstream has the request and `ready`, goes away; then the upstream must notice. */
async function abandon(bytes: string, ready: (received: string) => boolean): Promise<void> {
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	const client = await rawClient(rig.gateway.url);
	client.send(bytes);
	await rig.upstream.arrived(arrived + 1);
	await expect.poll(() => ready(client.received())).toBe(true);
	const request = rig.upstream.requests[arrived];
	expect(request?.aborted).toBe(false);
	client.destroy();
	await expect.poll(() => request?.aborted).toBe(true);
	const record = await rig.gateway.record(records + 1);
	expect(record).toMatchObject({ decision: 'allow' });
	expect(rig.upstream.requests).toHaveLength(arrived + 1);
}

test('M22: a client that leaves before the response', async () => {
	await abandon(requestBytes({ target: '/silent', token: provider.issue() }), () => true);
});

test('M22: a client that leaves in the middle of its body', async () => {
	const headers = [['Content-Length', '1000']] as const;
	await abandon(
		`${requestBytes({ method: 'POST', target: '/silent', token: provider.issue(), headers })}begun`,
		() => true,
	);
});

test('M22: a client that leaves in the middle of the response', async () => {
	await abandon(requestBytes({ target: '/endless', token: provider.issue() }), (received) =>
		received.includes('first'),
	);
	expect(held.length).toBeGreaterThan(0);
});
