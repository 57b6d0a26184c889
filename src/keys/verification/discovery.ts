/**
 * Where a provider's key set is, by its own metadata: OpenID Connect Discovery 1.0 §4 and RFC 8414 §3. Only configured
 * URLs are asked; nothing of a token takes part.
 */
import { type DocumentFetcher, type JsonObject, member } from '#core/index';
import { defaultFetchLimits, type FetchLimits, fetchJsonObject, KeyFetchError } from './fetch-json.ts';
import { checkOutboundUrl, withoutQuery } from './url.ts';

export interface DiscoveryDefinition {
	/** Metadata documents, tried in order: the next one only where one is not found. */
	readonly urls: readonly string[];
	readonly issuer: string;
	/** False where `issuer` of the metadata is a template (Entra's multi-tenant document). */
	readonly checkIssuer: boolean;
	readonly insecureHttp: boolean;
}

export interface Discovered {
	readonly jwksUri: string;
	/** The whole document, not further checked. */
	readonly metadata: JsonObject;
}

/**
 * Finds `jwks_uri`. A 4xx (but 408 and 429) leads to the next URL; any other failure ends the search, so that a second document is never
 * taken because the first was suppressed half-way. The document's `issuer` must equal the configured one code point for
 * code point (Discovery §4.3, RFC 8414 §3.3). `jwks_uri` must pass checkOutboundUrl, and a document that came over
 * https cannot point to http unless `insecureHttp` says so. Throws KeyFetchError.
 */
export async function discoverJwksUri(
	definition: DiscoveryDefinition,
	fetcher: DocumentFetcher,
	limits: FetchLimits = defaultFetchLimits,
): Promise<Discovered> {
	const { metadata, from } = await discoverMetadata(definition, fetcher, limits);
	return { jwksUri: metadataUrl(member(metadata, 'jwks_uri'), 'jwks_uri', from, definition), metadata };
}

/** The metadata document itself, found and checked in the same way, and the URL that it came from. Throws KeyFetchError. */
export async function discoverMetadata(
	definition: DiscoveryDefinition,
	fetcher: DocumentFetcher,
	limits: FetchLimits = defaultFetchLimits,
): Promise<{ readonly metadata: JsonObject; readonly from: string }> {
	let missing: KeyFetchError | undefined;
	for (const url of definition.urls) {
		try {
			const { value } = await fetchJsonObject(url, { insecureHttp: definition.insecureHttp, limits }, fetcher);
			checkIssuer(value, url, definition);
			return { metadata: value, from: url };
		} catch (error) {
			if (!isNotFound(error)) throw error;
			missing ??= error;
		}
	}
	throw missing ?? new KeyFetchError('url_refused', 'there is no metadata URL to ask');
}

/** Servers answer 400, 401 or 403 as well as 404 for a document they do not have; 408 and 429 only ask for patience. */
function isNotFound(error: unknown): error is KeyFetchError {
	if (!(error instanceof KeyFetchError) || error.status === undefined) return false;
	return error.status >= 400 && error.status < 500 && error.status !== 408 && error.status !== 429;
}

function checkIssuer(metadata: JsonObject, url: string, definition: DiscoveryDefinition): void {
	const issuer = member(metadata, 'issuer');
	if (!definition.checkIssuer || issuer === definition.issuer) return;
	const found = typeof issuer === 'string' ? JSON.stringify(issuer.slice(0, 256)) : 'no issuer';
	throw new KeyFetchError(
		'issuer_mismatch',
		`${withoutQuery(url)} says ${found}, configured is ${JSON.stringify(definition.issuer)}: they must be equal, slashes included`,
	);
}

/** A URL that the metadata from `from` gives under `name`, under the conditions of discoverJwksUri. Throws KeyFetchError. */
export function metadataUrl(value: unknown, name: string, from: string, definition: DiscoveryDefinition): string {
	const shown = withoutQuery(from);
	if (typeof value !== 'string') throw new KeyFetchError('content', `${shown} names no ${name}`);
	const problem = checkOutboundUrl(value, definition) ?? downgrade(from, value, definition);
	if (problem !== undefined) {
		throw new KeyFetchError('url_refused', `the ${name} that ${shown} names is refused: ${problem}`);
	}
	return value;
}

function downgrade(from: string, to: string, definition: DiscoveryDefinition): string | undefined {
	if (definition.insecureHttp || !/^https:/i.test(from) || /^https:/i.test(to)) return undefined;
	return 'it is http, and the metadata came over https';
}
