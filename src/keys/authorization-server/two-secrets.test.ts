/** Two secrets of one client while one replaces the other: the one that the server takes is found and remembered. */
import { expect, test } from 'vitest';
import { fakeClock, fakePoster, fakeTimers, realCryptography } from '../../../test/support/fake-runtime.ts';
import { createClientAuthentication } from './client-authentication.ts';
import { createEndpointCall } from './endpoint-call.ts';

function rig(method: 'client_secret_basic' | 'client_secret_post', refusal: { status: number; body?: unknown }) {
	const clock = fakeClock();
	const poster = fakePoster();
	let accepted = 'new';
	const secretOf = (body: string, headers: readonly (readonly [string, string])[]) => {
		const basic = headers.find(([name]) => name === 'authorization')?.[1].slice('Basic '.length) ?? '';
		return new URLSearchParams(body).get('client_secret') ?? atob(basic).split(':')[1];
	};
	poster.answer(({ body, headers }) => (secretOf(body, headers) === accepted ? { body: '{}' } : refusal));
	const call = createEndpointCall({
		endpoint: { url: () => 'https://idp.example.com/token', known: undefined },
		client: createClientAuthentication(
			{ id: 'gateway', authentication: { method, secret: 'old', secondary: 'new' } },
			{ clock, cryptography: realCryptography },
		),
		poster,
		clock,
		timers: fakeTimers(clock),
	});
	return {
		post: async () => (await call.post([['grant_type', 'client_credentials']], 'application/json')).status,
		accept: (secret: string) => {
			accepted = secret;
		},
		calls: () => poster.posts.splice(0).length,
	};
}

test.each([
	['client_secret_basic', { status: 401 }],
	['client_secret_post', { status: 400, body: { error: 'invalid_client' } }],
] as const)('%s', async (method, refusal) => {
	const { post, accept, calls } = rig(method, refusal);
	expect(await post()).toBe(200);
	expect(calls()).toBe(2);
	expect(await post()).toBe(200);
	expect(calls()).toBe(1);
	accept('old');
	expect(await Promise.all([post(), post(), post()])).toEqual([200, 200, 200]);
	expect(calls()).toBe(6);
	expect(await post()).toBe(200);
	expect(calls()).toBe(1);
	accept('neither');
	expect(await post()).toBe(refusal.status);
	expect(calls()).toBe(2);
});

test('another refusal says nothing about the secret', async () => {
	const { post, calls } = rig('client_secret_basic', { status: 400, body: { error: 'invalid_grant' } });
	expect(await post()).toBe(400);
	expect(calls()).toBe(1);
});
