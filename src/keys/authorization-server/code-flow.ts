/**
 * The authorization code flow for a user in a browser: PKCE (RFC 7636), state, nonce, `iss` (RFC 9207) and pushed
 * requests (RFC 9126) where the server takes them, refresh (RFC 6749 §6) and revocation (RFC 7009). What is sent and
 * what is believed of the answers is oauth4webapi's, a certified client; how it is sent is ours, with our bounds.
 */
import type * as OAuth from 'oauth4webapi';
import { type Clock, type JsonObject, type JsonValue, member } from '#core/index';
import { parseCompactJws } from '#formats/compact-jws';
import type { EndpointCall } from './endpoint-call.ts';
import { EndpointCallError } from './endpoint-call.ts';
import type { ServerMetadata } from './server-metadata.ts';
import { isBearerToken } from './token-answer.ts';

export interface CodeFlowOptions {
	readonly metadata: ServerMetadata;
	readonly issuer: string;
	readonly clientId: string;
	/** Whether the form of a call already names the client, so that the library's own parameter would come twice. */
	readonly proofNamesClient: boolean;
	/** Calls of these endpoints, with proof of who we are; `refresh`: of the token endpoint, in the name of sessions that are there. */
	readonly calls: Readonly<Record<CallName | 'refresh', EndpointCall>>;
	/** Where the server sends the browser back to. */
	readonly redirectUri: string;
	readonly scopes: readonly string[];
	/** `resource` (RFC 8707), once for each. */
	readonly resources: readonly string[];
	/** Further parameters of the authorization request. */
	readonly parameters: readonly (readonly [name: string, value: string])[];
	/** Seconds by which clocks may differ. */
	readonly clockSkew: number;
	readonly clock: Pick<Clock, 'now'>;
	/** Whether the signature of this ID token is the provider's. Null: it is. `unavailable`: its keys are not there. */
	readonly verify: (idToken: string) => Promise<null | 'unavailable' | 'refused'>;
}

export type CallName = 'token_endpoint' | 'pushed_authorization_request_endpoint' | 'revocation_endpoint';

/** What the browser keeps of a login until it comes back. */
export interface LoginSecrets {
	readonly state: string;
	readonly nonce: string;
	readonly verifier: string;
}

export interface Grant {
	readonly accessToken: string;
	/** Seconds since the epoch. */
	readonly expiresAt: number;
	/** Undefined: there is none, or none in place of the one before. */
	readonly refreshToken: string | undefined;
	/** Claims of the ID token, verified; undefined where a refresh brought none. */
	readonly identity: JsonObject | undefined;
}

/** `refused`: by the server, or its answer did not pass; `error` is a plain word that holds nothing of an answer. */
export type GrantAnswer =
	| { readonly kind: 'granted'; readonly grant: Grant }
	| { readonly kind: 'refused'; readonly error: string }
	| { readonly kind: 'unavailable'; readonly cause: Error; readonly retryAfter: number };

export interface CodeFlow {
	newSecrets(): Promise<LoginSecrets>;
	/** The URL to which the browser is sent. */
	begin(
		secrets: LoginSecrets,
	): Promise<{ readonly kind: 'url'; readonly url: string } | Exclude<GrantAnswer, { readonly kind: 'granted' }>>;
	/** `callback`: the query with which the browser came back. */
	finish(callback: URLSearchParams, secrets: LoginSecrets): Promise<GrantAnswer>;
	refresh(refreshToken: string): Promise<GrantAnswer>;
	/** `unsupported`: the server has no such endpoint. Never rejects. */
	revoke(refreshToken: string): Promise<'revoked' | 'unsupported' | 'failed'>;
	/** Where the browser ends its session at the server (RP-initiated logout); undefined: the server has none. Never rejects. */
	endSessionUrl(returnTo: string): Promise<string | undefined>;
}

type Library = typeof OAuth;

/** Milliseconds and seconds: a token of which nobody says how long it lives. */
const unstatedLifetime = 300;

export function createCodeFlow(options: CodeFlowOptions): CodeFlow {
	const { metadata, clientId, calls, redirectUri, clock } = options;
	let loading: Promise<Library> | undefined;
	/** Loaded with the first login: a gateway without sessions does without. */
	const library = (): Promise<Library> => (loading ??= import('oauth4webapi'));

	/** Both as the library wants them. The issuer is the configured one, whatever the document says. */
	async function parties() {
		const [oauth, read] = await Promise.all([library(), metadata()]);
		const server = { ...read.document, issuer: options.issuer } as OAuth.AuthorizationServer;
		const client: OAuth.Client = {
			client_id: clientId,
			[oauth.clockSkew]: (clock.now() - Date.now()) / 1000,
			[oauth.clockTolerance]: options.clockSkew,
		};
		return { oauth, read, server, client };
	}

	/** The call stands in for `fetch`: it proves who we are, bounds time and size, and follows nothing. */
	function through(oauth: Library, name: keyof CodeFlowOptions['calls']) {
		const send = async (_url: string, { body }: { readonly body: URLSearchParams }): Promise<Response> => {
			const form = [...body].filter(([key]) => !(options.proofNamesClient && key === 'client_id'));
			const answer = await calls[name].post(form, 'application/json');
			const type = answer.headers.get('content-type');
			return new Response(answer.body, {
				status: answer.status,
				headers: type === undefined ? {} : { 'content-type': type },
			});
		};
		// Which URLs may be asked was judged where they came from.
		return { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true as const };
	}

	async function granted(answer: OAuth.TokenEndpointResponse, oauth: Library): Promise<GrantAnswer> {
		if (answer.token_type !== 'bearer') return { kind: 'refused', error: 'token_type_unusable' };
		if (!isBearerToken(answer.access_token)) return { kind: 'refused', error: 'access_token_unusable' };
		const { id_token: idToken } = answer;
		if (idToken !== undefined) {
			const problem = await options.verify(idToken);
			if (problem === 'refused') return { kind: 'refused', error: 'id_token_signature' };
			if (problem === 'unavailable') return unavailable(new Error('the keys for the ID token cannot be had'), 5);
		}
		const claims = idToken === undefined ? undefined : oauth.getValidatedIdTokenClaims(answer);
		return {
			kind: 'granted',
			grant: {
				accessToken: answer.access_token,
				expiresAt: expiryOf(answer, clock.now() / 1000),
				refreshToken: answer.refresh_token,
				identity: claims as JsonObject | undefined,
			},
		};
	}

	return {
		async newSecrets() {
			const oauth = await library();
			return {
				state: oauth.generateRandomState(),
				nonce: oauth.generateRandomNonce(),
				verifier: oauth.generateRandomCodeVerifier(),
			};
		},

		async begin({ state, nonce, verifier }) {
			try {
				const { oauth, read, server, client } = await parties();
				const endpoint = read.url('authorization_endpoint');
				if (endpoint === undefined) throw new Error('the metadata names no authorization_endpoint');
				const parameters = new URLSearchParams([
					['client_id', clientId],
					['response_type', 'code'],
					['redirect_uri', redirectUri],
					['scope', options.scopes.join(' ')],
					['state', state],
					['nonce', nonce],
					['code_challenge', await oauth.calculatePKCECodeChallenge(verifier)],
					['code_challenge_method', 'S256'],
					...named('resource', options.resources),
					...options.parameters.map(([name, value]): [string, string] => [name, value]),
				]);
				const url = new URL(endpoint);
				if (read.url('pushed_authorization_request_endpoint') === undefined) {
					for (const [name, value] of parameters) url.searchParams.append(name, value);
					return { kind: 'url', url: url.href };
				}
				const name = 'pushed_authorization_request_endpoint';
				const response = await oauth.pushedAuthorizationRequest(
					server,
					client,
					noProof,
					parameters,
					through(oauth, name),
				);
				const pushed = await oauth.processPushedAuthorizationResponse(server, client, response);
				url.searchParams.append('client_id', clientId);
				url.searchParams.append('request_uri', pushed.request_uri);
				return { kind: 'url', url: url.href };
			} catch (cause) {
				return failure(cause, await library());
			}
		},

		async finish(callback, { state, nonce, verifier }) {
			try {
				const { oauth, server, client } = await parties();
				const parameters = oauth.validateAuthResponse(server, client, callback, state);
				const response = await oauth.authorizationCodeGrantRequest(
					server,
					client,
					noProof,
					parameters,
					redirectUri,
					verifier,
					{ ...through(oauth, 'token_endpoint'), additionalParameters: resourceParameters(options.resources) },
				);
				const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
					expectedNonce: nonce,
					requireIdToken: true,
				});
				return await granted(answer, oauth);
			} catch (cause) {
				return failure(cause, await library());
			}
		},

		async refresh(refreshToken) {
			try {
				const { oauth, server, client } = await parties();
				const response = await oauth.refreshTokenGrantRequest(server, client, noProof, refreshToken, {
					...through(oauth, 'refresh'),
					additionalParameters: resourceParameters(options.resources),
				});
				return await granted(await oauth.processRefreshTokenResponse(server, client, response), oauth);
			} catch (cause) {
				return failure(cause, await library());
			}
		},

		async revoke(refreshToken) {
			try {
				const { oauth, read, server, client } = await parties();
				if (read.url('revocation_endpoint') === undefined) return 'unsupported';
				const response = await oauth.revocationRequest(server, client, noProof, refreshToken, {
					...through(oauth, 'revocation_endpoint'),
					additionalParameters: { token_type_hint: 'refresh_token' },
				});
				await oauth.processRevocationResponse(response);
				return 'revoked';
			} catch {
				return 'failed';
			}
		},

		async endSessionUrl(returnTo) {
			try {
				const endpoint = (await metadata()).url('end_session_endpoint');
				if (endpoint === undefined) return undefined;
				const url = new URL(endpoint);
				// Not `id_token_hint`: an ID token in a URL would be one in a history.
				url.searchParams.append('client_id', clientId);
				url.searchParams.append('post_logout_redirect_uri', returnTo);
				return url.href;
			} catch {
				return undefined;
			}
		},
	};
}

/** The call adds the proof itself. */
const noProof: OAuth.ClientAuth = () => {};

function named(name: string, values: readonly string[]): [string, string][] {
	return values.map((value) => [name, value]);
}

function resourceParameters(resources: readonly string[]): URLSearchParams {
	return new URLSearchParams(named('resource', resources));
}

function unavailable(cause: Error, retryAfter: number): GrantAnswer & { readonly kind: 'unavailable' } {
	return { kind: 'unavailable', cause, retryAfter };
}

/** Errors of RFC 6749 §5.2 and §4.1.2.1 that are not about this login or this token. */
const ofTheClient: ReadonlySet<string> = new Set([
	'invalid_client',
	'unauthorized_client',
	'server_error',
	'temporarily_unavailable',
]);

/** Decides by class, code and error word, never by a message; the messages of the library may quote an answer. */
function failure(cause: unknown, oauth: Library): Exclude<GrantAnswer, { readonly kind: 'granted' }> {
	if (cause instanceof EndpointCallError) return unavailable(cause, cause.retryAfter);
	if (cause instanceof oauth.AuthorizationResponseError) return { kind: 'refused', error: plainWord(cause.error) };
	if (cause instanceof oauth.ResponseBodyError || cause instanceof oauth.WWWAuthenticateChallengeError) {
		const error = cause instanceof oauth.ResponseBodyError ? plainWord(cause.error) : 'invalid_client';
		// With these statuses a server says that it did not come to look (RFC 6585 §4, RFC 9110 §15.5.9).
		const isTired = cause.status === 429 || cause.status === 408;
		if (!isTired && !ofTheClient.has(error)) return { kind: 'refused', error };
		return unavailable(new Error(`the server answered ${error}`), 5);
	}
	if (cause instanceof oauth.OperationProcessingError || cause instanceof oauth.UnsupportedOperationError) {
		const code = plainWord((cause.code ?? '').toLowerCase());
		// A status that no refusal has: the server, or something in front of it, does not do its work.
		if (cause.code === oauth.RESPONSE_IS_NOT_CONFORM) return unavailable(new Error(`the server’s answer: ${code}`), 5);
		return { kind: 'refused', error: code };
	}
	if (cause instanceof Error) return unavailable(cause, 5);
	throw new Error('something that is no Error was thrown', { cause });
}

function plainWord(error: string): string {
	return /^[a-z_]{1,64}$/.test(error) ? error : 'unknown_error';
}

/** Seconds since the epoch: the shortest of all that is said. */
function expiryOf({ access_token: token, expires_in: expiresIn }: OAuth.TokenEndpointResponse, now: number): number {
	const jws = parseCompactJws(token);
	const exp: JsonValue | undefined = typeof jws === 'string' ? undefined : member(jws.claims, 'exp');
	const ends = [...(expiresIn === undefined ? [] : [now + expiresIn]), ...(typeof exp === 'number' ? [exp] : [])];
	return ends.length === 0 ? now + unstatedLifetime : Math.min(...ends);
}
