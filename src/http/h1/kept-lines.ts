/**
 * Which field lines of a message travel on, as text: lines that stay are taken over in runs, not one by one. What is
 * said about a name is remembered, since the same few names come with every message.
 */
import type { HeaderList } from '#core/index';
import { isFieldValue } from '#formats/header-value';
import { canonicalName } from '../hop-by-hop.ts';
import { ownName } from '../own-names.ts';
import { type FieldLines, nameAt, valueAt } from './field-lines.ts';

/** What becomes of a line: it stays, goes, or has its value changed. */
export type Fate = 'keep' | 'drop' | 'edit';

/** What becomes of the line whose name stands in `text` between `start` and `end`. */
export type FateOf = (text: string, start: number, end: number) => Fate;

const maxNameLength = 64;
/** A power of two. */
const buckets = 256;
/** Names in a bucket: few, so that nobody makes the search long with names of his choice. */
const bucketSize = 8;

interface Remembered {
	readonly name: string;
	readonly fate: Fate;
}

/**
 * `judge` with a bounded memory. `judge` gets the name as received and must depend on it alone. A name is compared where it
 * stands: to cut it out and look it up in a map costs four times as much, for every line of every message.
 */
export function rememberFates(judge: (name: string) => Fate): FateOf {
	const known = Array.from<Remembered[] | undefined>({ length: buckets });

	function judgeAnew(text: string, start: number, end: number, bucket: number): Fate {
		const name = text.slice(start, end);
		const fate = judge(name);
		if (end - start > maxNameLength) return fate;
		const names = (known[bucket] ??= []);
		if (names.length === bucketSize) names.shift();
		// A slice would keep the whole head alive that it came from.
		names.push({ name: Buffer.from(name, 'latin1').toString('latin1'), fate });
		return fate;
	}

	return (text, start, end) => {
		const length = end - start;
		const bucket = (length * 7 + text.charCodeAt(start) * 31 + text.charCodeAt(end - 1)) & (buckets - 1);
		const names = known[bucket];
		if (names !== undefined) {
			for (let index = 0; index < names.length; index++) {
				const entry = names[index];
				if (entry !== undefined && entry.name.length === length && text.startsWith(entry.name, start))
					return entry.fate;
			}
		}
		return judgeAnew(text, start, end, bucket);
	};
}

export interface LineRules {
	readonly fateOf: FateOf;
	/** Canonical names that are written here, or that the message itself binds to its connection; undefined: none. */
	readonly alsoDropped: readonly string[] | undefined;
	/** New value of a line whose fate is `edit`; empty: the line goes. */
	edited(value: string): string;
}

/** The lines that stay, each `name: value\r\n` with its octets as received. */
export function keptLines(lines: FieldLines, rules: LineRules): string {
	const { text, places, end } = lines;
	const { alsoDropped } = rules;
	let result = '';
	let run = -1;
	for (let place = 0; place < places.length; place += 4) {
		const start = places[place] ?? 0;
		let fate = rules.fateOf(text, start, places[place + 1] ?? 0);
		if (fate !== 'drop' && alsoDropped !== undefined && isAmong(lines, place, alsoDropped)) fate = 'drop';
		const next = place + 4 < places.length ? (places[place + 4] ?? 0) : end;
		if (fate === 'keep' && isPlain(lines, place, next)) {
			if (run < 0) run = start;
			continue;
		}
		if (run >= 0) {
			result += text.slice(run, start);
			run = -1;
		}
		if (fate === 'drop') continue;
		const value = fate === 'edit' ? rules.edited(valueAt(lines, place)) : valueAt(lines, place);
		if (fate === 'keep' || value !== '') result += `${nameAt(lines, place)}: ${value}\r\n`;
	}
	return run < 0 ? result : result + text.slice(run, end);
}

/** Written as we would write it: one blank before the value, none behind it. */
function isPlain({ text, places }: FieldLines, place: number, next: number): boolean {
	const nameEnd = places[place + 1] ?? 0;
	return places[place + 2] === nameEnd + 2 && text.charCodeAt(nameEnd + 1) === 0x20 && places[place + 3] === next - 2;
}

function isAmong(lines: FieldLines, place: number, names: readonly string[]): boolean {
	const length = (lines.places[place + 1] ?? 0) - (lines.places[place] ?? 0);
	for (const name of names) if (name.length === length && canonicalName(nameAt(lines, place)) === name) return true;
	return false;
}

/** Throws for a line that could not go on a wire as it is (invariant 9): that is a bug, and nothing may be sent then. */
export function writtenLines(list: HeaderList): string {
	let result = '';
	for (const field of list) result += field[1].length < longValue ? lineOf(field) : longLine(field);
	return result;
}

/** Characters of a value from which on its line is remembered: tokens for upstreams, which are kept and used again. */
const longValue = 200;
const longLines = new WeakMap<HeaderList[number], string>();

function longLine(field: HeaderList[number]): string {
	let line = longLines.get(field);
	if (line === undefined) {
		line = lineOf(field);
		longLines.set(field, line);
	}
	return line;
}

function lineOf([name, value]: HeaderList[number]): string {
	const { lead } = ownName(name);
	if (lead === undefined || !isFieldValue(value)) throw new Error(`invalid value for the header ${name}`);
	return `${lead}${value}\r\n`;
}
