/** Places where a token may stand: fit for that, and warned about where they leak. */
import type { ProviderRules } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import { canHoldToken } from './header-names.ts';
import { asList } from './reading.ts';
import type { TokenFromFile } from './schema.ts';

export function checkTokenFrom(value: TokenFromFile, path: ConfigPath, report: Report): void {
	const seen = new Set<string>();
	for (const [index, place] of asList(value).entries()) {
		const at = Array.isArray(value) ? [...path, index] : path;
		const [kind, name = ''] = Object.entries(place)[0] ?? [];
		const key = kind === 'header' ? `header ${name.toLowerCase()}` : `${kind} ${name}`;
		if (seen.has(key)) report.error(at, 'this place is named twice');
		seen.add(key);
		if ('scheme' in place && place.scheme !== undefined && name.toLowerCase() !== 'authorization') {
			report.error([...at, 'scheme'], 'scheme is of the header Authorization alone', { at: 'key' });
		}
		if (kind === 'header' && !canHoldToken(name)) report.error(at, `a token cannot stand in the header ${name}`);
		if (kind === 'insecure_query') {
			report.warning(at, 'tokens in the URL end up in logs, histories and Referer headers (RFC 6750 §5.3)');
		}
	}
}

/**
 * One field has one reading: what the rules of a route say of its scheme must agree, and signatures have schemes of
 * their own. `signatures`: providers of the route that take those.
 */
export function checkSchemes(
	rules: readonly ProviderRules[],
	signatures: ReadonlySet<string>,
	path: ConfigPath,
	report: Report,
): void {
	const placed = rules.flatMap(({ provider, binding, tokenFrom }) =>
		tokenFrom.flatMap(({ in: where, name, scheme }) =>
			where === 'header' && name === 'authorization' ? [{ provider, binding, scheme }] : [],
		),
	);
	const [first, ...others] = placed;
	const different = others.find(({ scheme }) => scheme !== first?.scheme);
	if (first !== undefined && different !== undefined) {
		report.error(path, `${first.provider} and ${different.provider} differ in the scheme of Authorization`, {
			fix: 'Give both the same scheme in token_from.',
		});
	}
	for (const { provider, scheme, binding } of placed) {
		if (scheme !== undefined && signatures.has(provider))
			report.error(path, `signatures of ${provider} come with a scheme of their own: token_from cannot name one`);
		if (scheme === 'bearer' && binding === 'dpop')
			report.error(path, `binding: dpop and scheme: bearer exclude each other: no token of ${provider} could pass`);
	}
}
