/** Cross-origin rules (WHATWG Fetch §3.2): exact origins, and never every origin together with cookies. */
import { defaults } from './defaults.ts';
import type { CorsDefinition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import { asList, parseUrl, seconds } from './reading.ts';
import type { CorsFile } from './schema.ts';

export function readCors(value: CorsFile, path: ConfigPath, report: Report): CorsDefinition {
	const origins = asList(value.origins);
	for (const [index, origin] of origins.entries()) {
		const at = Array.isArray(value.origins) ? [...path, 'origins', index] : [...path, 'origins'];
		if (origin === '*') {
			if (value.credentials === true)
				report.error(at, '* and credentials: true exclude each other', { fix: 'List the origins.' });
			continue;
		}
		const url = parseUrl(origin);
		if (url !== undefined && url.origin === origin) continue;
		report.error(at, 'expected an origin: scheme, host and port, lower-case, without a path', {
			fix: 'For example: https://app.example.com',
		});
	}
	return {
		origins,
		methods: value.methods ?? defaults.cors.methods,
		headers: (value.headers ?? defaults.cors.headers).map((name) => name.toLowerCase()),
		exposeHeaders: value.expose_headers ?? [],
		credentials: value.credentials ?? false,
		maxAge: seconds(value.max_age ?? defaults.cors.maxAge) ?? 0,
	};
}
