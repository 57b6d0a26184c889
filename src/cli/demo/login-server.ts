/**
 * An OpenID provider at which people log in: oidc-provider, a certified implementation, with a login page of its own that
 * takes any name. Its refresh tokens are good for one use, and a second use takes everything away (RFC 9700 §4.14.2). For the demo and
 * for tests: it listens on loopback and guards nothing.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import { close, host, listenNear } from './listen.ts';

export interface LoginServerOptions {
	/** 0: any free port. */
	readonly port: number;
	/** As RFC 7591 registers them. */
	readonly clients: readonly Readonly<Record<string, unknown>>[];
	/** Audience of access tokens, which are JWTs, and their scopes: what is in the list at the login. */
	readonly audience: string;
	readonly scopes: readonly string[];
	/** Seconds that an access token lives; asked for each one. */
	readonly lifetime: () => number;
	/** Whether requests may, or must, be pushed (RFC 9126); default: they may. */
	readonly pushed?: 'never' | 'required';
	/** Seconds in which a refresh token that was used is good once more, as many providers have it; default 0. */
	readonly reuseGrace?: number;
	/** Takes a request in place of the server; true: it has. For tests of what goes wrong. */
	readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** What the package has no types for. */
interface RegisteredClient {
	grantTypeAllowed(type: string): boolean;
}

export interface LoginServer {
	readonly issuer: string;
	readonly port: number;
	/** Ends what is kept of refresh tokens and sessions. */
	stop(): Promise<void>;
}

/** How a name becomes a user: the claims of the ID token. */
function accountOf(name: string) {
	const claims = { sub: `user|${name}`, name, preferred_username: name, email: `${name}@example.com` };
	return { accountId: claims.sub, claims: async () => claims };
}

export async function startLoginServer(options: LoginServerOptions): Promise<LoginServer> {
	const { Provider: Implementation } = await import('oidc-provider');
	let answer: RequestListener = (_request, response) => response.writeHead(503).end();
	const server = createServer((request, response) => {
		if (options.intercept?.(request, response) !== true) answer(request, response);
	});
	// The issuer names the port, so the port comes first.
	const port = await listenNear(server, options.port);
	const issuer = `http://${host}:${port}`;
	const provider = new Implementation(issuer, configure(options));
	const callback = provider.callback();
	answer = (request, response) => {
		const page = /^\/login\/[A-Za-z0-9_-]+$/.test(request.url ?? '');
		void (page ? showLogin(provider, request, response) : callback(request, response));
	};
	return { issuer, port, stop: () => close(server) };
}

function configure(options: LoginServerOptions): Record<string, unknown> {
	const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const resource = {
		audience: options.audience,
		accessTokenFormat: 'jwt',
		jwt: { sign: { alg: 'RS256' } },
	};
	return {
		adapter: adapterOn(new Map(), options.reuseGrace ?? 0),
		jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'login-key-1', alg: 'RS256', use: 'sig' }] },
		clients: options.clients,
		clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
		cookies: { keys: ['a key of the demo alone'] },
		scopes: ['openid', 'offline_access'],
		claims: { openid: ['sub', 'name', 'preferred_username', 'email', 'sid'] },
		// Claims belong into the ID token here: the gateway asks nobody else.
		conformIdTokenClaims: false,
		findAccount: async (_context: unknown, id: string) => accountOf(id.replace(/^user\|/, '')),
		interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/login/${uid}` },
		loadExistingGrant: grantAll(options),
		issueRefreshToken: async (_context: unknown, client: RegisteredClient) => client.grantTypeAllowed('refresh_token'),
		rotateRefreshToken: true,
		ttl: {
			AccessToken: options.lifetime,
			RefreshToken: 86_400,
			Session: 86_400,
			Grant: 86_400,
			Interaction: 600,
			IdToken: 300,
			AuthorizationCode: 60,
		},
		clientBasedCORS: () => false,
		// As it comes, it calls nobody on loopback, which is where the gateway of the demo is.
		fetch: (url: string, { method, headers, body, redirect }: RequestInit) =>
			fetch(url, {
				...(method && { method }),
				...(headers && { headers }),
				...(body && { body }),
				...(redirect && { redirect }),
			}),
		features: {
			devInteractions: { enabled: false },
			userinfo: { enabled: false },
			revocation: { enabled: true, allowedPolicy: async () => true },
			pushedAuthorizationRequests: {
				enabled: options.pushed !== 'never',
				requirePushedAuthorizationRequests: options.pushed === 'required',
			},
			backchannelLogout: { enabled: true },
			rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
			resourceIndicators: {
				enabled: true,
				defaultResource: () => options.audience,
				useGrantedResource: () => true,
				getResourceServerInfo: () => ({ ...resource, scope: options.scopes.join(' ') }),
			},
		},
	};
}

interface GrantContext {
	readonly oidc: {
		readonly client: { readonly clientId: string };
		readonly session: { readonly accountId: string };
		readonly result?: { readonly consent?: { readonly grantId?: string } };
		readonly provider: Provider;
	};
}

/** Whoever has logged in has agreed to what this application wants: nobody is asked twice. */
function grantAll({ audience, scopes }: LoginServerOptions) {
	return async ({ oidc }: GrantContext) => {
		const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
		grant.addOIDCScope('openid offline_access');
		grant.addResourceScope(audience, scopes.join(' '));
		await grant.save();
		return grant;
	};
}

async function showLogin(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
	try {
		if (request.method === 'POST') {
			const name = new URLSearchParams(await bodyOf(request)).get('name') ?? '';
			const known = /^[a-z]{1,20}$/.test(name);
			const result = known
				? { login: { accountId: `user|${name}` } }
				: { error: 'access_denied', error_description: 'this is nobody' };
			await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
			return;
		}
		await provider.interactionDetails(request, response);
		page(
			response,
			'Log in',
			'<form method="post"><label>Name <input name="name" value="ada" autofocus></label> <button>Log in</button></form>',
		);
	} catch {
		response.writeHead(400, { 'content-type': 'text/plain' }).end('this login is not under way\n');
	}
}

async function bodyOf(request: IncomingMessage): Promise<string> {
	let text = '';
	for await (const piece of request) {
		text += String(piece);
		if (text.length > 10_000) throw new Error('too long');
	}
	return text;
}

function page(response: ServerResponse, title: string, body: string): void {
	response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
	response.end(document(title, body));
}

function document(title: string, body: string): string {
	const style = 'body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem}';
	return `<!doctype html><html lang="en"><title>${title}</title><style>${style}</style><h1>${title}</h1>${body}</html>\n`;
}

interface PageContext {
	body: string;
	type: string;
}

/** Asked again, since anybody could have made a link to it. */
async function logoutSource(context: PageContext, form: string): Promise<void> {
	context.type = 'html';
	context.body = document(
		'Log out',
		`${form}<button autofocus form="op.logoutForm" name="logout" value="yes">Log out</button>`,
	);
}

async function postLogoutSuccessSource(context: PageContext): Promise<void> {
	context.type = 'html';
	context.body = document('Logged out', '');
}

interface Payload {
	readonly grantId?: string;
	readonly uid?: string;
	consumed?: number;
}

/** Everything in this process: it forgets as it ends, and what has run out is found out by the library. */
function adapterOn(kept: Map<string, Payload>, reuseGrace: number): unknown {
	return class {
		readonly #kind: string;
		constructor(kind: string) {
			this.#kind = kind;
		}
		async upsert(id: string, payload: Payload): Promise<void> {
			kept.set(`${this.#kind} ${id}`, payload);
		}
		async find(id: string): Promise<Payload | undefined> {
			const payload = kept.get(`${this.#kind} ${id}`);
			if (this.#kind !== 'RefreshToken' || payload?.consumed === undefined) return payload;
			const { consumed, ...unused } = payload;
			return Date.now() / 1000 - consumed < reuseGrace ? unused : payload;
		}
		async findByUid(uid: string): Promise<Payload | undefined> {
			for (const [key, payload] of kept) if (key.startsWith(`${this.#kind} `) && payload.uid === uid) return payload;
			return undefined;
		}
		async findByUserCode(): Promise<undefined> {}
		async consume(id: string): Promise<void> {
			const payload = kept.get(`${this.#kind} ${id}`);
			if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
		}
		async destroy(id: string): Promise<void> {
			kept.delete(`${this.#kind} ${id}`);
		}
		async revokeByGrantId(grantId: string): Promise<void> {
			for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
		}
	};
}
