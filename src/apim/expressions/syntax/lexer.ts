/**
 * C# text to tokens (ECMA-334 §6.4): comments go, strings of all three kinds are decoded, interpolated ones carry the
 * tokens of their holes. Linear in the text; the nesting of holes is bounded.
 */
import { readNumber } from './number-literal.ts';
import { SyntaxProblem } from './problem.ts';
import { readEscape } from './string-escape.ts';
import type { Hole, Token } from './token.ts';

const maxHoleDepth = 8;

/** Longest first, so that `>` `>` of nested type arguments stay two: `>>` is put together by the parser. */
const marks = [
	'<<=',
	'??=',
	'=>',
	'==',
	'!=',
	'<=',
	'>=',
	'&&',
	'||',
	'??',
	'?.',
	'++',
	'--',
	'+=',
	'-=',
	'*=',
	'/=',
	'%=',
	'&=',
	'|=',
	'^=',
	'<<',
	'::',
	...'( ) { } [ ] . , ; : ? + - * / % < > = ! & | ^ ~'.split(' '),
];

const nameStart = /[\p{L}\p{Nl}_]/u;
const namePart = /[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\p{Cf}]/u;

/** All tokens of `text`, ended by one of kind `end`. Throws a SyntaxProblem. */
export function tokenize(text: string): readonly Token[] {
	return new Lexer(text, 0, 0).tokens();
}

class Lexer {
	readonly #text: string;
	readonly #holeDepth: number;
	#at: number;

	constructor(text: string, at: number, holeDepth: number) {
		this.#text = text;
		this.#at = at;
		this.#holeDepth = holeDepth;
	}

	tokens(): readonly Token[] {
		const tokens: Token[] = [];
		for (;;) {
			this.#skipSpace();
			if (this.#at >= this.#text.length) break;
			tokens.push(this.#next());
		}
		tokens.push({ kind: 'end', text: '', start: this.#at, end: this.#at });
		return tokens;
	}

	#skipSpace(): void {
		const text = this.#text;
		while (this.#at < text.length) {
			const char = text.charAt(this.#at);
			if (/[\s\u0085\u200b\ufeff]/.test(char)) this.#at++;
			else if (char === '/' && text.charAt(this.#at + 1) === '/') {
				while (this.#at < text.length && !/[\r\n\u0085\u2028\u2029]/.test(text.charAt(this.#at))) this.#at++;
			} else if (char === '/' && text.charAt(this.#at + 1) === '*') {
				const end = text.indexOf('*/', this.#at + 2);
				if (end < 0) throw new SyntaxProblem('the comment has no end', this.#at);
				this.#at = end + 2;
			} else return;
		}
	}

	#next(): Token {
		const text = this.#text;
		const start = this.#at;
		const char = text.charAt(start);
		if (char === '"') return this.#string(start, 1, false);
		if (char === "'") return this.#char(start);
		if (text.startsWith('@"', start)) return this.#string(start, 2, true);
		if (text.startsWith('$@"', start) || text.startsWith('@$"', start)) return this.#interpolated(start, 3, true);
		if (text.startsWith('$"', start)) return this.#interpolated(start, 2, false);
		if (/[0-9]/.test(char) || (char === '.' && /[0-9]/.test(text.charAt(start + 1)))) {
			const { literal, end } = readNumber(text, start);
			this.#at = end;
			return { kind: 'literal', literal, text: '', start, end };
		}
		const name = this.#name(char === '@' ? start + 1 : start);
		if (name !== undefined) return { kind: 'name', text: name, isVerbatim: char === '@', start, end: this.#at };
		const mark = marks.find((candidate) => text.startsWith(candidate, start));
		if (mark === undefined) throw new SyntaxProblem(`unexpected character ${JSON.stringify(char)}`, start);
		this.#at = start + mark.length;
		return { kind: 'mark', text: mark, start, end: this.#at };
	}

	#name(from: number): string | undefined {
		if (!nameStart.test(this.#text.charAt(from))) return undefined;
		let end = from + 1;
		while (end < this.#text.length && namePart.test(this.#text.charAt(end))) end++;
		this.#at = end;
		return this.#text.slice(from, end);
	}

	#char(start: number): Token {
		const first = this.#text.charAt(start + 1);
		let value = first;
		let end = start + 2;
		if (first === '\\') ({ value, end } = readEscape(this.#text, start + 1));
		if (value.length !== 1 || first === "'" || this.#text.charAt(end) !== "'") {
			throw new SyntaxProblem('a character literal holds one character', start);
		}
		this.#at = end + 1;
		const literal = { type: 'char', value: value.charCodeAt(0) } as const;
		return { kind: 'literal', literal, text: '', start, end: this.#at };
	}

	#string(start: number, opening: number, isVerbatim: boolean): Token {
		if (!isVerbatim && this.#text.startsWith('"""', start)) {
			throw new SyntaxProblem('raw string literals are not supported', start);
		}
		this.#at = start + opening;
		const value = this.#literalText(start, isVerbatim, false);
		this.#at++;
		return { kind: 'literal', literal: { type: 'string', value }, text: '', start, end: this.#at };
	}

	#interpolated(start: number, opening: number, isVerbatim: boolean): Token {
		const parts: (string | Hole)[] = [];
		this.#at = start + opening;
		for (;;) {
			const literal = this.#literalText(start, isVerbatim, true);
			if (literal !== '') parts.push(literal);
			if (this.#text.charAt(this.#at) === '"') break;
			this.#at++;
			parts.push(this.#hole(start));
		}
		this.#at++;
		return { kind: 'interpolated', parts, text: '', start, end: this.#at };
	}

	/** Literal characters up to the closing quote or, with holes, an opening brace; what ends them is not consumed. */
	#literalText(start: number, isVerbatim: boolean, hasHoles: boolean): string {
		const text = this.#text;
		let value = '';
		for (;;) {
			const char = text.charAt(this.#at);
			const next = text.charAt(this.#at + 1);
			if (char === '' || (!isVerbatim && /[\r\n\u2028\u2029]/.test(char))) {
				throw new SyntaxProblem('the string has no end', start);
			}
			if (char === '"' && !(isVerbatim && next === '"')) return value;
			if (char === '\\' && !isVerbatim) {
				const escape = readEscape(text, this.#at);
				value += escape.value;
				this.#at = escape.end;
				continue;
			}
			const isBrace = hasHoles && (char === '{' || char === '}');
			if (isBrace && next !== char) {
				if (char === '{') return value;
				throw new SyntaxProblem("a '}' in an interpolated string is written '}}'", this.#at);
			}
			value += char;
			this.#at += isBrace || char === '"' ? 2 : 1;
		}
	}

	#hole(start: number): Hole {
		if (this.#holeDepth >= maxHoleDepth) throw new SyntaxProblem('interpolated strings nest too deep', start);
		const inner = new Lexer(this.#text, this.#at, this.#holeDepth + 1);
		const tokens = inner.#until([',', ':', '}']);
		this.#at = inner.#at;
		let ended = this.#text.charAt(this.#at);
		if (tokens.length === 1) throw new SyntaxProblem('a hole of an interpolated string is empty', this.#at);
		let alignment: readonly Token[] | undefined;
		if (ended === ',') {
			const width = new Lexer(this.#text, this.#at + 1, this.#holeDepth + 1);
			alignment = width.#until([':', '}']);
			this.#at = width.#at;
			ended = this.#text.charAt(this.#at);
		}
		let format: string | undefined;
		if (ended === ':') {
			const end = this.#text.indexOf('}', this.#at);
			if (end < 0) throw new SyntaxProblem('the string has no end', start);
			format = this.#text.slice(this.#at + 1, end);
			if (/["\\{\r\n]/.test(format)) throw new SyntaxProblem('unexpected character in a format', this.#at);
			this.#at = end;
		}
		this.#at++;
		return { tokens, alignment, format };
	}

	/** Tokens up to one of `stops` outside all brackets, which is left where it stands. */
	#until(stops: readonly string[]): readonly Token[] {
		const tokens: Token[] = [];
		let depth = 0;
		for (;;) {
			this.#skipSpace();
			if (this.#at >= this.#text.length)
				throw new SyntaxProblem('a hole of an interpolated string has no end', this.#at);
			if (depth === 0 && stops.includes(this.#text.charAt(this.#at)) && !this.#text.startsWith('::', this.#at)) break;
			const token = this.#next();
			if (token.kind === 'mark' && '([{'.includes(token.text)) depth++;
			if (token.kind === 'mark' && ')]}'.includes(token.text)) depth--;
			tokens.push(token);
		}
		tokens.push({ kind: 'end', text: '', start: this.#at, end: this.#at });
		return tokens;
	}
}
