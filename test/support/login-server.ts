/**
 * oidc-provider where users log in and out as with a browser: authorization code flow, RP-initiated logout, and with it
 * back-channel logout of every client of the session. Certified code on the other side.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { testKey } from './sign-jws.ts';

export const apiAudience = 'https://api.example.com';
const callback = 'https://app.example.com/callback';
const secret = 'a secret of the application, 32 bytes';

export interface LoginServer {
	readonly issuer: string;
	/** A new browser in which this user has logged in to the application. */
	login(user: string): Promise<Login>;
	/** What became of each logout token so far, as `user: delivered` or `user: ` and the problem. */
	readonly delivered: readonly string[];
	stop(): Promise<void>;
}

export interface Login {
	/** An access token for the API, as JWT; a new one when it is asked for again. */
	token(): Promise<string>;
	/** Logs out at the server, by its own page. Resolves when the server has told its clients. */
	logout(): Promise<void>;
}

export interface LoginServerOptions {
	/** Where the application's client wants its logout tokens. */
	readonly backChannel: string;
	/** Whether access tokens and logout tokens name their session. */
	readonly sessions: boolean;
}

/** What the demo has no types for. */
interface Interactions {
	interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
	on(event: string, listener: (...parts: readonly unknown[]) => void): void;
}
interface GrantRequest {
	readonly oidc: {
		readonly client: { readonly clientId: string };
		readonly session: { readonly accountId: string };
		readonly provider: {
			readonly Grant: new (
				of: object,
			) => {
				addOIDCScope(scope: string): void;
				addResourceScope(resource: string, scope: string): void;
				save(): Promise<string>;
			};
		};
	};
}

export async function startLoginServer(options: LoginServerOptions): Promise<LoginServer> {
	let answer: RequestListener = (_request, response) => response.writeHead(503).end();
	const server = createServer((request, response) => answer(request, response));
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const provider = new Provider(issuer, configuration(options));
	const interactions = provider as unknown as Interactions;
	const delivered: string[] = [];
	interactions.on('backchannel.success', (_context, _client, account) =>
		delivered.push(`${String(account)}: delivered`),
	);
	interactions.on('backchannel.error', (_context, problem, _client, account) =>
		delivered.push(`${String(account)}: ${String(problem)}`),
	);
	const serve = provider.callback();
	answer = (request, response) => {
		const user = /^\/login\/[^?]*\?user=(\w+)$/.exec(request.url ?? '')?.[1];
		if (user === undefined) void serve(request, response);
		else void interactions.interactionFinished(request, response, { login: { accountId: user } });
	};

	async function login(user: string): Promise<Login> {
		const browse = createBrowser(issuer);
		const authorize = new URLSearchParams({
			client_id: 'app',
			response_type: 'code',
			redirect_uri: callback,
			scope: 'openid read',
			resource: apiAudience,
		});
		async function tokens(): Promise<Record<string, string>> {
			let { location } = await browse(`/auth?${authorize.toString()}`);
			if (location?.startsWith('/login/') === true) {
				({ location } = await browse(`${location}?user=${user}`));
				({ location } = await browse(location ?? ''));
			}
			const code = new URL(location ?? '').searchParams.get('code') ?? '';
			const form = { grant_type: 'authorization_code', code, redirect_uri: callback, resource: apiAudience };
			const { text } = await browse('/token', { ...form, client_id: 'app', client_secret: secret });
			return JSON.parse(text) as Record<string, string>;
		}
		const first = await tokens();
		return {
			async token() {
				const { access_token: token } = await tokens();
				if (token === undefined) throw new Error('the server issued no token');
				return token;
			},
			async logout() {
				const { text } = await browse(`/session/end?id_token_hint=${first['id_token']}`);
				const xsrf = /name="xsrf" value="(\w+)"/.exec(text)?.[1] ?? '';
				const { status } = await browse('/session/end/confirm', { xsrf, logout: 'yes' });
				if (status !== 303) throw new Error(`logging out was answered ${status}`);
			},
		};
	}

	return {
		issuer,
		login,
		delivered,
		async stop() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}

function configuration({ backChannel, sessions }: LoginServerOptions): Record<string, unknown> {
	const { privateKey, kid } = testKey('RS256', 'login server');
	return {
		jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
		clients: [
			{
				client_id: 'app',
				client_secret: secret,
				token_endpoint_auth_method: 'client_secret_post',
				grant_types: ['authorization_code'],
				response_types: ['code'],
				redirect_uris: [callback],
				backchannel_logout_uri: backChannel,
				backchannel_logout_session_required: sessions,
			},
		],
		cookies: { keys: ['a key of the test'] },
		pkce: { required: () => false },
		interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/login/${uid}` },
		findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
		// Every user consents to everything.
		async loadExistingGrant({ oidc: { client, session, provider } }: GrantRequest) {
			const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
			grant.addOIDCScope('openid read');
			grant.addResourceScope(apiAudience, 'read');
			await grant.save();
			return grant;
		},
		extraTokenClaims: (_context: unknown, { sid }: { readonly sid?: string }) => (sessions ? { sid } : undefined),
		// Its own asks no loopback addresses.
		fetch: (url: string, { method, headers, body }: RequestInit) =>
			fetch(url, { method, headers, body } as RequestInit),
		scopes: ['openid', 'read'],
		ttl: { AccessToken: 300, IdToken: 300, Grant: 300, Session: 300, Interaction: 300 },
		features: {
			devInteractions: { enabled: false },
			userinfo: { enabled: false },
			backchannelLogout: { enabled: true },
			rpInitiatedLogout: {
				logoutSource: (context: { body: unknown }, form: string) => {
					context.body = form;
				},
			},
			resourceIndicators: {
				enabled: true,
				getResourceServerInfo: () => ({
					audience: apiAudience,
					scope: 'read',
					accessTokenFormat: 'jwt',
					jwt: { sign: { alg: 'RS256' } },
				}),
			},
		},
	};
}

/** Keeps cookies and follows nothing; a form makes it a POST. */
function createBrowser(origin: string) {
	const cookies = new Map<string, string>();
	return async (path: string, form?: Readonly<Record<string, string>>) => {
		const response = await fetch(new URL(path, origin), {
			redirect: 'manual',
			headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
			...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams({ ...form }) }),
		});
		for (const line of response.headers.getSetCookie()) {
			const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
			cookies.set(name, value);
		}
		const text = await response.text();
		if (response.status >= 400) throw new Error(`${path} was answered ${response.status}: ${text}`);
		const location = response.headers.get('location')?.replace(origin, '');
		return { status: response.status, location, text };
	};
}
