/**
 * Where an expression ends: `@(…)` and `@{…}` hold C#, whose strings, characters and comments may hold brackets, quotes and
 * `<` of their own, in attributes too. Brackets are counted as the C# lexer would see them; character references count as
 * the characters that they stand for, so that a well-formed file and a raw one read alike.
 */
import { readReference } from './references.ts';

/** Brackets and strings within each other. */
const maxNesting = 64;
/** Characters of one expression. */
export const maxExpression = 65_536;

export interface FoundExpression {
	/** What stands between the brackets, with its references replaced. */
	readonly code: string;
	/** `(`: one expression; `{`: statements. */
	readonly form: '(' | '{';
	/** Offset behind the closing bracket. */
	readonly end: number;
	/** `code` stands in the text as it is, from here. */
	readonly start: number;
}

type Frame =
	| { readonly kind: 'code'; readonly close: string; readonly hole: boolean }
	| { readonly kind: 'string'; readonly verbatim: boolean; readonly interpolated: boolean };

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

export function beginsExpression(text: string, offset = 0): boolean {
	return text[offset] === '@' && (text[offset + 1] === '(' || text[offset + 1] === '{');
}

/** The expression whose `@` stands at `offset`, or in words why it has no end. Linear in what it reads. */
export function findExpression(text: string, offset: number): FoundExpression | string {
	return new Scan(text, offset).run();
}

class Scan {
	readonly #text: string;
	readonly #first: number;
	readonly #form: '(' | '{';
	readonly #frames: Frame[];
	#at: number;
	#code = '';

	constructor(text: string, offset: number) {
		this.#text = text;
		this.#form = text[offset + 1] === '{' ? '{' : '(';
		this.#first = offset + 2;
		this.#at = this.#first;
		this.#frames = [{ kind: 'code', close: closing[this.#form] ?? ')', hole: false }];
	}

	run(): FoundExpression | string {
		while (this.#at < this.#text.length) {
			if (this.#code.length > maxExpression) return `the expression is longer than ${maxExpression} characters`;
			if (this.#frames.length > maxNesting) return `brackets and strings nest deeper than ${maxNesting}`;
			const frame = this.#frames.at(-1);
			if (frame === undefined) break;
			const before = this.#code.length;
			const problem = frame.kind === 'code' ? this.#readCode(frame) : this.#readString(frame);
			if (problem !== undefined) return problem;
			if (this.#frames.length > 0) continue;
			return { code: this.#code.slice(0, before), form: this.#form, end: this.#at, start: this.#first };
		}
		return `the expression has no end: its ${this.#form} is not closed`;
	}

	/** Takes one character into the code. */
	#take(): string {
		const reference = readReference(this.#text, this.#at);
		const character = reference?.character ?? this.#text[this.#at] ?? '';
		this.#at = reference?.end ?? this.#at + 1;
		this.#code += character;
		return character;
	}

	/** The character that `#take` would take. */
	#peek(): string {
		return readReference(this.#text, this.#at)?.character ?? this.#text[this.#at] ?? '';
	}

	#readCode(frame: Frame & { kind: 'code' }): string | undefined {
		const character = this.#take();
		switch (character) {
			case '(':
			case '[':
			case '{':
				this.#frames.push({ kind: 'code', close: closing[character] ?? '', hole: false });
				return undefined;
			case ')':
			case ']':
			case '}':
				if (character !== frame.close) return `${character} stands where ${frame.close} is due`;
				this.#frames.pop();
				return undefined;
			case '"':
				this.#frames.push({ kind: 'string', verbatim: false, interpolated: false });
				return undefined;
			case '@':
			case '$':
				this.#openString(character);
				return undefined;
			case "'":
				return this.#skipCharacter();
			case '/':
				return this.#skipComment();
			case ':':
				// A format (`{time:HH:mm}`) is text up to the bracket: a conditional must have brackets of its own there.
				if (frame.hole) while (this.#at < this.#text.length && this.#peek() !== '}') this.#take();
				return undefined;
			default:
				return undefined;
		}
	}

	/** `@"`, `$"`, `@$"`, `$@"`; a single `@` before a name is just a name. */
	#openString(first: string): void {
		let next = this.#peek();
		let both = false;
		if ((next === '@' || next === '$') && next !== first) {
			this.#take();
			both = true;
			next = this.#peek();
		}
		if (next !== '"') return;
		this.#take();
		this.#frames.push({ kind: 'string', verbatim: both || first === '@', interpolated: both || first === '$' });
	}

	#readString({ verbatim, interpolated }: Frame & { kind: 'string' }): string | undefined {
		const character = this.#take();
		if (character === '"') {
			if (verbatim && this.#peek() === '"') this.#take();
			else this.#frames.pop();
			return undefined;
		}
		if (!verbatim && character === '\\') {
			this.#take();
			return undefined;
		}
		if (!verbatim && (character === '\n' || character === '\r')) return 'a line ends within a string of the expression';
		if (!interpolated || (character !== '{' && character !== '}')) return undefined;
		if (this.#peek() === character) this.#take();
		else if (character === '{') this.#frames.push({ kind: 'code', close: '}', hole: true });
		else return '} stands alone in an interpolated string';
		return undefined;
	}

	#skipCharacter(): string | undefined {
		const first = this.#take();
		if (first === '\\') this.#take();
		// The longest is '\U0010FFFF'.
		for (let i = 0; i < 10; i++) if (this.#take() === "'") return undefined;
		return "a ' in the expression begins no character";
	}

	#skipComment(): string | undefined {
		const next = this.#peek();
		if (next === '/') {
			while (this.#at < this.#text.length && this.#peek() !== '\n' && this.#peek() !== '\r') this.#take();
			return undefined;
		}
		if (next !== '*') return undefined;
		this.#take();
		let before = '';
		while (this.#at < this.#text.length) {
			const character = this.#take();
			if (before === '*' && character === '/') return undefined;
			before = character;
		}
		return 'a comment in the expression has no end';
	}
}
