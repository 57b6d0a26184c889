/** A position in the tokens, with the questions that every part of the parser asks, and the bound on nesting. */
import type { Block, Expression, Pattern } from './ast.ts';
import { SyntaxProblem } from './problem.ts';
import type { Token } from './token.ts';

/** Brackets, operators and statements inside each other. The parser and everything behind it recurse this deep at most. */
const maxDepth = 200;

/** Words that are never names unless written with `@` (ECMA-334 §6.4.4). */
const keywords: ReadonlySet<string> = new Set(
	(
		'abstract as base bool break byte case catch char checked class const continue decimal default delegate do double ' +
		'else enum event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is ' +
		'lock long namespace new null object operator out override params private protected public readonly ref return sbyte ' +
		'sealed short sizeof stackalloc static string struct switch this throw true try typeof uint ulong unchecked unsafe ' +
		'ushort using virtual void volatile while'
	).split(' '),
);

/** The parts of the parser that need each other, so that each can be a file of its own. */
export interface Grammar {
	expression(reader: TokenReader): Expression;
	/** An operand with what stands before it. */
	unary(reader: TokenReader): Expression;
	/** An operand of `<` and its like. */
	shift(reader: TokenReader): Expression;
	/** Undefined when no lambda begins here. */
	lambda(reader: TokenReader): Expression | undefined;
	pattern(reader: TokenReader): Pattern;
	/** `new …`. */
	creation(reader: TokenReader): Expression;
	block(reader: TokenReader): Block;
}

export class TokenReader {
	readonly grammar: Grammar;
	readonly #tokens: readonly Token[];
	#at = 0;
	#depth = 0;

	constructor(tokens: readonly Token[], grammar: Grammar) {
		this.#tokens = tokens;
		this.grammar = grammar;
	}

	get token(): Token {
		return this.peek(0);
	}

	/** Offset of the token that comes next. */
	get at(): number {
		return this.token.start;
	}

	peek(ahead: number): Token {
		const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
		if (token === undefined) throw new SyntaxProblem('there is nothing to read', 0);
		return token;
	}

	take(): Token {
		const token = this.token;
		if (this.#at < this.#tokens.length - 1) this.#at++;
		return token;
	}

	isMark(text: string, ahead = 0): boolean {
		const token = this.peek(ahead);
		return token.kind === 'mark' && token.text === text;
	}

	isKeyword(text: string, ahead = 0): boolean {
		const token = this.peek(ahead);
		return token.kind === 'name' && !token.isVerbatim && token.text === text;
	}

	/** Two marks without space between them, as `>` `>` of a shift. */
	isPair(first: string, second: string): boolean {
		return this.isMark(first) && this.isMark(second, 1) && this.token.end === this.peek(1).start;
	}

	takeMark(text: string): boolean {
		const isHere = this.isMark(text);
		if (isHere) this.take();
		return isHere;
	}

	takeKeyword(text: string): boolean {
		const isHere = this.isKeyword(text);
		if (isHere) this.take();
		return isHere;
	}

	expectMark(text: string): void {
		if (!this.takeMark(text)) throw this.unexpected(`'${text}'`);
	}

	isName(ahead = 0): boolean {
		const token = this.peek(ahead);
		return token.kind === 'name' && (token.isVerbatim || !keywords.has(token.text));
	}

	takeName(): string {
		if (!this.isName()) throw this.unexpected('a name');
		return this.take().text;
	}

	unexpected(wanted: string): SyntaxProblem {
		const { token } = this;
		const found =
			token.kind === 'end' ? 'the end' : token.text === '' ? 'a literal' : JSON.stringify(token.text.slice(0, 40));
		return new SyntaxProblem(`expected ${wanted}, found ${found}`, token.start);
	}

	/** Reads ahead; without an answer, or when what is read is not right, the position is where it was. */
	attempt<T>(read: () => T | undefined): T | undefined {
		const at = this.#at;
		const depth = this.#depth;
		try {
			const value = read();
			if (value !== undefined) return value;
		} catch (error) {
			if (!(error instanceof SyntaxProblem)) throw error;
			this.#depth = depth;
		}
		this.#at = at;
		return undefined;
	}

	nested<T>(read: () => T): T {
		if (++this.#depth > maxDepth) throw new SyntaxProblem(`nested deeper than ${maxDepth}`, this.at);
		const value = read();
		this.#depth--;
		return value;
	}
}
