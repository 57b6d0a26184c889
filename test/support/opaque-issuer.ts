/**
 * oidc-provider as an authorization server that issues opaque access tokens, or JWTs where asked for, introspects them (plain, or signed where a
 * client asks for that) and revokes them; or encrypted JWTs. Certified code on the other side: what it refuses is wrong.
 */
import type { KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Provider } from 'oidc-provider';
import type { SelfSigned } from './self-signed.ts';
import { testKey } from './sign-jws.ts';

export const apiAudience = 'https://api.example.com';
/** Another name of the same API: the format of a token is a matter of the resource, which the client names. */
const jwtResource = `${apiAudience}/jwt`;
export const application = { id: 'application', secret: 'a secret of the application, 32 bytes' };

export interface OpaqueIssuerOptions {
	/** Further clients, as RFC 7591 registers them: the gateway. */
	readonly clients: readonly Readonly<Record<string, unknown>>[];
	/** TLS with this identity, and client certificates asked for. */
	readonly tls?: SelfSigned;
	/** Whether clients may have their tokens bound to a key (RFC 9449); default false. */
	readonly dpop?: boolean;
	/** Whether a client's certificate is the one of its registration, by its subject. */
	readonly isSubject?: (subject: string) => boolean;
	/** JWTs in place of opaque tokens, encrypted for this key (RFC 7516). */
	readonly encrypt?: { readonly alg: string; readonly enc: string; readonly kid: string; readonly key: KeyObject };
}

export interface OpaqueIssuer {
	readonly issuer: string;
	/** A new token of the application for the API; `scope` read. Lives 300 seconds. */
	token(options?: TokenOptions): Promise<string>;
	/** RFC 7009. */
	revoke(token: string): Promise<void>;
	/** Introspections so far. */
	readonly introspections: number;
	stop(): Promise<void>;
}

export interface TokenOptions {
	/** Default: opaque. */
	readonly format?: 'opaque' | 'jwt';
	/** Client id; default that of the application. Its secret is the same. */
	readonly client?: string;
}

/** Asks the server with the trust that the test has in it. */
export type Post = (url: string, form: Readonly<Record<string, string>>) => Promise<unknown>;

export async function startOpaqueIssuer(options: OpaqueIssuerOptions, post: Post = plainPost): Promise<OpaqueIssuer> {
	let answer: RequestListener = (_request, response) => response.writeHead(503).end();
	let introspections = 0;
	const listener: RequestListener = (request, response) => {
		if (request.url?.startsWith('/token/introspection') === true) introspections++;
		answer(request, response);
	};
	const { tls } = options;
	const server =
		tls === undefined
			? createServer(listener)
			: createTlsServer(
					{ cert: tls.certificate, key: tls.key, requestCert: true, rejectUnauthorized: false },
					listener,
				);
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	const issuer = tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
	const callback = new Provider(issuer, configuration(options)).callback();
	answer = (request, response) => void callback(request, response);
	const credentials = { client_id: application.id, client_secret: application.secret };

	return {
		issuer,
		get introspections() {
			return introspections;
		},
		async token({ format = 'opaque', client = application.id } = {}) {
			const resource = format === 'jwt' ? jwtResource : apiAudience;
			const asked = { grant_type: 'client_credentials', resource, scope: 'read' };
			const form = { ...asked, ...credentials, client_id: client };
			const { access_token: token } = (await post(`${issuer}/token`, form)) as { access_token?: unknown };
			if (typeof token !== 'string') throw new Error('the server issued no token');
			return token;
		},
		async revoke(token) {
			await post(`${issuer}/token/revocation`, { token, ...credentials });
		},
		async stop() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}

interface Request {
	readonly req: IncomingMessage;
}

function configuration({
	clients,
	tls,
	encrypt,
	dpop = false,
	isSubject = () => false,
}: OpaqueIssuerOptions): Record<string, unknown> {
	const kept = new Map<string, object>();
	const { privateKey, kid } = testKey('RS256', 'opaque issuer');
	const certificateOf = ({ req }: Request) => (req.socket as TLSSocket).getPeerX509Certificate();
	return {
		adapter: adapterOn(kept),
		jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
		clients: [
			{
				client_id: application.id,
				client_secret: application.secret,
				token_endpoint_auth_method: 'client_secret_post',
			},
			...clients,
		].map((client) => ({ grant_types: ['client_credentials'], redirect_uris: [], response_types: [], ...client })),
		clientAuthMethods: [
			'client_secret_basic',
			'client_secret_post',
			'client_secret_jwt',
			'private_key_jwt',
			...(tls === undefined ? [] : ['tls_client_auth']),
		],
		scopes: ['read'],
		responseTypes: [],
		enabledJWA: { introspectionSigningAlgValues: ['RS256', 'HS256'] },
		ttl: { ClientCredentials: () => 300 },
		features: {
			devInteractions: { enabled: false },
			userinfo: { enabled: false },
			rpInitiatedLogout: { enabled: false },
			clientCredentials: { enabled: true },
			introspection: { enabled: true, allowedPolicy: () => true },
			jwtIntrospection: { enabled: true },
			revocation: { enabled: true, allowedPolicy: () => true },
			dPoP: { enabled: dpop },
			mTLS: {
				enabled: tls !== undefined,
				tlsClientAuth: tls !== undefined,
				certificateBoundAccessTokens: tls !== undefined,
				getCertificate: certificateOf,
				certificateAuthorized: () => true,
				certificateSubjectMatches: (request: Request) => isSubject(certificateOf(request)?.subject ?? ''),
			},
			resourceIndicators: {
				enabled: true,
				getResourceServerInfo: (_request: Request, resource: string) => ({
					audience: apiAudience,
					scope: 'read',
					...(encrypt === undefined && resource !== jwtResource
						? { accessTokenFormat: 'opaque' }
						: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' }, ...(encrypt && { encrypt }) } }),
					accessTokenTTL: 300,
				}),
			},
		},
	};
}

/** What the server keeps, in a map. */
function adapterOn(kept: Map<string, object>): unknown {
	return class {
		readonly #kind: string;
		constructor(kind: string) {
			this.#kind = kind;
		}
		async upsert(id: string, payload: object): Promise<void> {
			kept.set(`${this.#kind} ${id}`, payload);
		}
		async find(id: string): Promise<object | undefined> {
			return kept.get(`${this.#kind} ${id}`);
		}
		async findByUid(): Promise<undefined> {}
		async findByUserCode(): Promise<undefined> {}
		async consume(): Promise<void> {}
		async destroy(id: string): Promise<void> {
			kept.delete(`${this.#kind} ${id}`);
		}
		async revokeByGrantId(): Promise<void> {}
	};
}

async function plainPost(url: string, form: Readonly<Record<string, string>>): Promise<unknown> {
	const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ ...form }) });
	if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
	const text = await response.text();
	return text === '' ? undefined : JSON.parse(text);
}
