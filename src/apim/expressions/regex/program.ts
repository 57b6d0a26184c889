/** The tree as instructions for the automaton. Repetitions are written out, so their number bounds the whole. */
import { type Assertion, type RegexNode, RegexProblem } from './node.ts';
import { type ParsedRegex, parseRegex } from './parse.ts';

export type Instruction =
	| { readonly op: 'unit'; readonly matches: (unit: number) => boolean }
	| { readonly op: 'assert'; readonly assertion: Assertion }
	/** Goes on at both, `first` before `second`. */
	| { readonly op: 'split'; first: number; second: number }
	| { readonly op: 'jump'; to: number }
	| { readonly op: 'save'; readonly slot: number }
	| { readonly op: 'match' };

export interface Program {
	readonly instructions: readonly Instruction[];
	readonly names: readonly string[];
}

const maxInstructions = 5000;
const maxKept = 200;
const kept = new Map<string, Program>();

/** Throws a RegexProblem. The programs of the last patterns are kept. */
export function regexProgram(pattern: string, options: number): Program {
	const key = `${options}:${pattern}`;
	const known = kept.get(key);
	if (known !== undefined) return known;
	const made = write(parseRegex(pattern, options));
	if (kept.size >= maxKept) kept.clear();
	kept.set(key, made);
	return made;
}

function write({ root, names }: ParsedRegex): Program {
	const instructions: Instruction[] = [];
	const emit = (instruction: Instruction): number => {
		if (instructions.length >= maxInstructions) throw new RegexProblem('the pattern is too large');
		return instructions.push(instruction) - 1;
	};
	emit({ op: 'save', slot: 0 });
	writeNode(root, instructions, emit);
	emit({ op: 'save', slot: 1 });
	emit({ op: 'match' });
	return { instructions, names };
}

type Emit = (instruction: Instruction) => number;

function writeNode(node: RegexNode, all: Instruction[], emit: Emit): void {
	switch (node.kind) {
		case 'empty':
			return;
		case 'unit':
			emit({ op: 'unit', matches: node.matches });
			return;
		case 'assert':
			emit({ op: 'assert', assertion: node.assertion });
			return;
		case 'sequence':
			for (const part of node.parts) writeNode(part, all, emit);
			return;
		case 'group':
			emit({ op: 'save', slot: node.index * 2 });
			writeNode(node.body, all, emit);
			emit({ op: 'save', slot: node.index * 2 + 1 });
			return;
		case 'choice':
			writeChoice(node.options, all, emit);
			return;
		case 'repeat':
			writeRepeat(node, all, emit);
			return;
	}
}

function writeChoice(options: readonly RegexNode[], all: Instruction[], emit: Emit): void {
	const ends: number[] = [];
	for (const [index, option] of options.entries()) {
		if (index === options.length - 1) {
			writeNode(option, all, emit);
			continue;
		}
		const split = emit({ op: 'split', first: all.length + 1, second: 0 });
		writeNode(option, all, emit);
		ends.push(emit({ op: 'jump', to: 0 }));
		all[split] = { op: 'split', first: split + 1, second: all.length };
	}
	for (const end of ends) all[end] = { op: 'jump', to: all.length };
}

function writeRepeat(node: Extract<RegexNode, { kind: 'repeat' }>, all: Instruction[], emit: Emit): void {
	for (let count = 0; count < node.least; count++) writeNode(node.body, all, emit);
	const split = (at: number, out: number): void => {
		all[at] = node.isLazy ? { op: 'split', first: out, second: at + 1 } : { op: 'split', first: at + 1, second: out };
	};
	if (node.most === Number.POSITIVE_INFINITY) {
		const start = emit({ op: 'split', first: 0, second: 0 });
		writeNode(node.body, all, emit);
		emit({ op: 'jump', to: start });
		split(start, all.length);
		return;
	}
	const splits: number[] = [];
	for (let count = node.least; count < node.most; count++) {
		splits.push(emit({ op: 'split', first: 0, second: 0 }));
		writeNode(node.body, all, emit);
	}
	for (const at of splits) split(at, all.length);
}
