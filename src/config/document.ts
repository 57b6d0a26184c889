/**
 * YAML or JSON text → plain data and the place of every value in it. The data is what JSON can say: no tags, no merge
 * keys, no dates, own properties only. Aliases are followed, within bounds.
 */
import {
	type Document,
	isAlias,
	isMap,
	isScalar,
	isSeq,
	LineCounter,
	type Node,
	parseDocument,
	type YAMLMap,
} from 'yaml';
import type { JsonValue } from '#core/index';
import type { ConfigPath, Position } from './diagnostics.ts';

/** Characters; far above any sane policy. */
const maxLength = 4 * 1024 * 1024;
const maxDepth = 32;
/** Values after aliases are followed: stops "billion laughs". */
const maxValues = 200_000;

export interface TextProblem {
	readonly position: Position;
	readonly path: ConfigPath;
	readonly message: string;
	readonly fix?: string;
}

export interface ConfigDocument {
	/** Undefined when the text could not be read at all. */
	readonly data: JsonValue | undefined;
	readonly problems: readonly TextProblem[];
	locate(path: ConfigPath, at: 'key' | 'value'): Position;
}

const start: Position = { line: 1, column: 1 };

function refuse(message: string): ConfigDocument {
	return { data: undefined, problems: [{ position: start, path: [], message }], locate: () => start };
}

/** Never throws. With problems, `data` is what could be read beside them. */
export function readDocument(text: string): ConfigDocument {
	if (text.length > maxLength) return refuse(`the file is larger than ${maxLength / 1024 / 1024} MiB`);

	const lines = new LineCounter();
	let document: Document.Parsed;
	try {
		document = parseDocument(text, {
			lineCounter: lines,
			prettyErrors: false,
			stringKeys: true,
			version: '1.2',
			logLevel: 'error',
			uniqueKeys: false,
		});
	} catch {
		return refuse('the file cannot be read as YAML or JSON');
	}

	const position = (offset: number): Position => {
		const { line, col } = lines.linePos(offset);
		return { line: Math.max(line, 1), column: Math.max(col, 1) };
	};
	const problems: TextProblem[] = [];
	const faults = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
	const broken = faults.find(({ code }) => !harmless.has(code));
	for (const { code, pos } of faults) {
		if (harmless.has(code)) problems.push({ position: position(pos[0]), path: [], ...explainYaml(code) });
	}
	if (broken !== undefined) {
		// What follows from the first break is noise, and the library's words may repeat the text of the file.
		problems.push({ position: position(broken.pos[0]), path: [], ...explainYaml(broken.code) });
		return { data: undefined, problems, locate: () => start };
	}
	if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
		problems.push({ position: start, path: [], message: 'only YAML 1.2 is read', fix: 'Remove the %YAML directive.' });
	}

	const walked = walk(document, (offset, path, message) =>
		problems.push({ position: position(offset), path, message }),
	);
	return {
		data: walked.data,
		problems,
		locate(path, at) {
			for (let length = path.length; length >= 0; length--) {
				const place = walked.places.get(placeKey(path.slice(0, length)));
				if (place === undefined) continue;
				return position(length === path.length && at === 'key' ? place.key : place.value);
			}
			return start;
		},
	};
}

interface Place {
	readonly key: number;
	readonly value: number;
}

function placeKey(path: ConfigPath): string {
	return path.map((step) => (typeof step === 'number' ? `#${step}` : `.${step.replaceAll('\0', '\0\0')}`)).join('\0 ');
}

function walk(
	document: Document.Parsed,
	problem: (offset: number, path: ConfigPath, message: string) => void,
): { data: JsonValue | undefined; places: ReadonlyMap<string, Place> } {
	const places = new Map<string, Place>();
	// Kept by hand: the library looks an alias up by walking the whole document, which is quadratic.
	const anchors = new Map<string, Node>();
	let values = 0;

	function read(node: Node | null, path: ConfigPath, keyAt: number, fallback: number): JsonValue {
		const value = node?.range?.[0] ?? fallback;
		places.set(placeKey(path), { key: keyAt, value });
		values += 1;
		if (values > maxValues) {
			if (values === maxValues + 1)
				problem(value, path, 'the file holds too many values once its aliases are followed');
			return null;
		}
		if (path.length > maxDepth) {
			problem(value, path, `nested deeper than ${maxDepth} levels`);
			return null;
		}
		const target = isAlias(node) ? anchors.get(node.source) : node;
		if (isAlias(node) && target === undefined)
			problem(value, path, `there is no anchor &${node.source} before this alias`);
		if (!isAlias(node) && node?.anchor !== undefined) anchors.set(node.anchor, node);
		if (isMap(target)) return readMap(target, path, value);
		if (isSeq(target)) {
			return target.items.map((item, index) => read(isNode(item) ? item : null, [...path, index], value, value));
		}
		return isScalar(target) ? readScalar(target.value, path, value) : null;
	}

	function readMap(map: YAMLMap, path: ConfigPath, at: number): JsonValue {
		const entries = new Map<string, JsonValue>();
		for (const { key, value } of map.items) {
			if (!isScalar(key) || typeof key.value !== 'string') continue;
			const name = key.value;
			const offset = key.range?.[0] ?? at;
			if (name === '<<') problem(offset, [...path, name], 'merge keys (<<) are not read');
			else if (name === '__proto__') problem(offset, [...path, name], 'no key may be called __proto__');
			else if (entries.has(name)) problem(offset, [...path, name], 'this key is given twice');
			else entries.set(name, read(isNode(value) ? value : null, [...path, name], offset, offset));
		}
		return Object.fromEntries(entries);
	}

	function readScalar(value: unknown, path: ConfigPath, at: number): JsonValue {
		if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
		if (typeof value === 'number') {
			if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
				problem(at, path, 'this number cannot be kept exactly; write it in quotes');
			}
			return value;
		}
		problem(at, path, 'expected text, a number, true, false, a list or a mapping');
		return null;
	}

	if (document.contents === null) return { data: undefined, places };
	const data = read(document.contents, [], 0, 0);
	return { data: values > maxValues ? undefined : data, places };
}

function isNode(value: unknown): value is Node {
	return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

/** Faults after which the structure of the file is still certain. */
const harmless: ReadonlySet<string> = new Set(['NON_STRING_KEY', 'TAG_RESOLVE_FAILED']);

const quoting = 'Text with any of { } [ ] , : # & * ! | > \' " % @ ` in it is safest in quotes.';

function explainYaml(code: string): { message: string; fix?: string } {
	switch (code) {
		case 'NON_STRING_KEY':
			return { message: 'a key must be text' };
		case 'TAG_RESOLVE_FAILED':
			return { message: 'YAML tags (!…) are not read', fix: 'Write the plain value, in quotes if it begins with "!".' };
		case 'TAB_AS_INDENT':
			return { message: 'a tab cannot indent YAML', fix: 'Use spaces.' };
		case 'MULTIPLE_DOCS':
			return {
				message: 'the file holds more than one YAML document',
				fix: 'Remove everything from the second --- on.',
			};
		case 'BAD_INDENT':
			return { message: 'not valid YAML: the indentation fits nothing above it' };
		case 'MISSING_CHAR':
			return {
				message: 'not valid YAML: a character is missing here, such as a closing quote, a bracket, a comma or a colon',
				fix: quoting,
			};
		case 'BAD_DQ_ESCAPE':
			return { message: 'not valid YAML: an unknown escape in "…"', fix: "Write \\\\ for a backslash, or use '…'." };
		case 'BLOCK_AS_IMPLICIT_KEY':
		case 'MULTILINE_IMPLICIT_KEY':
			return {
				message: 'not valid YAML: a second colon or a line break where one key and one value belong',
				fix: quoting,
			};
		default:
			return { message: 'not valid YAML: nothing like this can stand here', fix: quoting };
	}
}
