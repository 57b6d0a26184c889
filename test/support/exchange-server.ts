/**
 * oidc-provider as an authorization server that issues JWTs to users and clients and exchanges them (RFC 8693). Users log
 * in by a grant of the test's own; everything else is certified code on the other side.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors, Provider, type Token } from 'oidc-provider';
import { actorClaims, registerTokenExchange } from '../../src/cli/demo/token-exchange.ts';
import { testKey } from './sign-jws.ts';

export const frontAudience = 'https://api.example.com';

export interface ExchangeServer {
	readonly issuer: string;
	/** A token of this user for the gateway. */
	token(user: string, scope?: string): Promise<string>;
	/** Exchanges that reached the grant, as `user audience`. */
	readonly exchanges: readonly string[];
	/** Token requests by grant, good or bad. */
	readonly requests: readonly string[];
	/** Replaces the secret of the gateway: what the server takes from now on. */
	rotate(secrets: readonly string[]): void;
	/** Answers in place of the server; undefined: the server itself. */
	answerWith(listener: RequestListener | undefined): void;
	/** Keeps every request waiting until the function that it gives is called. */
	hold(): () => void;
	stop(): Promise<void>;
}

export interface ExchangeServerOptions {
	/** Secret of the client `gateway`. */
	readonly secret: string;
	/** Seconds that an exchanged token, and one by client credentials, lives. */
	readonly lifetime?: number;
}

const login = 'urn:test:login';

export async function startExchangeServer({ secret, lifetime = 300 }: ExchangeServerOptions): Promise<ExchangeServer> {
	let answer: RequestListener = (_request, response) => response.writeHead(503).end();
	let instead: RequestListener | undefined;
	let held = Promise.resolve();
	const server = createServer((request, response) => {
		void held.then(() => (instead ?? answer)(request, response));
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	// Two keys, so that no part of a token that was exchanged is also one of what came out.
	const [front, back] = [testKey('RS256', 'exchange server'), testKey('RS256', 'exchanged tokens')];
	const keys = [front, back].map(({ privateKey, kid }) => ({
		...privateKey.export({ format: 'jwk' }),
		kid,
		alg: 'RS256',
		use: 'sig',
	}));
	const resourceServer = (audience: string) => ({
		audience,
		scope: 'read write orders:read',
		accessTokenFormat: 'jwt' as const,
		accessTokenTTL: lifetime,
		jwt: { sign: { alg: 'RS256' as const } },
	});
	const clients = (secrets: readonly string[]) => [
		{ client_id: 'login', client_secret: 'a secret of the login', grant_types: [login] },
		...secrets.map((client_secret) => ({
			client_id: 'gateway',
			client_secret,
			grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange', 'client_credentials'],
		})),
	];
	const exchanges: string[] = [];
	const requests: string[] = [];

	/** One server a secret, all with the same keys: what oidc-provider does not have, a client with two secrets. */
	function make(of: string): RequestListener {
		const provider = new Provider(issuer, {
			jwks: { keys },
			clients: clients([of]).map((client) => ({
				redirect_uris: [],
				response_types: [],
				token_endpoint_auth_method: 'client_secret_basic',
				...client,
			})),
			scopes: ['read', 'write', 'orders:read'],
			responseTypes: [],
			extraTokenClaims: (_context: unknown, token: Token) => actorClaims(token),
			features: {
				devInteractions: { enabled: false },
				userinfo: { enabled: false },
				rpInitiatedLogout: { enabled: false },
				clientCredentials: { enabled: true },
				resourceIndicators: {
					enabled: true,
					getResourceServerInfo: (_context: unknown, audience: string) => resourceServer(audience),
				},
			},
			ttl: { ClientCredentials: lifetime },
		});
		provider.registerGrantType(
			login,
			async (context) => {
				const { user, scope } = context.oidc.params ?? {};
				const token = new provider.AccessToken({ accountId: user, client: context.oidc.client, scope, expiresIn: 300 });
				token.resourceServer = resourceServer(frontAudience);
				token.setAudience(frontAudience);
				context.body = { access_token: await token.save(), token_type: 'Bearer' };
			},
			['user', 'scope'],
		);
		registerTokenExchange(provider, errors, {
			key: front.jwk,
			kid: back.kid,
			issuer,
			scopesOf: (_client, audience) => (audience.startsWith('orders') ? ['read', 'orders:read'] : undefined),
			lifetime: () => lifetime,
			onExchange: ({ subject, audience }) => exchanges.push(`${subject} ${audience}`),
		});
		const callback = provider.callback();
		return (request, response) => void callback(request, response);
	}

	const known = new Map<string, RequestListener>();
	let accepted: readonly string[] = [secret];
	const listenerFor = (of: string): RequestListener => {
		let listener = known.get(of);
		if (listener === undefined) {
			listener = make(of);
			known.set(of, listener);
		}
		return listener;
	};
	answer = (request, response) => {
		if (request.url === '/token') requests.push(request.headers.authorization ?? '');
		// The secret that the client sends, where the server takes it; else the newest, which refuses it.
		const basic = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString('latin1');
		const sent = decodeURIComponent(basic.slice(basic.indexOf(':') + 1).replaceAll('+', ' '));
		listenerFor(accepted.find((each) => each === sent) ?? accepted[0] ?? secret)(request, response);
	};

	return {
		issuer,
		exchanges,
		requests,
		rotate(secrets) {
			accepted = secrets;
		},
		answerWith(listener) {
			instead = listener;
		},
		hold() {
			let release = () => {};
			held = new Promise((resolve) => {
				release = resolve;
			});
			return release;
		},
		async token(user, scope = 'read') {
			const response = await fetch(`${issuer}/token`, {
				method: 'POST',
				headers: { authorization: `Basic ${btoa('login:a+secret+of+the+login')}` },
				body: new URLSearchParams({ grant_type: login, user, scope }),
			});
			const { access_token: token } = (await response.json()) as { access_token?: unknown };
			if (typeof token !== 'string') throw new Error(`the server issued no token: ${response.status}`);
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
