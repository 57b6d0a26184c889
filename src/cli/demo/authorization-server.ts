/**
 * The demo's authorization server: oidc-provider, a certified implementation, in this process and dressed like Auth0.
 * Paths, parameters and claims are Auth0's; the tokens are real (RS256, `at+jwt`), and the gateway trusts nothing of
 * this process but what it reads over HTTP. The package is loaded when asked for: the product itself does not need it.
 */
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { Client, RequestContext, ResourceServer, Token } from 'oidc-provider';
import { type DemoApplication, demoApplications, exchangeGrants, gatewayClient } from './applications.ts';
import { close, host, listenNear } from './listen.ts';
import { actorClaims, registerTokenExchange } from './token-exchange.ts';

export interface AuthorizationServer {
	/** Ends with a slash, as Auth0's do. */
	readonly issuer: string;
	readonly port: number;
	readonly tokenEndpoint: string;
	stop(): Promise<void>;
}

/**
 * Starts it on loopback, at `port` or near; 0: any. Client credentials and, for the gateway, token exchange at
 * `/oauth/token` with `audience`, keys at
 * `/.well-known/jwks.json`, metadata at `/.well-known/openid-configuration`.
 */
export async function startAuthorizationServer(
	port: number,
	applications: readonly DemoApplication[] = demoApplications,
): Promise<AuthorizationServer> {
	const library = await loadLibrary();
	let answer: RequestListener = notYet;
	const server = createServer((request, response) => answer(request, response));
	// The issuer names the port, so the port comes first.
	const bound = await listenNear(server, port);
	const issuer = `http://${host}:${bound}/`;
	const { key, jwk } = signingKey();
	const provider = new library.Provider(issuer, configure(library, applications, key));
	registerTokenExchange(provider, library.errors, {
		key: jwk,
		issuer,
		scopesOf: (_client, audience) => (Object.hasOwn(exchangeGrants, audience) ? exchangeGrants[audience] : undefined),
		lifetime: () => 300,
	});
	const callback = provider.callback();
	answer = (request, response) => void callback(request, response);
	return { issuer, port: bound, tokenEndpoint: `${issuer}oauth/token`, stop: () => close(server) };
}

const notYet: RequestListener = (_request, response) => response.writeHead(503).end();

async function loadLibrary(): Promise<typeof import('oidc-provider')> {
	try {
		return await import('oidc-provider');
	} catch (cause) {
		throw new Error(
			'The demo needs the package oidc-provider, a development dependency: run it in a clone after `npm ci`.',
			{ cause },
		);
	}
}

type Library = typeof import('oidc-provider');

function configure(library: Library, applications: readonly DemoApplication[], key: object): Record<string, unknown> {
	const byId = new Map(applications.map((application) => [application.id, application]));
	return {
		adapter: Forgetful,
		jwks: { keys: [key] },
		clients: [...applications.map(registration), gatewayRegistration],
		clientAuthMethods: ['client_secret_post', 'client_secret_basic'],
		scopes: [...new Set(Object.values(exchangeGrants).flat())],
		responseTypes: [],
		routes: { token: '/oauth/token', jwks: '/.well-known/jwks.json' },
		clientBasedCORS: () => false,
		features: {
			devInteractions: { enabled: false },
			userinfo: { enabled: false },
			rpInitiatedLogout: { enabled: false },
			clientCredentials: { enabled: true },
			resourceIndicators: {
				enabled: true,
				defaultResource: (request: RequestContext) => audienceOf(library, request),
				getResourceServerInfo: (_request: RequestContext, identifier: string, client: Client) =>
					resourceServer(library, byId.get(client.clientId), identifier),
			},
		},
		ttl: { ClientCredentials: (_request: RequestContext, token: Token) => byId.get(token.clientId)?.lifetime ?? 300 },
		extraTokenClaims: (_request: RequestContext, token: Token) =>
			actorClaims(token) ?? byId.get(token.clientId)?.claims,
		formats: {
			customizers: {
				jwt: (request: RequestContext, token: Token, jwt: { payload: Record<string, unknown> }) => {
					shapeLikeAuth0(byId.get(token.clientId), request, token, jwt.payload);
				},
			},
		},
	};
}

/** Auth0 calls it `audience`; RFC 8707 calls it `resource`. */
function audienceOf(library: Library, request: RequestContext): string {
	const audience = request.oidc.body?.['audience'];
	if (typeof audience !== 'string' || audience === '') {
		throw new library.errors.InvalidRequest('exactly one audience is required: the identifier of an API');
	}
	return audience;
}

function resourceServer(
	library: Library,
	application: DemoApplication | undefined,
	identifier: string,
): ResourceServer {
	const scopes = grantedScopes(application, identifier);
	if (scopes === undefined) throw new library.errors.InvalidTarget('this application may not call that API');
	return { audience: identifier, scope: scopes.join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
}

function grantedScopes(application: DemoApplication | undefined, identifier: string): readonly string[] | undefined {
	if (application === undefined || !Object.hasOwn(application.grants, identifier)) return undefined;
	return application.grants[identifier];
}

/** `sub`, `azp` and `permissions` as Auth0 writes them for an application; every granted scope if none is asked for. */
function shapeLikeAuth0(
	application: DemoApplication | undefined,
	request: RequestContext,
	token: Token,
	payload: Record<string, unknown>,
): void {
	// What comes of an exchange speaks of its subject, and names the gateway as the one that acts.
	if (token.kind !== 'ClientCredentials') return;
	const granted = grantedScopes(application, token.aud ?? '') ?? [];
	if (request.oidc.params?.['scope'] === undefined) token.scope = granted.join(' ');
	payload['scope'] = token.scope;
	payload['permissions'] = granted;
	payload['sub'] = `${token.clientId}@clients`;
	payload['azp'] = token.clientId;
}

function registration(application: DemoApplication): Record<string, unknown> {
	return {
		client_id: application.id,
		client_secret: application.secret,
		grant_types: ['client_credentials'],
		redirect_uris: [],
		response_types: [],
		token_endpoint_auth_method: 'client_secret_post',
	};
}

const gatewayRegistration = {
	client_id: gatewayClient.id,
	client_secret: gatewayClient.secret,
	grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'],
	redirect_uris: [],
	response_types: [],
	token_endpoint_auth_method: 'client_secret_basic',
};

function signingKey(): { readonly key: object; readonly jwk: JsonWebKey } {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const key = { ...privateKey.export({ format: 'jwk' }), kid: 'demo-key-1', alg: 'RS256', use: 'sig' };
	return { key, jwk: publicKey.export({ format: 'jwk' }) };
}

/** Client credentials leave nothing to remember: the tokens are self-contained and the clients are in the configuration. */
class Forgetful {
	async upsert(): Promise<void> {}
	async find(): Promise<undefined> {}
	async findByUid(): Promise<undefined> {}
	async findByUserCode(): Promise<undefined> {}
	async consume(): Promise<void> {}
	async destroy(): Promise<void> {}
	async revokeByGrantId(): Promise<void> {}
}
