/**
 * The automaton: all ways through the pattern at once, one unit of the text after the other, each way with its groups.
 * The time is the length of the text times that of the program, whatever the two are.
 */
import type { Assertion } from './node.ts';
import type { Program } from './program.ts';
import { isWord } from './unit-class.ts';

/** Positions of the groups: start and end of each, -1 for one that took no part. */
export type Positions = readonly number[];

interface Way {
	readonly at: number;
	readonly slots: Positions;
}

/** The leftmost match at or behind `from`. `spend` is told the work as it is done, and ends it by throwing. */
export function findMatch(
	program: Program,
	text: string,
	from: number,
	spend: (work: number) => void,
): Positions | null {
	const { instructions } = program;
	const none: Positions = Array.from({ length: program.names.length * 2 }, () => -1);
	let ways: Way[] = [];
	let found: Positions | null = null;
	for (let position = from; position <= text.length; position++) {
		const seen = new Uint8Array(instructions.length);
		const here: Way[] = [];
		for (const way of ways) follow(program, text, position, way.at, way.slots, seen, here);
		// A match that begins later is only wanted when none has begun.
		if (found === null) follow(program, text, position, 0, none, seen, here);
		spend(instructions.length + here.length * 4);
		const unit = position < text.length ? text.charCodeAt(position) : -1;
		const next: Way[] = [];
		for (const way of here) {
			const instruction = instructions[way.at];
			if (instruction?.op === 'match') {
				found = way.slots;
				// The ways behind it are wanted less.
				break;
			}
			if (instruction?.op === 'unit' && unit >= 0 && instruction.matches(unit))
				next.push({ at: way.at + 1, slots: way.slots });
		}
		ways = next;
		if (ways.length === 0 && found !== null) return found;
	}
	return found;
}

/** Adds to `ways` where one can be at `position` without reading anything, in the order of preference. */
function follow(
	program: Program,
	text: string,
	position: number,
	start: number,
	slots: Positions,
	seen: Uint8Array,
	ways: Way[],
): void {
	const open: Way[] = [{ at: start, slots }];
	for (let way = open.pop(); way !== undefined; way = open.pop()) {
		if (seen[way.at] === 1) continue;
		seen[way.at] = 1;
		const instruction = program.instructions[way.at];
		switch (instruction?.op) {
			case 'jump':
				open.push({ at: instruction.to, slots: way.slots });
				break;
			case 'split':
				open.push({ at: instruction.second, slots: way.slots }, { at: instruction.first, slots: way.slots });
				break;
			case 'save':
				open.push({ at: way.at + 1, slots: way.slots.with(instruction.slot, position) });
				break;
			case 'assert':
				if (holds(instruction.assertion, text, position)) open.push({ at: way.at + 1, slots: way.slots });
				break;
			case 'unit':
			case 'match':
				ways.push(way);
				break;
			default:
				break;
		}
	}
}

function holds(assertion: Assertion, text: string, position: number): boolean {
	const isNewline = (at: number): boolean => text.charCodeAt(at) === 10;
	switch (assertion) {
		case 'start':
			return position === 0;
		case 'end':
			return position === text.length;
		case 'line-start':
			return position === 0 || isNewline(position - 1);
		case 'line-end':
			return position === text.length || isNewline(position);
		case 'last-line-end':
			return position === text.length || (position === text.length - 1 && isNewline(position));
		case 'boundary':
			return isBoundary(text, position);
		case 'no-boundary':
			return !isBoundary(text, position);
	}
}

function isBoundary(text: string, position: number): boolean {
	const before = position > 0 && isWord(text.charCodeAt(position - 1));
	const behind = position < text.length && isWord(text.charCodeAt(position));
	return before !== behind;
}
