/**
 * Minted tokens, from a client's token to what backends make of them: one written with jose alone and one with
 * express-oauth2-jwt-bearer, which know an issuer and an audience and nothing else.
 */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

/** Metadata, key set and rules as the README of jose has them. */
function joseBackend(issuer: string): Promise<Backend> {
	let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
	async function verify(authorization: string | undefined): Promise<JWTPayload> {
		if (keys === undefined) {
			const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as {
				jwks_uri: string;
			};
			keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
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
			(payload) => response.end(JSON.stringify(payload)),
			(error: unknown) => response.writeHead(401).end(String(error)),
		);
	});
}

/** The same with express, and with what the library calls strict: all that RFC 9068 asks for. */
function expressBackend(issuer: string): Promise<Backend> {
	const app = express();
	app.use(auth({ issuerBaseURL: issuer, audience, strict: true }));
	app.use((request: { auth?: { payload: JWTPayload } }, response: ServerResponse) =>
		response.end(JSON.stringify(request.auth?.payload)),
	);
	app.use((error: { status?: number }, _request: unknown, response: ServerResponse, _next: unknown) =>
		response.writeHead(error.status ?? 500).end(),
	);
	return serve(app);
}

describe.each(['ES256', 'RS256'] as const)('%s', (algorithm) => {
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
