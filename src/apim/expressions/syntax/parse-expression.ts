/** Expressions (ECMA-334 §12), by precedence. What is not of the subset is refused by name where it stands. */
import type { Argument, BinaryOperator, Expression, InterpolatedHole, Pattern, TypeName } from './ast.ts';
import { parseAsType, parseNamedType, parseType, parseTypeArguments, predefinedTypes } from './parse-type.ts';
import { SyntaxProblem } from './problem.ts';
import type { Hole, Token } from './token.ts';
import { TokenReader } from './token-reader.ts';

const refused: ReadonlySet<string> = new Set(
	'await checked unchecked typeof sizeof stackalloc delegate async base this ref goto'.split(' '),
);
const levels: readonly (readonly BinaryOperator[])[] = [
	['|'],
	['^'],
	['&'],
	['==', '!='],
	['<', '>', '<=', '>='],
	['<<', '>>'],
	['+', '-'],
	['*', '/', '%'],
];
const relational = 4;
const assignments: readonly string[] = ['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '??='];

export function parseExpression(reader: TokenReader): Expression {
	return reader.nested(() => parseAssignment(reader));
}

function parseAssignment(reader: TokenReader): Expression {
	const lambda = reader.grammar.lambda(reader);
	if (lambda !== undefined) return lambda;
	const at = reader.at;
	if (reader.takeKeyword('throw')) return { kind: 'throw', at, value: parseExpression(reader) };
	const target = parseTernary(reader);
	const mark = reader.token.kind === 'mark' ? reader.token.text : '';
	if (mark !== '=' && !assignments.includes(mark)) return target;
	reader.take();
	const operator = mark === '=' ? undefined : (mark.slice(0, -1) as BinaryOperator | '??');
	return { kind: 'assign', at, operator, target, value: parseExpression(reader) };
}

function parseTernary(reader: TokenReader): Expression {
	const test = parseCoalesce(reader);
	if (!reader.isMark('?')) return test;
	reader.take();
	const yes = parseExpression(reader);
	reader.expectMark(':');
	const no = parseExpression(reader);
	return { kind: 'ternary', at: test.at, test, yes, no };
}

function parseCoalesce(reader: TokenReader): Expression {
	const left = parseLogical(reader, '||');
	if (!reader.takeMark('??')) return left;
	const at = reader.at;
	const right = reader.nested(() =>
		reader.takeKeyword('throw')
			? ({ kind: 'throw', at, value: parseExpression(reader) } as const)
			: parseCoalesce(reader),
	);
	return { kind: 'logical', at: left.at, operator: '??', left, right };
}

function parseLogical(reader: TokenReader, operator: '&&' | '||'): Expression {
	const operand = (): Expression => (operator === '||' ? parseLogical(reader, '&&') : parseBinary(reader, 0));
	let left = operand();
	let terms = 1;
	while (reader.takeMark(operator)) {
		boundTerms(++terms, left.at);
		left = { kind: 'logical', at: left.at, operator, left, right: operand() };
	}
	return left;
}

/** A chain of one operator is a tree as deep as it is long. */
function boundTerms(terms: number, at: number): void {
	if (terms > 200) throw new SyntaxProblem('more than 200 terms in one chain of operators', at);
}

function parseBinary(reader: TokenReader, level: number): Expression {
	const operators = levels[level];
	if (operators === undefined) return parseUnary(reader);
	let left = parseBinary(reader, level + 1);
	for (let terms = 1; ; terms++) {
		boundTerms(terms, left.at);
		if (level === relational && reader.takeKeyword('is')) {
			left = { kind: 'is', at: left.at, operand: left, pattern: reader.grammar.pattern(reader) };
			continue;
		}
		if (level === relational && reader.takeKeyword('as')) {
			left = { kind: 'as', at: left.at, operand: left, type: parseAsType(reader) };
			continue;
		}
		const operator = takeOperator(reader, operators);
		if (operator === undefined) return left;
		left = { kind: 'binary', at: left.at, operator, left, right: parseBinary(reader, level + 1) };
	}
}

function takeOperator(reader: TokenReader, operators: readonly BinaryOperator[]): BinaryOperator | undefined {
	if (reader.isPair('>', '>')) {
		if (!operators.includes('>>')) return undefined;
		reader.take();
		reader.take();
		return '>>';
	}
	if (reader.token.kind !== 'mark') return undefined;
	const operator = operators.find((candidate) => candidate === reader.token.text);
	if (operator !== undefined) reader.take();
	return operator;
}

export function parseUnary(reader: TokenReader): Expression {
	return reader.nested(() => {
		const at = reader.at;
		for (const operator of ['!', '-', '+', '~'] as const) {
			if (reader.takeMark(operator)) return { kind: 'unary', at, operator, operand: parseUnary(reader) };
		}
		for (const [mark, by] of [
			['++', 1],
			['--', -1],
		] as const) {
			if (reader.takeMark(mark)) return { kind: 'step', at, by, isPrefix: true, target: parseUnary(reader) };
		}
		const cast = reader.isMark('(') ? reader.attempt(() => readCastType(reader)) : undefined;
		if (cast !== undefined) return { kind: 'cast', at, type: cast, operand: parseUnary(reader) };
		return parsePrimary(reader);
	});
}

/** ECMA-334 §12.9.7: what may be a type in brackets is one when that is the only reading, or when an operand follows. */
function readCastType(reader: TokenReader): TypeName | undefined {
	reader.expectMark('(');
	const type = parseType(reader);
	if (!reader.takeMark(')')) return undefined;
	const { token } = reader;
	const isOnlyType = predefinedTypes.has(type.name) || type.name === '[]' || type.name === '?';
	if (isOnlyType) return type;
	if (token.kind === 'literal' || token.kind === 'interpolated') return type;
	if (token.kind === 'name') return ['is', 'as', 'switch', 'and', 'or', 'when'].includes(token.text) ? undefined : type;
	return ['(', '!', '~'].includes(token.text) ? type : undefined;
}

function parsePrimary(reader: TokenReader): Expression {
	let value = parseAtom(reader);
	for (let links = 0; ; links++) {
		if (links > 200) throw new SyntaxProblem('more than 200 members in one chain', value.at);
		const next = parseLink(reader, value);
		if (next === undefined) break;
		value = next;
	}
	if (reader.isKeyword('switch') && reader.isMark('{', 1)) return parseSwitch(reader, value);
	return value;
}

/** One more `.member`, `(…)`, `[…]`, `?.…`, `++` behind `target`. */
function parseLink(reader: TokenReader, target: Expression): Expression | undefined {
	const at = reader.at;
	if (reader.takeMark('.')) return parseMember(reader, target);
	if (reader.isMark('(')) return { kind: 'call', at: target.at, target, args: parseArguments(reader, '(', ')') };
	if (reader.isMark('[')) return { kind: 'index', at, target, args: parseArguments(reader, '[', ']') };
	if (reader.isMark('?.') || reader.isPair('?', '[')) {
		reader.take();
		const receiver: Expression = { kind: 'receiver', at };
		let rest: Expression = reader.isMark('[')
			? { kind: 'index', at, target: receiver, args: parseArguments(reader, '[', ']') }
			: parseMember(reader, receiver);
		// Everything behind belongs to the part that is skipped when `target` is null.
		for (let links = 0; links < 200; links++) {
			const next =
				reader.isMark('++') || reader.isMark('--') ? undefined : reader.nested(() => parseLink(reader, rest));
			if (next === undefined) break;
			rest = next;
		}
		return { kind: 'conditional', at, target, rest };
	}
	for (const [mark, by] of [
		['++', 1],
		['--', -1],
	] as const) {
		if (reader.takeMark(mark)) return { kind: 'step', at, by, isPrefix: false, target };
	}
	if (reader.isMark('!') && !reader.isMark('=', 1)) {
		// `value!` says "not null" to the compiler, and does nothing.
		reader.take();
		return target;
	}
	return undefined;
}

function parseMember(reader: TokenReader, target: Expression): Expression {
	const at = reader.at;
	const name = reader.takeName();
	return { kind: 'member', at, target, name, typeArgs: parseCallTypeArguments(reader) };
}

/** ECMA-334 §6.2.5: `<…>` is a list of type arguments when one of a few marks follows it. */
function parseCallTypeArguments(reader: TokenReader): readonly TypeName[] {
	if (!reader.isMark('<')) return [];
	return (
		reader.attempt(() => {
			const args = parseTypeArguments(reader);
			const follows = ['(', ')', ']', '}', ':', ';', ',', '.', '?', '==', '!=', '|', '^', '&&', '||', '&', '[', '?.'];
			return reader.token.kind === 'end' || follows.some((mark) => reader.isMark(mark)) ? args : undefined;
		}) ?? []
	);
}

export function parseArguments(reader: TokenReader, opening: string, closing: string): readonly Argument[] {
	reader.expectMark(opening);
	const args: Argument[] = [];
	if (reader.takeMark(closing)) return args;
	do args.push(parseArgument(reader));
	while (reader.takeMark(','));
	reader.expectMark(closing);
	return args;
}

function parseArgument(reader: TokenReader): Argument {
	let name: string | undefined;
	if (reader.isName() && reader.isMark(':', 1)) {
		name = reader.takeName();
		reader.take();
	}
	const at = reader.at;
	if (!reader.takeKeyword('out')) return { name, out: undefined, value: parseExpression(reader) };
	const declared = reader.attempt(() => {
		const type = parseType(reader);
		return reader.isName() ? type : undefined;
	});
	const variable = reader.takeName();
	return { name, out: { declared, variable }, value: { kind: 'name', at, name: variable, typeArgs: [] } };
}

function parseAtom(reader: TokenReader): Expression {
	const { token } = reader;
	const at = token.start;
	if (token.kind === 'literal') {
		reader.take();
		return { kind: 'literal', at, literal: token.literal };
	}
	if (token.kind === 'interpolated') {
		reader.take();
		return {
			kind: 'interpolated',
			at,
			parts: token.parts.map((part) => (typeof part === 'string' ? part : parseHole(reader, part))),
		};
	}
	if (reader.takeMark('(')) {
		const value = parseExpression(reader);
		if (reader.isMark(',')) throw new SyntaxProblem('tuples are not supported', at);
		reader.expectMark(')');
		// Brackets end the part that `?.` skips.
		return value;
	}
	if (reader.isName()) return { kind: 'name', at, name: reader.take().text, typeArgs: parseCallTypeArguments(reader) };
	if (token.kind !== 'name') throw reader.unexpected('a value');
	if (token.text === 'true' || token.text === 'false' || token.text === 'null') {
		reader.take();
		return { kind: token.text, at };
	}
	if (token.text === 'new') return reader.grammar.creation(reader);
	if (token.text === 'default') return parseDefault(reader);
	if (predefinedTypes.has(token.text)) return { kind: 'type', at, type: parseNamedType(reader) };
	if (refused.has(token.text)) throw new SyntaxProblem(`'${token.text}' is not supported`, at);
	throw reader.unexpected('a value');
}

function parseDefault(reader: TokenReader): Expression {
	const at = reader.at;
	reader.take();
	if (!reader.takeMark('(')) return { kind: 'default', at, type: undefined };
	const type = parseType(reader);
	reader.expectMark(')');
	return { kind: 'default', at, type };
}

function parseHole(reader: TokenReader, hole: Hole): InterpolatedHole {
	return reader.nested(() => ({
		value: parseWhole(reader, hole.tokens),
		alignment: hole.alignment === undefined ? undefined : parseWhole(reader, hole.alignment),
		format: hole.format,
	}));
}

function parseWhole(outer: TokenReader, tokens: readonly Token[]): Expression {
	const reader = new TokenReader(tokens, outer.grammar);
	const value = parseExpression(reader);
	if (reader.token.kind !== 'end') throw reader.unexpected('the end of the hole');
	return value;
}

function parseSwitch(reader: TokenReader, subject: Expression): Expression {
	const at = reader.at;
	reader.take();
	reader.take();
	const arms = [];
	while (!reader.isMark('}')) {
		const armAt = reader.at;
		const pattern: Pattern = reader.grammar.pattern(reader);
		const guard = reader.takeKeyword('when') ? parseExpression(reader) : undefined;
		reader.expectMark('=>');
		arms.push({ at: armAt, pattern, guard, value: parseExpression(reader) });
		if (!reader.takeMark(',')) break;
	}
	reader.expectMark('}');
	return { kind: 'switch', at, subject, arms };
}

/** An operand of a relational operator. */
export function parseShift(reader: TokenReader): Expression {
	return parseBinary(reader, relational + 1);
}
