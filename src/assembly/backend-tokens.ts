/**
 * What gives each route's upstream a credential of the gateway's own, by route, and the sources behind that. Routes that
 * ask alike share one source; over a reload, what is asked for as before keeps its source, with the tokens it has.
 */
import type {
	ClientCredentialsDefinition,
	Definition,
	ExchangeDefinition,
	ManagedIdentityDefinition,
	RouteDefinition,
	TokenServerDefinition,
} from '#config/definition';
import type { BackendToken } from '#core/index';
import { readHostPattern, readPathPattern } from '#formats/route-pattern';
import { createClientCredentials } from '#keys/authorization-server/client-credentials';
import type { EndpointCall } from '#keys/authorization-server/endpoint-call';
import { createManagedIdentity } from '#keys/authorization-server/managed-identity';
import { createOwnToken, type OwnToken } from '#keys/authorization-server/own-token';
import { createExchangedToken } from '#pipeline/transform/exchange/backend-token';
import { createExchanger, type Exchanger } from '#pipeline/transform/exchange/exchanger';
import {
	createOwnCredential,
	createStaticCredential,
	credentialField,
} from '#pipeline/transform/own-token/backend-token';
import type { Runtime } from './assemble.ts';
import { createMinting, type MintingSource } from './minting.ts';
import { createServerCall } from './server-call.ts';
import type { State } from './state.ts';

export interface BackendTokens {
	readonly tokens: ReadonlyMap<RouteDefinition, BackendToken>;
	/** By what they are asked for. */
	readonly sources: ReadonlyMap<string, TokenSource>;
	/** What signs tokens of the gateway's own; undefined: nothing does. */
	readonly minting: MintingSource | undefined;
	/** Those that were made here and are not started yet. */
	readonly fresh: readonly TokenSource[];
}

/** Octets that the exchanged tokens of one source may take: some ten thousand of usual size. */
const cacheBytes = 64 * 1024 * 1024;

/** `tokenId`: keyed digest of a token's digest. Throws an Error when a key of ours cannot be used. */
export function createBackendTokens(
	{ routes, minting: mintingDefinition }: Definition,
	runtime: Runtime,
	state: Pick<State, 'mintingKeys'>,
	tokenId: (digest: string) => string,
	previous: BackendTokens | undefined,
): BackendTokens {
	const tokens = new Map<RouteDefinition, BackendToken>();
	const sources = new Map<string, TokenSource>();
	const fresh: TokenSource[] = [];
	const identify = (token: string) => tokenId(runtime.cryptography.hexDigest(token));

	/** The source for this content: one of this assembly, the one of before, or a new one. */
	function sourceOf<T extends TokenSource>(kind: T['kind'], content: unknown, make: () => T): T {
		const key = `${kind} ${runtime.cryptography.digest(JSON.stringify(content))}`;
		const known = sources.get(key) ?? previous?.sources.get(key);
		if (known !== undefined) {
			sources.set(key, known);
			return known as T;
		}
		const made = make();
		sources.set(key, made);
		fresh.push(made);
		return made;
	}

	function exchangerOf(server: TokenServerDefinition, terms: Omit<ExchangeDefinition, 'servers'>): Exchanger {
		return sourceOf<ExchangeSource>('exchange', [server, terms], () => ({
			kind: 'exchange',
			server,
			...makeExchanger(server, terms, identify, runtime),
		}));
	}

	function ownTokenOf(definition: ClientCredentialsDefinition | ManagedIdentityDefinition): OwnToken {
		// Routes that give the same token under another name share it.
		const { header: _, ...asked } = definition;
		return sourceOf<OwnTokenSource>('own token', asked, () => ({
			kind: 'own token',
			name: definition.type === 'client_credentials' ? definition.server.name : definition.resource,
			definition,
			...makeOwnToken(definition, runtime),
		}));
	}

	const minting =
		mintingDefinition === undefined
			? undefined
			: sourceOf<MintingSource>('minting', mintingDefinition, () =>
					createMinting(mintingDefinition, runtime, state, identify),
				);

	function create(route: RouteDefinition): BackendToken | undefined {
		const { backendToken } = route;
		switch (backendToken.type) {
			case 'none':
			case 'insecure_passthrough':
				return undefined;
			case 'mint':
				if (minting === undefined) throw new Error(`route ${route.name} mints, and there is no minting`);
				return minting.tokenOf(backendToken, parameterNamesOf(route));
			case 'exchange': {
				const { servers, ...terms } = backendToken;
				return createExchangedToken({
					exchangers: new Map(servers.map(({ provider, server }) => [provider, exchangerOf(server, terms)])),
					target: terms.target,
					parameterNames: parameterNamesOf(route),
				});
			}
			case 'client_credentials':
			case 'managed_identity':
				return createOwnCredential(ownTokenOf(backendToken), credentialField(backendToken.header));
			case 'api_key':
			case 'basic':
				return createStaticCredential(backendToken.header, backendToken.value);
		}
	}

	for (const route of routes) {
		const token = create(route);
		if (token !== undefined) tokens.set(route, token);
	}
	return { tokens, sources, minting, fresh };
}

export type TokenSource = ExchangeSource | OwnTokenSource | MintingSource;

export interface OwnTokenSource extends OwnToken {
	readonly kind: 'own token';
	/** What it is called: in the log and in metrics. */
	readonly name: string;
	readonly definition: ClientCredentialsDefinition | ManagedIdentityDefinition;
}

export interface ExchangeSource extends Exchanger {
	readonly kind: 'exchange';
	readonly server: TokenServerDefinition;
}

function makeExchanger(
	server: TokenServerDefinition,
	{ grant, subjectType, requestedType, actor, header, timeout }: Omit<ExchangeDefinition, 'servers'>,
	tokenId: (token: string) => string,
	runtime: Runtime,
): Exchanger {
	const { clock, timers, log, onExchange } = runtime;
	const call = makeCall(server, timeout, runtime);
	const own =
		actor === undefined
			? undefined
			: createOwnToken({ name: server.name, obtain: createClientCredentials(call, actor, clock), clock, timers, log });
	return createExchanger({
		name: server.name,
		call,
		terms: { grant, subjectType, requestedType },
		actor: own,
		clientId: server.client.id,
		field: credentialField(header),
		tokenId,
		clock,
		cacheBytes,
		...(onExchange === undefined ? {} : { onCall: onExchange }),
	});
}

export function makeOwnToken(
	definition: ClientCredentialsDefinition | ManagedIdentityDefinition,
	runtime: Runtime,
): OwnToken {
	const { clock, timers, log, identityFetcher } = runtime;
	if (definition.type === 'client_credentials') {
		const { server, target, timeout } = definition;
		const obtain = createClientCredentials(makeCall(server, timeout, runtime), target, clock);
		return createOwnToken({ name: server.name, obtain, clock, timers, log });
	}
	if (identityFetcher === undefined) throw new Error('this runtime cannot ask for a managed identity');
	const obtain = createManagedIdentity({ ...definition, fetcher: identityFetcher, clock });
	return createOwnToken({ name: definition.resource, obtain, clock, timers, log });
}

function makeCall({ endpoint, client }: TokenServerDefinition, timeout: number, runtime: Runtime): EndpointCall {
	return createServerCall('token_endpoint', { endpoint, client, timeout }, runtime);
}

/** In the order of `evidence.parameters`: path first, then host. */
function parameterNamesOf({ path, host }: RouteDefinition): readonly string[] {
	const pattern = readPathPattern(path, { encodedSlash: true });
	const hostPattern = host === undefined ? undefined : readHostPattern(host);
	if (typeof pattern === 'string' || typeof hostPattern === 'string') throw new Error(`path ${path} is no pattern`);
	return [...pattern.names, ...(hostPattern?.name === undefined ? [] : [hostPattern.name])];
}
