/** Where the gateway gets tokens for its upstreams, and who it is there: at a provider of the file, or at a URL of its own. */
import { readClient } from './client.ts';
import { defaults } from './defaults.ts';
import type { EndpointDefinition, TokenServerDefinition } from './definition.ts';
import { type ConfigPath, suggest } from './diagnostics.ts';
import { metadataUrls } from './key-sources.ts';
import { checkUrl, parseUrl, type Reading, timerMilliseconds } from './reading.ts';
import type { TokenServerFile } from './schema-backend-token.ts';
import type { ShapedProvider } from './shape.ts';

/** What routes may name. */
export interface TokenServers {
	/** Undefined for a name that is none. Faults of a provider are reported once, however many routes name it. */
	at(provider: string, path: ConfigPath): TokenServerDefinition | undefined;
	/** Names of providers whose token endpoint is used. */
	readonly used: ReadonlySet<string>;
}

/** `issuersOf`: exact `iss` of a provider, by name. */
export function createTokenServers(
	providers: readonly ShapedProvider[],
	issuersOf: (provider: string) => readonly string[],
	reading: Reading,
): TokenServers {
	const known = new Map<string, TokenServerDefinition | undefined>();
	return {
		at(name, path) {
			const provider = providers.find((shaped) => shaped.name === name);
			if (provider === undefined) {
				const fix = suggest(
					name,
					providers.map((shaped) => shaped.name),
				);
				reading.report.error(path, `there is no provider ${name}`, fix === undefined ? {} : { fix });
				return undefined;
			}
			if (!known.has(name)) known.set(name, readProviderServer(provider, issuersOf(name), reading));
			return known.get(name);
		},
		get used() {
			return new Set(known.keys());
		},
	};
}

function readProviderServer(
	shaped: ShapedProvider,
	issuers: readonly string[],
	reading: Reading,
): TokenServerDefinition | undefined {
	const { name, path, values, present } = shaped;
	const endpoint = readEndpoint(shaped, issuers, reading);
	if (values.client === undefined && !present.has('client')) {
		reading.report.error(path, 'client is missing: as whom does the gateway ask for tokens?', {
			at: 'key',
			fix: 'For example: client: { id: gateway, secret: "${env:GATEWAY_SECRET}" }',
		});
	}
	const client =
		values.client === undefined ? undefined : readClient(values.client, issuers[0] ?? '', [...path, 'client'], reading);
	return endpoint === undefined || client === undefined ? undefined : { name, endpoint, client };
}

function readEndpoint(
	{ path, values, present }: ShapedProvider,
	issuers: readonly string[],
	{ report }: Reading,
): EndpointDefinition | undefined {
	const insecureHttp = values.insecure_http === true;
	const url = values.token_endpoint;
	if (url !== undefined) {
		const problem = checkUrl(url, { insecureHttp });
		if (problem !== undefined) report.error([...path, 'token_endpoint'], problem);
		return { from: 'url', url };
	}
	const [issuer, second] = issuers;
	// That something of it is missing or broken was reported.
	if (present.has('token_endpoint') || issuer === undefined) return undefined;
	const metadata = values.discovery_uri;
	const problem =
		second !== undefined && metadata === undefined
			? 'with several issuers, token_endpoint is needed'
			: checkUrl(metadata ?? issuer, { insecureHttp });
	if (problem !== undefined) {
		report.error(path, `the token endpoint cannot be discovered: ${problem}`, {
			at: 'key',
			fix: 'Give token_endpoint.',
		});
		return undefined;
	}
	const urls = metadata === undefined ? metadataUrls(issuer) : [metadata];
	return { from: 'discovery', issuer, urls, insecureHttp, checkIssuer: values.preset !== 'entra' };
}

/** A server that stands in `backend_token` itself. Undefined after reporting why, and where there is none. */
export function readOwnServer(
	file: TokenServerFile,
	path: ConfigPath,
	reading: Reading,
): TokenServerDefinition | undefined {
	const { report } = reading;
	const { token_endpoint: url, client: clientFile } = file;
	if (url === undefined) {
		if (clientFile !== undefined) {
			report.error([...path, 'client'], 'client stands beside token_endpoint, or in the provider', { at: 'key' });
		}
		return undefined;
	}
	if (file.provider !== undefined) {
		report.error([...path, 'token_endpoint'], 'provider and token_endpoint exclude each other', { at: 'key' });
	}
	const problem = checkUrl(url, { insecureHttp: false });
	if (problem !== undefined) report.error([...path, 'token_endpoint'], problem);
	if (clientFile === undefined) {
		report.error(path, 'client is missing: as whom does the gateway ask for tokens?', {
			at: 'key',
			fix: 'For example: client: { id: gateway, secret: "${env:GATEWAY_SECRET}" }',
		});
		return undefined;
	}
	const client = readClient(clientFile, url, [...path, 'client'], reading);
	if (client === undefined) return undefined;
	return { name: parseUrl(url)?.host ?? url, endpoint: { from: 'url', url }, client };
}

/** Milliseconds of one call. */
export function readServerTimeout({ timeout }: TokenServerFile, path: ConfigPath, { report }: Reading): number {
	const read = timerMilliseconds(timeout ?? defaults.backendToken.timeout, [...path, 'timeout'], report);
	if (read > 30_000) report.error([...path, 'timeout'], 'at most 30s');
	return read;
}
