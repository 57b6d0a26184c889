/**
 * Minted tokens, from a client's token to what backends make of them: one written with jose alone and one with
 * express-oauth2-jwt-bearer, which know an issuer and an audience and nothing else.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { freePort } from './support/redis-server.ts';
import { signJws, testKey } from './support/sign-jws.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

interface Backend {
	readonly url: string;
	close(): Promise<void>;
}

async function serve(listener: RequestListener): Promise<Backend> {
	const server = createServer(listener);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

const audience = 'orders';

/** How long a backend goes without looking at the key set, milliseconds; nothing: what the library does by itself. */
interface Caching {
	readonly cacheMaxAge?: number;
}

/** For the test, which key it was: with a token that has verified. */
function withKid(authorization: string | undefined): Record<string, string> {
	return { 'x-kid': decodeProtectedHeader((authorization ?? '').replace(/^Bearer /, '')).kid ?? '' };
}

/** Metadata, key set and rules as the README of jose has them. */
function joseBackend(issuer: string, caching: Caching = {}): Promise<Backend> {
	let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
	async function verify(authorization: string | undefined): Promise<JWTPayload> {
		if (keys === undefined) {
			const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as {
				jwks_uri: string;
			};
			keys = createRemoteJWKSet(new URL(metadata.jwks_uri), caching);
		}
		const token = /^Bearer (.*)$/.exec(authorization ?? '')?.[1] ?? '';
		const { payload } = await jwtVerify(token, keys, {
			issuer,
			audience,
			typ: 'at+jwt',
			requiredClaims: ['sub', 'jti'],
		});
		return payload;
	}
	return serve((request, response) => {
		verify(request.headers.authorization).then(
			(payload) => response.writeHead(200, withKid(request.headers.authorization)).end(JSON.stringify(payload)),
			(error: unknown) => response.writeHead(401).end(String(error)),
		);
	});
}

/** The same with express, and with what the library calls strict: all that RFC 9068 asks for. */
function expressBackend(issuer: string, caching: Caching = {}): Promise<Backend> {
	const app = express();
	app.use(auth({ issuerBaseURL: issuer, audience, strict: true, ...caching }));
	app.use((request: IncomingMessage & { auth?: { payload: JWTPayload } }, response: ServerResponse) =>
		response.writeHead(200, withKid(request.headers.authorization)).end(JSON.stringify(request.auth?.payload)),
	);
	app.use((error: { status?: number }, _request: unknown, response: ServerResponse, _next: unknown) =>
		response.writeHead(error.status ?? 500).end(),
	);
	return serve(app);
}

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('%s', (algorithm) => {
	let provider: TestProvider;
	let gateway: TestGateway;
	const backends = new Map<string, Backend>();
	let issuer: string;

	beforeAll(async () => {
		provider = await createTestProvider({ keys: [testKey('ES256', 'minting')] });
		const port = await freePort();
		issuer = `http://127.0.0.1:${port}`;
		backends.set('jose', await joseBackend(issuer));
		backends.set('express', await expressBackend(issuer));
		gateway = await startTestGateway({
			listen: `127.0.0.1:${port}`,
			minting: { issuer, algorithm },
			providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
			routes: [...backends].map(([name, { url }]) => ({
				path: `/${name}/**`,
				upstream: url,
				backend_token: { type: 'mint', audience, claims: { scope: 'scope' } },
			})),
		});
	});
	afterAll(async () => {
		await gateway.stop();
		await Promise.all([...backends.values()].map((backend) => backend.close()));
		await provider.stop();
	});

	test.each(['jose', 'express'])('%s accepts what is minted, by discovery alone, and nothing else', async (name) => {
		const token = provider.issue({ sub: 'alice', scope: 'orders:read' });
		const response = await fetch(`${gateway.url}/${name}/1`, { headers: { authorization: `Bearer ${token}` } });
		expect(response.status).toBe(200);
		const payload = (await response.json()) as JWTPayload;
		expect(payload).toMatchObject({
			iss: issuer,
			sub: 'alice',
			aud: audience,
			client_id: 'client-1',
			scope: 'orders:read',
		});

		const direct = async (authorization: string) =>
			(await fetch(backends.get(name)?.url ?? '', { headers: { authorization } })).status;
		const claims = { ...payload, jti: 'forged' };
		const stranger = testKey(algorithm, 'stranger');
		const published = (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
		const header = { alg: algorithm, typ: 'at+jwt', kid: published.keys[0]?.kid ?? '' };
		for (const forged of [
			token,
			signJws({ header, payload: claims, key: stranger }),
			signJws({ header: { ...header, kid: stranger.kid }, payload: claims, key: stranger }),
			`${btoa(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).replaceAll('=', '')}.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.`,
		]) {
			expect(await direct(`Bearer ${forged}`)).toBe(401);
		}
		expect(await direct('')).toBe(name === 'jose' ? 401 : 400);
	});
});

test('rotation of the minting key under 200 requests a second: both backends refuse none, and see both keys', async () => {
	const provider = await createTestProvider({ keys: [testKey('ES256', 'minting-rotation')] });
	const port = await freePort();
	const issuer = `http://127.0.0.1:${port}`;
	// As short as the overlap: a backend looks again before a key that it does not know can sign.
	const caching = { cacheMaxAge: 500 };
	const backends = { jose: await joseBackend(issuer, caching), express: await expressBackend(issuer, caching) };
	const gateway = await startTestGateway({
		listen: `127.0.0.1:${port}`,
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store: { type: 'memory' },
		minting: { issuer, publish_ahead: '1s', keys_max_age: '1s' },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: Object.entries(backends).map(([name, { url }]) => ({
			path: `/${name}`,
			upstream: url,
			backend_token: { type: 'mint', audience },
		})),
	});
	onTestFinished(async () => {
		await gateway.stop();
		await Promise.all(Object.values(backends).map((backend) => backend.close()));
		await provider.stop();
	});
	const begin = performance.now();
	const answers: Promise<{ readonly status: number; readonly kid: string | null }>[] = [];
	let isRotated = false;
	for (let n = 0; performance.now() - begin < 2_900; n++) {
		// A token that was never seen half of the time, so that each moment signs; the other half are kept ones.
		const jti = n % 2 === 0 ? `new-${n}` : 'known';
		const authorization = `Bearer ${jti === 'known' ? known(provider) : provider.issue({ jti })}`;
		answers.push(
			fetch(`${gateway.url}/${n % 4 < 2 ? 'jose' : 'express'}`, { headers: { authorization } }).then(
				async (response) => {
					await response.arrayBuffer();
					return { status: response.status, kid: response.headers.get('x-kid') };
				},
			),
		);
		if (!isRotated && performance.now() - begin > 300) {
			isRotated = true;
			const rotated = await fetch(`${gateway.gateway.adminUrl}/minting/rotate`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: '{}',
			});
			expect(rotated.status).toBe(200);
		}
		const ahead = n * 5 - (performance.now() - begin);
		if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead));
	}
	const all = await Promise.all(answers);
	expect(all.length).toBeGreaterThan(200);
	expect(all.filter(({ status }) => status !== 200)).toEqual([]);
	expect(new Set(all.map(({ kid }) => kid)).size).toBe(2);
});

const knownTokens = new WeakMap<TestProvider, string>();
function known(provider: TestProvider): string {
	const token = knownTokens.get(provider) ?? provider.issue({ jti: 'known' });
	knownTokens.set(provider, token);
	return token;
}
