/**
 * What `check` and `start` say about a configuration: every problem with its place in the file. Nothing here throws for
 * a bad file, and no message holds the value of a secret.
 */

export type Severity = 'error' | 'warning' | 'hint';

/** Names and indices from the root of the file to a value. */
export type ConfigPath = readonly (string | number)[];

export interface Diagnostic {
	readonly severity: Severity;
	/** `routes[0].providers`; empty for the file as a whole. */
	readonly path: string;
	/** From 1. */
	readonly line: number;
	/** From 1, in UTF-16 code units. */
	readonly column: number;
	readonly message: string;
	/** What to do about it, where that is not plain from the message. */
	readonly fix?: string;
}

export interface Position {
	readonly line: number;
	readonly column: number;
}

/** Where a value, or the key that names it, stands in the file; the nearest enclosing value when it is not there. */
export type Locate = (path: ConfigPath, at: 'key' | 'value') => Position;

export interface Note {
	readonly fix?: string;
	/** What to point at; default `value`. */
	readonly at?: 'key' | 'value';
}

/** Collects diagnostics while a file is read. */
export interface Report {
	error(path: ConfigPath, message: string, note?: Note): void;
	warning(path: ConfigPath, message: string, note?: Note): void;
	hint(path: ConfigPath, message: string, note?: Note): void;
	/** Drops what is reported for this value from now on: its real fault has been reported. */
	mute(path: ConfigPath): void;
	/** In the order of the file. */
	list(): Diagnostic[];
}

export function createReport(locate: Locate): Report {
	const found: Diagnostic[] = [];
	const muted = new Set<string>();
	const add = (severity: Severity) => (path: ConfigPath, message: string, note?: Note) => {
		if (muted.has(formatPath(path))) return;
		const { line, column } = locate(path, note?.at ?? 'value');
		const fix = note?.fix === undefined ? {} : { fix: note.fix };
		found.push({ severity, path: formatPath(path), line, column, message, ...fix });
	};
	return {
		error: add('error'),
		warning: add('warning'),
		hint: add('hint'),
		mute: (path) => void muted.add(formatPath(path)),
		list: () => found.toSorted((a, b) => a.line - b.line || a.column - b.column),
	};
}

/** `routes[0].claims["https://example.com/roles"]`. */
export function formatPath(path: ConfigPath): string {
	let text = '';
	for (const step of path) {
		if (typeof step === 'number') text += `[${step}]`;
		else if (!/^[A-Za-z0-9_-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
		else text += text === '' ? step : `.${step}`;
	}
	return text;
}

const colours: Readonly<Record<Severity, string>> = { error: '\u001b[31m', warning: '\u001b[33m', hint: '\u001b[36m' };
const reset = '\u001b[0m';

/**
 * One diagnostic a line, `gateway.yaml:12:5 error routes[0].providers: there is no provider auht0`, its fix indented
 * below. Control characters from the file are escaped, so that a file cannot write to the terminal.
 */
export function formatDiagnostics(
	file: string,
	list: readonly Diagnostic[],
	options: { readonly colour: boolean },
): string {
	return list
		.map(({ severity, path, line, column, message, fix }) => {
			const shown = options.colour ? `${colours[severity]}${severity}${reset}` : severity;
			const head = `${printable(`${file}:${line}:${column}`)} ${shown} `;
			const body = path === '' ? message : `${path}: ${message}`;
			return `${head}${printable(body)}\n${fix === undefined ? '' : `    ${printable(fix)}\n`}`;
		})
		.join('');
}

function printable(text: string): string {
	return text.replaceAll(
		/[\p{Cc}\p{Cf}\u2028\u2029]/gu,
		(char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
	);
}

/** `a`, `a or b`, `a, b or c`. */
export function listWords(words: readonly string[], joint = 'or'): string {
	if (words.length < 2) return words.join('');
	return `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1) ?? ''}`;
}

/** `Did you mean issuer?` when a known word is near; else undefined. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
	const near = nearest(word, known);
	return near === undefined ? undefined : `Did you mean ${near}?`;
}

/** The known word that is meant, if one is at most a third of its letters away. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
	if (word.length > 64) return undefined;
	let best: string | undefined;
	let least = Number.POSITIVE_INFINITY;
	for (const candidate of known) {
		const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
		if (distance < least && distance <= Math.max(1, Math.floor(candidate.length / 3))) {
			least = distance;
			best = candidate;
		}
	}
	return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
	let beforePrevious: number[] = [];
	let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const row = [i];
		for (let j = 1; j <= b.length; j++) {
			const same = a[i - 1] === b[j - 1];
			let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
				cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1);
			}
			row.push(cost);
		}
		beforePrevious = previous;
		previous = row;
	}
	return previous[b.length] ?? 0;
}
