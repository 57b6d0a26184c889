/**
 * Where an endpoint of an authorization server is: configured, or named by its metadata (RFC 8414 §2, OpenID Connect
 * Discovery §3). The metadata is read again once an hour; what it said last serves while it cannot be read.
 */
import { type Clock, type DocumentFetcher, isJsonObject, type JsonObject, member } from '#core/index';
import { type DiscoveryDefinition, discoverMetadata, metadataUrl } from '../verification/discovery.ts';
import type { FetchLimits } from '../verification/fetch-json.ts';

export type EndpointName = 'introspection_endpoint' | 'token_endpoint';

export type EndpointDefinition =
	| { readonly from: 'url'; readonly url: string }
	| ({ readonly from: 'discovery' } & DiscoveryDefinition);

export interface EndpointOptions {
	readonly name: EndpointName;
	readonly definition: EndpointDefinition;
	/** True: a server that answers on another host where client certificates are asked for says so (RFC 8705 §5). */
	readonly mutualTls: boolean;
	readonly fetcher: DocumentFetcher;
	readonly clock: Clock;
	readonly limits: FetchLimits;
}

export interface Endpoint {
	/** The URL; waits only where the metadata must be read first. Rejects with a readable Error. */
	url(): string | Promise<string>;
	/** As last known, for a status. */
	readonly known: string | undefined;
}

/** Milliseconds. */
const metadataFor = 3_600_000;

export function createEndpoint(options: EndpointOptions): Endpoint {
	const { definition } = options;
	if (definition.from === 'url') return { url: () => definition.url, known: definition.url };
	return discovered(definition, options);
}

function discovered(definition: DiscoveryDefinition, options: EndpointOptions): Endpoint {
	const { name, mutualTls, fetcher, clock, limits } = options;
	let known: { readonly url: string; readonly until: number } | undefined;
	let reading: Promise<string> | undefined;

	async function read(): Promise<string> {
		const { metadata, from } = await discoverMetadata(definition, fetcher, limits);
		const url = metadataUrl(endpointOf(metadata, name, mutualTls), name, from, definition);
		known = { url, until: clock.monotonic() + metadataFor };
		return url;
	}

	return {
		url() {
			if (known !== undefined && clock.monotonic() < known.until) return known.url;
			reading ??= read()
				.catch((error: unknown) => {
					if (known === undefined) throw error;
					known = { ...known, until: clock.monotonic() + 60_000 };
					return known.url;
				})
				.finally(() => {
					reading = undefined;
				});
			return reading;
		},
		get known() {
			return known?.url;
		},
	};
}

function endpointOf(metadata: JsonObject, name: EndpointName, mutualTls: boolean): unknown {
	const aliases = member(metadata, 'mtls_endpoint_aliases');
	const alias = mutualTls && isJsonObject(aliases) ? member(aliases, name) : undefined;
	return alias ?? member(metadata, name);
}
