/**
 * Which provider is asked about its tokens, where, and as whom. What is given in the file beats discovery; a key that
 * would count for nothing is said to.
 */

import { readClient } from './client.ts';
import { defaults } from './defaults.ts';
import type { IntrospectionDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { metadataUrls } from './key-sources.ts';
import { checkUrl, type Reading, timerMilliseconds } from './reading.ts';
import type { ProviderFile } from './schema.ts';
import type { ShapedProvider } from './shape.ts';

export function isIntrospected({ values }: ShapedProvider): boolean {
	return values.tokens?.includes('opaque') === true || values.introspect_jwts === true;
}

export function checkNoIntrospection({ path, present }: ShapedProvider, { report }: Reading): void {
	for (const key of ['introspection_endpoint', 'introspection'] as const) {
		if (!present.has(key)) continue;
		report.error([...path, key], `${key} counts for nothing: this provider is not asked about its tokens`, {
			at: 'key',
			fix: 'Say tokens: [opaque], tokens: [jwt, opaque] or introspect_jwts: true.',
		});
	}
}

const keySources = ['jwks_uri', 'jwks', 'jwks_file', 'public_key_file', 'secret', 'secret_base64'] as const;

/** A key source beside nothing but opaque tokens: as a rule its tokens are JWTs, which need no call each. */
export function warnOfUnusedKeys({ path, present }: ShapedProvider, { report }: Reading): void {
	for (const key of keySources) {
		if (!present.has(key)) continue;
		report.warning([...path, key], `${key} counts for nothing: with tokens: [opaque] nothing is verified with keys`, {
			at: 'key',
			fix: 'If its tokens are JWTs, say tokens: [jwt, opaque]: then they are verified here, without a call for each.',
		});
	}
}

/** Undefined after reporting why. */
export function readIntrospection(
	shaped: ShapedProvider,
	issuers: readonly string[],
	reading: Reading,
): IntrospectionDefinition | undefined {
	const { path, values, present } = shaped;
	const { report } = reading;
	if (values.introspect_jwts === true && values.tokens?.includes('jwt') === false) {
		report.error([...path, 'introspect_jwts'], 'this provider issues no JWTs', { at: 'key', fix: 'See tokens.' });
	}
	const endpoint = readEndpoint(shaped, issuers, reading);
	if (values.client === undefined && !present.has('client')) {
		report.error(path, 'client is missing: as whom is the provider asked?', {
			at: 'key',
			fix: 'For example: client: { id: gateway, secret: "${env:GATEWAY_SECRET}" }',
		});
	}
	const client =
		values.client === undefined ? undefined : readClient(values.client, issuers[0] ?? '', [...path, 'client'], reading);
	const times = readTimes(values.introspection, [...path, 'introspection'], reading);
	const signed = values.introspection?.signed ?? false;
	if (signed && client?.id === '') {
		report.error([...path, 'client'], 'signed answers are made out to a client: id is missing', { at: 'key' });
	}
	if (endpoint === undefined || client === undefined) return undefined;
	return { endpoint, client, ...times, signed, jwts: values.introspect_jwts ?? false };
}

function readEndpoint(
	{ path, values, present }: ShapedProvider,
	issuers: readonly string[],
	{ report }: Reading,
): IntrospectionDefinition['endpoint'] | undefined {
	const insecureHttp = values.insecure_http === true;
	const url = values.introspection_endpoint;
	if (url !== undefined) {
		const problem = checkUrl(url, { insecureHttp });
		if (problem !== undefined) report.error([...path, 'introspection_endpoint'], problem);
		return { from: 'url', url };
	}
	if (present.has('introspection_endpoint')) return undefined;
	const [issuer, second] = issuers;
	// That there is no issuer was reported.
	if (issuer === undefined) return undefined;
	const metadata = values.discovery_uri;
	const problem =
		second !== undefined && metadata === undefined
			? 'with several issuers, introspection_endpoint is needed'
			: checkUrl(metadata ?? issuer, { insecureHttp });
	if (problem !== undefined) {
		report.error(path, `the introspection endpoint cannot be discovered: ${problem}`, {
			at: 'key',
			fix: 'Give introspection_endpoint.',
		});
		return undefined;
	}
	const urls = metadata === undefined ? metadataUrls(issuer) : [metadata];
	return { from: 'discovery', issuer, urls, insecureHttp, checkIssuer: values.preset !== 'entra' };
}

const most = { cache: 3_600_000, negativeCache: 300_000, timeout: 30_000, concurrency: 10_000 };

function readTimes(
	file: ProviderFile['introspection'],
	path: ConfigPath,
	{ report }: Reading,
): Pick<IntrospectionDefinition, 'cache' | 'negativeCache' | 'timeout' | 'concurrency'> {
	const fallback = defaults.introspection;
	const time = (key: 'cache' | 'negative_cache' | 'timeout', text: string, longest: number, words: string): number => {
		const at = [...path, key];
		const read = timerMilliseconds(text, at, report);
		if (read > longest) report.error(at, `at most ${words}`);
		return read;
	};
	const concurrency = file?.concurrency ?? fallback.concurrency;
	if (concurrency > most.concurrency) report.error([...path, 'concurrency'], `at most ${most.concurrency}`);
	return {
		cache: time('cache', file?.cache ?? fallback.cache, most.cache, '1h: a revoked token works that long'),
		negativeCache: time('negative_cache', file?.negative_cache ?? fallback.negativeCache, most.negativeCache, '5m'),
		timeout: time('timeout', file?.timeout ?? fallback.timeout, most.timeout, '30s'),
		concurrency,
	};
}
