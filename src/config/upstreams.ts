/** The upstream of a route: where it is, and how the path changes on the way. */

import { type PathPattern, readPathPattern } from '#formats/route-pattern';
import { defaults } from './defaults.ts';
import type { UpstreamDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { parseUrl, type Reading, timerMilliseconds } from './reading.ts';
import type { RouteFile } from './schema.ts';
import type { UpstreamFile } from './schema-upstream.ts';
import { readEjection, readHealthCheck, readPool, readUpstreamTls } from './upstream-settings.ts';

/** Undefined after reporting why. `pattern`: the route's path, when that is known. */
export function readUpstream(
	value: NonNullable<RouteFile['upstream']>,
	path: ConfigPath,
	pattern: PathPattern | undefined,
	reading: Reading,
): UpstreamDefinition | undefined {
	const { report } = reading;
	const settings: UpstreamFile = typeof value === 'string' ? { url: value } : value;
	if (settings.url !== undefined && settings.endpoints !== undefined) {
		report.error([...path, 'endpoints'], 'url and endpoints exclude each other', { at: 'key' });
		return undefined;
	}
	const urls =
		settings.endpoints?.map((url, index) => ({ url, at: [...path, 'endpoints', index] })) ??
		(settings.url === undefined
			? []
			: [{ url: settings.url, at: typeof value === 'string' ? path : [...path, 'url'] }]);
	if (urls.length === 0) report.error(path, 'url is missing', { fix: 'Give url, or endpoints for several.' });
	const endpoints = urls.flatMap(({ url, at }) => {
		const read = readEndpoint(url);
		if (typeof read !== 'string') return [read];
		report.error(at, read, { fix: 'For example: http://127.0.0.1:9001' });
		return [];
	});
	const [first] = endpoints;
	if (endpoints.some(({ prefix }) => prefix !== first?.prefix)) {
		report.error([...path, 'endpoints'], 'all endpoints must have the same path');
	}
	const stripPrefix = settings.strip_prefix;
	if (stripPrefix !== undefined) checkStripPrefix(stripPrefix, [...path, 'strip_prefix'], pattern, report);
	if (first === undefined) return undefined;
	const isSecure = endpoints.every(({ origin }) => origin.startsWith('https:'));
	return {
		endpoints: endpoints.map(({ origin }) => origin),
		stripPrefix,
		addPrefix: first.prefix,
		timeout: timerMilliseconds(settings.timeout ?? defaults.upstreamTimeout, [...path, 'timeout'], report),
		bodyTimeout: timerMilliseconds(
			settings.body_timeout ?? defaults.upstream.bodyTimeout,
			[...path, 'body_timeout'],
			report,
		),
		connectTimeout: timerMilliseconds(
			settings.connect_timeout ?? defaults.upstreamConnectTimeout,
			[...path, 'connect_timeout'],
			report,
		),
		preserveHost: settings.preserve_host ?? false,
		pool: readPool(settings, path, reading),
		ejection: readEjection(settings, path, reading),
		healthCheck: readHealthCheck(settings, path, reading),
		tls: readUpstreamTls(settings, isSecure, path, reading),
	};
}

function readEndpoint(text: string): { readonly origin: string; readonly prefix: string } | string {
	const url = parseUrl(text);
	if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
		return 'expected an http: or https: URL';
	if (url.username !== '' || url.password !== '') return 'a URL with a user name or password is not allowed';
	if (/[?#]/.test(text)) return 'the URL of an upstream has no query and no fragment';
	const written = text.replace(/^[a-z]+:\/\/[^/]*/, '');
	const prefix = written.replace(/\/$/, '');
	if (prefix === '') return { origin: url.origin, prefix };
	const pattern = /[{}*]/.test(prefix)
		? 'the path of an upstream holds no parameters'
		: readPathPattern(prefix, { encodedSlash: false });
	return typeof pattern === 'string' ? pattern : { origin: url.origin, prefix };
}

function checkStripPrefix(
	prefix: string,
	path: ConfigPath,
	pattern: PathPattern | undefined,
	report: Reading['report'],
): void {
	if (prefix.endsWith('/') || /[{}*]/.test(prefix)) {
		report.error(path, 'expected a path without parameters and without a / at the end, such as /v1');
		return;
	}
	const read = readPathPattern(prefix, { encodedSlash: false });
	if (typeof read === 'string') {
		report.error(path, read);
		return;
	}
	if (pattern === undefined) return;
	if (read.segments.some((segment, i) => segment !== pattern.segments[i])) {
		report.error(path, 'the route’s path does not begin with this, so it would never be stripped');
	}
}

/** The pattern of the paths as the upstream sees them. */
export function upstreamPattern(pattern: PathPattern, upstream: UpstreamDefinition): PathPattern {
	const stripped = upstream.stripPrefix === undefined ? 0 : upstream.stripPrefix.split('/').length - 1;
	const added = upstream.addPrefix === '' ? [] : upstream.addPrefix.slice(1).split('/');
	return { ...pattern, segments: [...added, ...pattern.segments.slice(stripped)] };
}
