/**
 * Browser sessions, put together from the definition, the state and what asks the provider. Nothing of a session is in
 * this process: a reload makes all of this anew, and the store, or the cookie, has the rest.
 */
import type { Definition, SessionsDefinition } from '#config/definition';
import {
	Evidence,
	type Principal,
	type Sealing,
	type SessionPages,
	type SessionSource,
	StoreUnavailable,
} from '#core/index';
import { createClientAuthentication } from '#keys/authorization-server/client-authentication';
import { type CallName, type CodeFlow, createCodeFlow } from '#keys/authorization-server/code-flow';
import { createEndpointCall } from '#keys/authorization-server/endpoint-call';
import { createServerMetadata, type ServerMetadata } from '#keys/authorization-server/server-metadata';
import { defaultFetchLimits } from '#keys/verification/fetch-json';
import type { KeySource } from '#keys/verification/key-source';
import { createEndSession, type EndSession } from '#sessions/ending';
import { createHandles } from '#sessions/handles';
import type { EndedSession, Keeper } from '#sessions/keeper';
import { createOverview, type SessionsOverview } from '#sessions/overview';
import { createPages, createPageTable, type TakeLogoutToken } from '#sessions/pages';
import { createRefresher } from '#sessions/refresh';
import { createReturnTo } from '#sessions/return-to';
import { createSealedCookies } from '#sessions/sealed-cookies';
import type { SessionMark } from '#sessions/session';
import { createLookUp, createSessionSource } from '#sessions/source';
import { takeLease } from '#store/lease';
import type { Runtime } from './assemble.ts';
import { createLogout } from './logout.ts';
import type { State } from './state.ts';
import { noRequest, verifyJwt } from './verify-jwt.ts';

export interface Sessions {
	readonly sources: ReadonlyMap<string, SessionSource>;
	readonly pages: SessionPages;
	/** Those in the store. */
	readonly overview: SessionsOverview;
}

export interface SessionsParts {
	readonly definition: Definition;
	readonly keys: ReadonlyMap<string, KeySource>;
	readonly state: State;
	readonly runtime: Runtime;
}

interface Parts extends SessionsParts {
	readonly sealing: Sealing;
}

/**
 * Undefined where the definition has none: then nothing of it is asked for with any request. Asks nobody. Throws an Error
 * where the state cannot seal: its store was opened by a configuration that had neither sessions nor keys.
 */
export function createSessions(given: SessionsParts): Sessions | undefined {
	const { sessions } = given.definition;
	if (sessions.length === 0) return undefined;
	const { sealing } = given.state;
	if (sealing === undefined) {
		throw new Error('the store was opened without encryption_keys to seal sessions with: restart the gateway');
	}
	const parts: Parts = { ...given, sealing };
	const made = sessions.map((each) => ({ host: each.host, ...createOne(each, parts) }));
	return {
		sources: new Map(made.map(({ source }) => [source.name, source])),
		pages: { find: createPageTable(made) },
		overview: createSessionsOverview(parts, new Map(made.map((each) => [each.source.name, each]))),
	};
}

function createOne(definition: SessionsDefinition, parts: Parts) {
	const { state, runtime, sealing } = parts;
	const { clock, timers, log } = runtime;
	const { name, origin, cookie, paths, timeout, client } = definition;
	const lifetimes = { idle: definition.idleTimeout, absolute: definition.lifetime };
	const keeper = telling(createKeeper(definition, parts), parts);
	const flow = createFlow(definition, parts);
	const endedBy = (session: SessionMark) => endOf(session, client.id, definition.provider, parts);
	const refresher = createRefresher({
		keeper,
		flow,
		ahead: definition.refreshAhead,
		// A call, once more with another secret, and the writing down.
		patience: 2 * timeout + writeTime,
		lease: (id, ttl) => takeLease(state.store, 'session-refresh', id, ttl),
		clock,
		timers,
		onProblem: (message, cause) => log.warn(message, { sessions: name, cause: messageOf(cause) }),
	});
	const end = endingOf(name, keeper, flow, runtime);
	const lookUp = createLookUp({ keeper, endedBy, end });
	const source = createSessionSource({
		name,
		cookie: cookie.name,
		forgery: { origin, header: definition.csrfHeader },
		lifetimes,
		login: { host: definition.host, origin, path: paths.login },
		keeper,
		refresher,
		endedBy,
		end,
		clock,
	});
	const pages = createPages({
		name,
		provider: definition.provider,
		origin,
		cookie: cookieSettings(definition),
		claims: definition.userinfo,
		returnTo: createReturnTo({
			allowed: definition.returnTo,
			usual: definition.afterLogin,
			never: new Set(Object.values(paths)),
		}),
		flow,
		keeper,
		end,
		sealing,
		clock,
		onRefusal: (error) => log.warn('a login was refused', { sessions: name, error }),
		paths,
		afterLogout: definition.afterLogout,
		lifetimes,
		lookUp,
		takeLogoutToken: createLogoutTaker(definition, parts),
	});
	return { source, pages, keeper, end };
}

interface Ending {
	readonly keeper: Keeper;
	readonly end: EndSession;
}

function createSessionsOverview(parts: Parts, made: ReadonlyMap<string, Ending>): SessionsOverview {
	const { definition, state, runtime, sealing } = parts;
	const { store } = state;
	const kinds = definition.sessions
		.filter(({ cookie }) => cookie.kind === 'handle')
		.flatMap(({ name, idleTimeout, lifetime, client, provider }) => {
			const end = made.get(name)?.end;
			const lifetimes = { idle: idleTimeout, absolute: lifetime };
			const endedBy = (session: SessionMark) => endOf(session, client.id, provider, parts);
			return end === undefined ? [] : [{ name, provider, lifetimes, endedBy, end }];
		});
	const sealed = definition.sessions.flatMap(({ name, cookie }) => {
		const keeper = made.get(name)?.keeper;
		if (cookie.kind !== 'sealed' || keeper === undefined) return [];
		// It cannot have begun later than now, so this lasts until it is over in any case.
		return [{ name, end: (id: string) => keeper.end({ id, createdAt: runtime.clock.now() / 1000 }) }];
	});
	const tellEnded = (id: string) => state.endedSessions.tell(id, runtime.clock.now() / 1000 + longestToken);
	return createOverview({ kinds, sealed, tellEnded, store, sealing, clock: runtime.clock });
}

function endingOf(name: string, keeper: Keeper, flow: CodeFlow, { log }: Runtime): EndSession {
	return createEndSession({
		keeper,
		flow,
		onUnrevoked: () =>
			log.warn('a session has ended, and its provider could not be told to revoke the refresh token', {
				sessions: name,
			}),
	});
}

/** Milliseconds in which the tokens of a refresh are written down, retries included. */
const writeTime = 5_000;

function cookieSettings({ cookie, lifetime }: SessionsDefinition) {
	const { name, sameSite, persistent } = cookie;
	return { name, sameSite, maxAge: persistent ? lifetime : undefined };
}

function createKeeper(definition: SessionsDefinition, { state, runtime, sealing }: Parts): Keeper {
	const { store } = state;
	const common = {
		name: definition.name,
		cookie: cookieSettings(definition),
		lifetimes: { idle: definition.idleTimeout, absolute: definition.lifetime },
		store,
		sealing,
		clock: runtime.clock,
		cryptography: runtime.cryptography,
	};
	return definition.cookie.kind === 'handle' ? createHandles(common) : createSealedCookies(common);
}

/** Seconds for which an access token may be good of which nobody here knows more. */
const longestToken = 24 * 60 * 60;

/**
 * However a session ends, every gateway hears of it, for what it has open. They hear of it first: if it then cannot be ended,
 * it counts as ended all the same, and whoever ends it once more finds it.
 */
function telling(keeper: Keeper, { state, runtime }: Parts): Keeper {
	return {
		...keeper,
		async end(session: EndedSession) {
			const until = session.accessExpiresAt ?? runtime.clock.now() / 1000 + longestToken;
			await state.endedSessions.tell(session.id, until);
			await keeper.end(session);
		},
	};
}

function createFlow(definition: SessionsDefinition, parts: SessionsParts): CodeFlow {
	const { runtime } = parts;
	const { clock, timers, cryptography, fetcher, poster } = runtime;
	const { client, discovery, timeout, issuer, provider: name } = definition;
	const { method } = client.authentication;
	const provider = parts.definition.providers.find((candidate) => candidate.name === name);
	const metadata = createServerMetadata({
		definition: discovery,
		mutualTls: method === 'tls_client_auth',
		fetcher,
		clock,
		limits: { ...defaultFetchLimits, timeout },
	});
	const authentication = createClientAuthentication(client, { clock, cryptography });
	const call = (endpoint: CallName) =>
		createEndpointCall({
			endpoint: { url: () => endpointOf(metadata, endpoint), known: undefined },
			client: authentication,
			poster,
			clock,
			timers,
			limits: { timeout },
		});
	return createCodeFlow({
		metadata,
		issuer,
		clientId: client.id,
		proofNamesClient: method !== 'client_secret_basic',
		calls: {
			token_endpoint: call('token_endpoint'),
			// With slots and a circuit of its own: anybody can come back from a login with a code that the server refuses.
			refresh: call('token_endpoint'),
			pushed_authorization_request_endpoint: call('pushed_authorization_request_endpoint'),
			revocation_endpoint: call('revocation_endpoint'),
		},
		redirectUri: definition.origin + definition.paths.callback,
		scopes: definition.scopes,
		resources: definition.resources,
		parameters: definition.parameters,
		clockSkew: provider?.clockSkew ?? 0,
		clock,
		async verify(idToken) {
			// OpenID Connect Core §3.1.3.7: it came straight from the token endpoint; TLS vouches for it where no keys do.
			if (!parts.keys.has(name)) return null;
			const verified = await verifyJwt(name, idToken, { definition: parts.definition, keys: parts.keys, clock });
			return 'why' in verified ? verified.outcome : null;
		},
	});
}

async function endpointOf(metadata: ServerMetadata, name: CallName): Promise<string> {
	const url = (await metadata()).url(name);
	if (url === undefined) throw new Error(`the metadata names no ${name}`);
	return url;
}

/** Why a session has ended although its record is there, or may be there again. */
function endOf(session: SessionMark, client: string, provider: string, parts: SessionsParts): string | undefined {
	if (parts.state.endedSessions.has(session.id)) return 'it was ended';
	return revocationOf(session, client, provider, parts);
}

/** Asks the revocations as for a token that was issued at the login: what ends those of the user ends the session. */
function revocationOf(
	{ issuer, subject, sid, createdAt }: SessionMark,
	client: string,
	provider: string,
	{ state, runtime }: SessionsParts,
): string | undefined {
	const principal: Principal = {
		provider,
		kind: 'session',
		issuer,
		subject,
		client,
		audiences: [],
		scopes: new Set(),
		claims: sid === undefined ? {} : { sid },
		expiresAt: undefined,
		notBefore: undefined,
		issuedAt: createdAt,
		confirmation: undefined,
		type: undefined,
	};
	const { clock } = runtime;
	const evidence = new Evidence(noRequest, clock.now() / 1000, clock.monotonic());
	return state.revoked.deniedBy(principal, evidence);
}

/** As `POST /logout/PROVIDER` of the admin listener, for providers that reach no other one. */
function createLogoutTaker(
	{ provider }: SessionsDefinition,
	{ definition, keys, state, runtime }: SessionsParts,
): TakeLogoutToken {
	const { clock, cryptography, log, recordChange } = runtime;
	const logout = createLogout({ definition, keys, state, policy: { clock } }, cryptography);
	return async (token) => {
		const read = await logout.read(provider, token);
		if (read.outcome === 'unavailable') return { status: 503, why: 'the keys of the provider cannot be had' };
		if (read.outcome === 'refused' || read.apply === undefined) {
			const why = read.outcome === 'refused' ? read.why : 'nothing to end';
			log.warn('a logout token was refused', { provider, why });
			return { status: 400, why };
		}
		const what = Object.fromEntries(read.denials.map(({ kind, value }) => [kind, value]));
		const change = { action: 'logout', by: `provider ${provider}`, to: { issuer: read.issuer, ...what } } as const;
		if ((await recordChange?.(change)) === false) return { status: 503, why: 'it cannot be recorded' };
		try {
			const isFirst = await read.apply(`logout token of ${provider}`);
			return isFirst ? { status: 200, why: '' } : { status: 400, why: 'it was used before' };
		} catch (cause) {
			if (!(cause instanceof StoreUnavailable)) throw cause;
			log.error('a logout did not reach the store', { provider, cause: cause.message });
			await recordChange?.({ ...change, failure: 'store_unavailable' });
			return { status: 503, why: 'the store does not answer' };
		}
	};
}

function messageOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : 'something that is no Error';
}
