/**
 * The metadata of an authorization server (RFC 8414 §3, OpenID Connect Discovery §4), read when first needed and again
 * once an hour; what it said last serves while it cannot be read. Whatever URL is taken from it passes the same checks.
 */
import { type Clock, type DocumentFetcher, isJsonObject, type JsonObject, member } from '#core/index';
import { type DiscoveryDefinition, discoverMetadata, metadataUrl } from '../verification/discovery.ts';
import type { FetchLimits } from '../verification/fetch-json.ts';

export interface ServerMetadataOptions {
	readonly definition: DiscoveryDefinition;
	/** True: where client certificates are asked for, the server may answer on another host (RFC 8705 §5). */
	readonly mutualTls: boolean;
	readonly fetcher: DocumentFetcher;
	readonly clock: Pick<Clock, 'monotonic'>;
	readonly limits: FetchLimits;
}

export interface ReadMetadata {
	readonly document: JsonObject;
	/** Undefined where the document names none; throws for one that may not be asked. */
	url(name: string): string | undefined;
}

/** Rejects with a readable Error while it was never read. */
export type ServerMetadata = () => Promise<ReadMetadata>;

/** Milliseconds, and those until the next attempt after one that failed. */
const metadataFor = 3_600_000;
const retryAfter = 60_000;

export function createServerMetadata(options: ServerMetadataOptions): ServerMetadata {
	const { definition, mutualTls, fetcher, clock, limits } = options;
	let known: { readonly read: ReadMetadata; readonly until: number } | undefined;
	let reading: Promise<ReadMetadata> | undefined;

	async function read(): Promise<ReadMetadata> {
		const { metadata: document, from } = await discoverMetadata(definition, fetcher, limits);
		const aliases = mutualTls ? member(document, 'mtls_endpoint_aliases') : undefined;
		const fresh: ReadMetadata = {
			document,
			url(name) {
				const alias = isJsonObject(aliases) ? member(aliases, name) : undefined;
				const value = alias ?? member(document, name);
				return value === undefined ? undefined : metadataUrl(value, name, from, definition);
			},
		};
		known = { read: fresh, until: clock.monotonic() + metadataFor };
		return fresh;
	}

	return async () => {
		if (known !== undefined && clock.monotonic() < known.until) return known.read;
		reading ??= read()
			.catch((error: unknown) => {
				if (known === undefined) throw error;
				known = { ...known, until: clock.monotonic() + retryAfter };
				return known.read;
			})
			.finally(() => {
				reading = undefined;
			});
		return reading;
	};
}
