/** Mappings of values for the upstream: exactly one source each, and parameters that the route has. */
import { mappingParameters, type ValueMapping } from '#formats/value-mapping';
import { type ConfigPath, listWords, type Report, suggest } from './diagnostics.ts';
import { checkClaimName } from './reading.ts';
import type { MappingFile } from './schema-mapping.ts';

export interface MappingSurroundings {
	/** Names of the route's parameters; undefined when its path is broken, which was reported. */
	readonly parameters: readonly string[] | undefined;
	readonly report: Report;
}

/** Undefined after reporting why. */
export function readMapping(
	file: MappingFile,
	path: ConfigPath,
	{ parameters, report }: MappingSurroundings,
): ValueMapping | undefined {
	const mapping = typeof file === 'string' ? { claim: file } : readSource(file, path, report);
	if (mapping === undefined) return undefined;
	if ('claim' in mapping) {
		checkClaimName(mapping.claim, typeof file === 'string' ? path : [...path, 'claim'], report);
	}
	for (const name of new Set(mappingParameters(mapping))) {
		if (parameters === undefined || parameters.includes(name)) continue;
		report.error([...path, 'value' in mapping ? 'value' : 'default'], `the route has no parameter {${name}}`, {
			fix:
				suggest(name, parameters) ??
				(parameters.length === 0 ? 'Its path has none.' : `It has ${listWords(parameters, 'and')}.`),
		});
	}
	return mapping;
}

function readSource(file: Exclude<MappingFile, string>, path: ConfigPath, report: Report): ValueMapping | undefined {
	const { claim, value, drop, first, join, default: fallback } = file;
	const sources = (['claim', 'value', 'drop'] as const).filter((key) => file[key] !== undefined);
	const [source, second] = sources;
	if (source === undefined || second !== undefined) {
		report.error(
			path,
			source === undefined ? 'expected claim, value or drop' : `${listWords(sources, 'and')} exclude each other`,
		);
		return undefined;
	}
	for (const key of ['first', 'join', 'default'] as const) {
		if (source === 'claim' || file[key] === undefined) continue;
		report.error([...path, key], `${key} has a meaning only with claim`, { at: 'key' });
		return undefined;
	}
	if (first === true && join !== undefined) {
		report.error([...path, 'join'], 'first and join exclude each other', { at: 'key' });
	}
	if (drop === true) return { drop };
	if (value !== undefined) return { value: value };
	return {
		claim: claim ?? '',
		...(first === true ? { first } : {}),
		...(join === undefined ? {} : { join }),
		...(fallback === undefined ? {} : { default: fallback }),
	};
}
