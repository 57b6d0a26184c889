/** `claims_to_headers`: which header fields the gateway may write for the upstream. */
import type { RouteDefinition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import { canonicalName, isFree } from './header-names.ts';
import type { HeaderMappingFile } from './schema-mapping.ts';
import { type MappingSurroundings, readMapping } from './value-mapping.ts';

/** `name` when a credential of the gateway's own may stand in it: `Authorization`, or a name that means nothing else. */
export function checkCredentialHeader(name: string, path: ConfigPath, report: Report): string {
	const canonical = canonicalName(name);
	if (canonical !== 'authorization' && !isFree(canonical)) {
		report.error(path, `the header ${name} cannot hold a credential`, {
			fix: 'Use a name of your own, or Authorization.',
		});
	}
	return name;
}

export function readClaimsToHeaders(
	value: Readonly<Record<string, HeaderMappingFile>>,
	path: ConfigPath,
	around: MappingSurroundings,
): RouteDefinition['claimsToHeaders'] {
	const { report } = around;
	const seen = new Set<string>();
	return Object.entries(value).flatMap(([header, file]) => {
		const at = [...path, header];
		const name = canonicalName(header);
		if (!isFree(name)) {
			report.error(at, `the header ${header} cannot be made from a claim`, {
				at: 'key',
				fix: 'Use a name of your own, such as x-user-id.',
			});
		}
		if (seen.has(name)) report.error(at, `the header ${header} is there twice`, { at: 'key' });
		seen.add(name);
		const mapping = readMapping(file, at, around);
		if (mapping === undefined) return [];
		const encoding = typeof file === 'string' ? undefined : file.encoding;
		return [{ header, ...mapping, ...(encoding === undefined ? {} : { encoding }) }];
	});
}
