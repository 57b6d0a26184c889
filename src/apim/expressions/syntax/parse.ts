/** The text of an expression or of a block, whole, to a tree. */
import type { Block, Expression, TypeName } from './ast.ts';
import { tokenize } from './lexer.ts';
import { parseExpression, parseShift, parseUnary } from './parse-expression.ts';
import { parseLambda } from './parse-lambda.ts';
import { parseCreation } from './parse-new.ts';
import { parsePattern } from './parse-pattern.ts';
import { parseBlock, parseStatements } from './parse-statement.ts';
import { parseType } from './parse-type.ts';
import { SyntaxProblem } from './problem.ts';
import { type Grammar, TokenReader } from './token-reader.ts';

const grammar: Grammar = {
	expression: parseExpression,
	unary: parseUnary,
	shift: parseShift,
	lambda: parseLambda,
	pattern: parsePattern,
	creation: parseCreation,
	block: parseBlock,
};

/** Characters of one expression; the largest that policies are known to hold have a few thousand. */
const maxLength = 65_536;

/** The text between the brackets of `@(…)`. Throws a SyntaxProblem. */
export function parseExpressionText(text: string): Expression {
	const reader = readerOf(text);
	const value = parseExpression(reader);
	if (reader.token.kind !== 'end') throw reader.unexpected('the end of the expression');
	return value;
}

/** The text between the braces of `@{…}`. Throws a SyntaxProblem. */
export function parseBlockText(text: string): Block {
	const reader = readerOf(text);
	return { kind: 'block', at: 0, statements: parseStatements(reader, () => reader.token.kind === 'end') };
}

/** A type alone, as the tables of members write it. Throws a SyntaxProblem. */
export function parseTypeText(text: string): TypeName {
	const reader = readerOf(text);
	const type = parseType(reader);
	if (reader.token.kind !== 'end') throw reader.unexpected('the end of the type');
	return type;
}

function readerOf(text: string): TokenReader {
	if (text.length > maxLength) throw new SyntaxProblem(`longer than ${maxLength} characters`, 0);
	return new TokenReader(tokenize(text), grammar);
}

/** For the tables of members, whose signatures are put together from the same parts. */
export function signatureReader(text: string): TokenReader {
	return readerOf(text);
}
