/** Tokens bound to a key, each request with a proof of its own (RFC 9449); the proofs are remembered in each of the stores. */
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { join } from 'node:path';
import { freePort, startChild, versionOf } from '../child.ts';
import type { Running } from '../peers/peer.ts';
import type { Issuer } from '../tokens.ts';
import type { Variant } from './variant.ts';

const publicUrl = 'https://api.example.com';
/** Clients, each with one key and one token: proofs are what no two requests share. */
const clients = 200;

interface Store {
	readonly config: object;
	stop(): Promise<void>;
}

const nothing = async () => undefined;

export const dpopOnMemory: Variant = dpop('memory', nothing, async () => ({
	config: { type: 'memory' },
	stop: nothing,
}));

export const dpopOnSqlite: Variant = dpop('SQLite', nothing, async (folder) => ({
	config: { type: 'sqlite', path: join(folder, 'store.db') },
	stop: nothing,
}));

export const dpopOnRedis: Variant = dpop('Redis', missingRedis, async (folder) => {
	const { port, stop } = await startRedis(folder);
	return { config: { type: 'redis', url: `redis://127.0.0.1:${port}` }, stop };
});

function dpop(where: string, missing: Variant['missing'], open: (folder: string) => Promise<Store>): Variant {
	return {
		id: `dpop-${where.toLowerCase()}`,
		name: `DPoP, ${where}`,
		label: 'each request',
		about: `tokens bound to a key and seen before, a new ES256 proof on every request, proofs remembered in ${where}`,
		missing,
		async prepare({ folder, issuer }, plain) {
			const { config: store, stop } = await open(folder);
			const bound = boundTokens(issuer);
			return {
				config: { ...plain, public_url: publicUrl, store, dpop: {} },
				once: true,
				credentials: async (count) =>
					Array.from({ length: count }, (_, index) => {
						const { token, ath, jwk, key } = bound[index % clients] as BoundToken;
						const proof = sealed(
							{ typ: 'dpop+jwt', alg: 'ES256', jwk },
							{ jti: randomUUID(), htm: 'GET', htu: `${publicUrl}/orders/1`, iat: seconds(), ath },
							key,
						);
						return `Authorization: DPoP ${token}\tDPoP: ${proof}`;
					}),
				stop,
			};
		},
	};
}

interface BoundToken {
	readonly token: string;
	readonly ath: string;
	readonly jwk: object;
	readonly key: KeyObject;
}

function boundTokens(issuer: Issuer): readonly BoundToken[] {
	return Array.from({ length: clients }, (): BoundToken => {
		const { publicKey, privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
		const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
		const jwk = { crv, kty, x, y };
		const token = issuer.mint({ cnf: { jkt: digest(JSON.stringify(jwk)) } });
		return { token, ath: digest(token), jwk, key };
	});
}

function sealed(header: object, payload: object, key: KeyObject): string {
	const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
	const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
	return `${signed}.${signature.toString('base64url')}`;
}

function digest(text: string): string {
	return createHash('sha256').update(text).digest('base64url');
}

function seconds(): number {
	return Math.floor(Date.now() / 1000);
}

async function missingRedis(): Promise<string | undefined> {
	const version = await versionOf('redis-server', ['--version'], /v=(\S+)/);
	return version === undefined ? 'redis-server is not installed' : undefined;
}

/** As it comes, but keeps nothing. */
async function startRedis(folder: string): Promise<Running> {
	const port = await freePort();
	const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
	return startChild('redis-server', args, port);
}
