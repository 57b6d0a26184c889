/** Places where a token may stand: fit for that, and warned about where they leak. */
import type { ConfigPath, Report } from './diagnostics.ts';
import { asList } from './reading.ts';
import type { TokenFromFile } from './schema.ts';

/** Headers that mean something else, or are not the client's to set. */
const taken: ReadonlySet<string> = new Set([
	'connection',
	'content-length',
	'content-type',
	'cookie',
	'expect',
	'host',
	'keep-alive',
	'proxy-authorization',
	'proxy-connection',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
]);

export function checkTokenFrom(value: TokenFromFile, path: ConfigPath, report: Report): void {
	const seen = new Set<string>();
	for (const [index, place] of asList(value).entries()) {
		const at = Array.isArray(value) ? [...path, index] : path;
		const [kind, name = ''] = Object.entries(place)[0] ?? [];
		const key = kind === 'header' ? `header ${name.toLowerCase()}` : `${kind} ${name}`;
		if (seen.has(key)) report.error(at, 'this place is named twice');
		seen.add(key);
		if (kind === 'header' && taken.has(name.toLowerCase()))
			report.error(at, `a token cannot stand in the header ${name}`);
		if (kind === 'insecure_query') {
			report.warning(at, 'tokens in the URL end up in logs, histories and Referer headers (RFC 6750 §5.3)');
		}
	}
}
