/**
 * A provider for tests: discovery and keys over real HTTP, every answer of it switchable, every request counted. It
 * issues whatever it is asked to, good or bad.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Algorithm, JsonObject } from '#core/index';
import { canaries } from './canaries.ts';
import { signJws, type TestKey, testKey } from './sign-jws.ts';

export interface TestProviderOptions {
	/** Keys to sign with and to publish; the first one signs by default. Default: one RS256 key. */
	readonly keys?: readonly TestKey[];
	/** Path of the issuer after the origin: `/` (Auth0), '' or `/realms/x`. Default `/`. */
	readonly issuerPath?: string;
	/** `aud` of issued tokens that say nothing else. Default `https://api.example.com`. */
	readonly audience?: string;
	/** Seconds since the epoch, for `iat` and `exp`. Default: the wall clock. */
	readonly now?: () => number;
	/** Members laid over the metadata document; undefined removes one. */
	readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What a path answers instead of its document. Everything given applies at once. */
export interface Behaviour {
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** The raw body, sent as it is. */
	readonly body?: string | Uint8Array;
	/** Milliseconds before the answer. */
	readonly delay?: number;
	/** 302 to this address. */
	readonly redirect?: string;
	/** Waits for this before answering: a test opens the gate when it has seen enough. */
	readonly until?: Promise<unknown>;
	/** Cuts the connection without an answer. */
	readonly cut?: boolean;
	/** For how many requests; then the path is itself again. Default: until changed. */
	readonly times?: number;
}

export interface IssueOptions {
	/** Which key signs. Default: the first. */
	readonly key?: TestKey;
	/** Picks the key of that algorithm; made when the provider has none (then its kid is not published). */
	readonly alg?: Algorithm;
	/** `kid` of the header; null for none. Default: the key's. */
	readonly kid?: string | null;
	/** Members laid over the header, undefined removes one; or the exact header text. */
	readonly header?: Readonly<Record<string, unknown>> | string;
	/** The exact payload text; then `claims` count for nothing. */
	readonly payload?: string;
	/** Seconds until `exp`. Default 300. */
	readonly lifetime?: number;
}

export interface TestProvider {
	readonly url: string;
	readonly port: number;
	readonly issuer: string;
	readonly jwksUri: string;
	readonly discoveryUri: string;
	readonly audience: string;
	/** The signing keys, first one first. */
	readonly keys: readonly TestKey[];
	/** Replaces the signing keys and publishes them. */
	rotate(keys: readonly TestKey[]): void;
	/** Replaces what the key set holds, without touching what signs. */
	publish(jwks: readonly (TestKey | JsonObject)[]): void;
	behave(path: string, behaviour: Behaviour | undefined): void;
	/** Number of requests so far, of one path or of all. */
	requests(path?: string): number;
	/**
	 * A compact JWS. Claims not given: `iss`, `sub`, `aud`, `iat`, `exp`, `client_id`; undefined leaves one out.
	 * Header: `alg`, `typ: at+jwt`, `kid`.
	 */
	issue(claims?: Readonly<Record<string, unknown>>, options?: IssueOptions): string;
	stop(): Promise<void>;
}

/** Paths of the documents, after the origin. */
export const jwksPath = '/.well-known/jwks.json';

export async function createTestProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
	const issuerPath = options.issuerPath ?? '/';
	const audience = options.audience ?? 'https://api.example.com';
	const now = options.now ?? (() => Math.floor(Date.now() / 1000));
	const counts = new Map<string, number>();
	const behaviours = new Map<string, { behaviour: Behaviour; left: number }>();
	let keys = options.keys ?? [testKey('RS256')];
	let published: readonly JsonObject[] = keys.map((key) => key.jwk);

	const documents = new Map<string, () => unknown>([[jwksPath, () => ({ keys: published })]]);
	const server = createServer((request, response) => {
		const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
		counts.set(path, (counts.get(path) ?? 0) + 1);
		void answer(request, response, takeBehaviour(behaviours, path), documents.get(path));
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	const url = `http://127.0.0.1:${port}`;
	const issuer = url + issuerPath;
	const jwksUri = url + jwksPath;
	const trimmed = issuerPath.replace(/\/$/, '');
	const discoveryPath = `${trimmed}/.well-known/openid-configuration`;
	const metadata = (): unknown => ({
		issuer,
		jwks_uri: jwksUri,
		token_endpoint: `${url}/oauth/token`,
		response_types_supported: ['code'],
		subject_types_supported: ['public'],
		id_token_signing_alg_values_supported: ['RS256'],
		...options.metadata,
	});
	documents.set(discoveryPath, metadata);
	documents.set(`/.well-known/oauth-authorization-server${trimmed}`, metadata);

	return {
		url,
		port,
		issuer,
		jwksUri,
		discoveryUri: url + discoveryPath,
		audience,
		get keys() {
			return keys;
		},
		rotate(next) {
			keys = next;
			published = next.map((key) => key.jwk);
		},
		publish(jwks) {
			published = jwks.map((entry) => (isTestKey(entry) ? entry.jwk : entry));
		},
		behave(path, behaviour) {
			if (behaviour === undefined) behaviours.delete(path);
			else behaviours.set(path, { behaviour, left: behaviour.times ?? Number.POSITIVE_INFINITY });
		},
		requests(path) {
			if (path !== undefined) return counts.get(path) ?? 0;
			return [...counts.values()].reduce((sum, count) => sum + count, 0);
		},
		issue(claims = {}, issueOptions = {}) {
			const iat = now();
			const base = { iss: issuer, sub: 'user-1', aud: audience, iat, client_id: 'client-1' };
			const exp = iat + (issueOptions.lifetime ?? 300);
			const token = issueWith(keys, { ...base, exp, ...claims }, issueOptions);
			canaries.plantToken(token);
			return token;
		},
		async stop() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}

function issueWith(keys: readonly TestKey[], claims: Readonly<Record<string, unknown>>, options: IssueOptions): string {
	const key = options.key ?? keyFor(keys, options.alg);
	const algorithm = options.alg ?? key.algorithm;
	const kid = options.kid === undefined ? key.kid : (options.kid ?? undefined);
	const header =
		typeof options.header === 'string'
			? options.header
			: JSON.stringify({ alg: algorithm, typ: 'at+jwt', kid, ...options.header });
	return signJws({ header, payload: options.payload ?? claims, key, algorithm });
}

function keyFor(keys: readonly TestKey[], algorithm: Algorithm | undefined): TestKey {
	const found = algorithm === undefined ? keys[0] : keys.find((key) => key.algorithm === algorithm);
	return found ?? testKey(algorithm ?? 'RS256');
}

function takeBehaviour(
	behaviours: Map<string, { behaviour: Behaviour; left: number }>,
	path: string,
): Behaviour | undefined {
	const entry = behaviours.get(path);
	if (entry === undefined) return undefined;
	entry.left -= 1;
	if (entry.left <= 0) behaviours.delete(path);
	return entry.behaviour;
}

async function answer(
	request: IncomingMessage,
	response: ServerResponse,
	behaviour: Behaviour = {},
	document: (() => unknown) | undefined,
): Promise<void> {
	if (behaviour.until !== undefined) await behaviour.until;
	if (behaviour.delay !== undefined) await new Promise((resolve) => setTimeout(resolve, behaviour.delay));
	if (behaviour.cut === true) {
		request.socket.destroy();
		return;
	}
	if (behaviour.redirect !== undefined) response.setHeader('location', behaviour.redirect);
	const status = behaviour.status ?? (behaviour.redirect !== undefined ? 302 : document || behaviour.body ? 200 : 404);
	response.writeHead(status, { 'content-type': 'application/json', ...behaviour.headers });
	response.end(behaviour.body ?? JSON.stringify(document === undefined ? {} : document()));
}

function isTestKey(entry: TestKey | JsonObject): entry is TestKey {
	return 'privateKey' in entry && 'jwk' in entry;
}
