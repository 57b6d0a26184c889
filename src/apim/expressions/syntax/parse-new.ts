/** `new`: objects with arguments and initializers, arrays, and objects without a type (ECMA-334 §12.8.16). */
import type { Argument, Expression, Initializer } from './ast.ts';
import { parseArguments } from './parse-expression.ts';
import { parseNonArrayType } from './parse-type.ts';
import { SyntaxProblem } from './problem.ts';
import type { TokenReader } from './token-reader.ts';

export function parseCreation(reader: TokenReader): Expression {
	const at = reader.at;
	reader.take();
	if (reader.isMark('{')) return { kind: 'new-object', at, members: parseMembers(reader) };
	if (reader.isMark('[')) return { ...parseArray(reader, at), element: undefined };
	if (reader.isMark('(')) throw new SyntaxProblem('new without a type is not supported', at);
	const type = parseNonArrayType(reader);
	if (reader.isMark('[')) return { ...parseArray(reader, at), element: type };
	const args: readonly Argument[] = reader.isMark('(') ? parseArguments(reader, '(', ')') : [];
	const initializers = reader.isMark('{') ? parseInitializers(reader) : undefined;
	return { kind: 'new', at, type, args, initializers };
}

type ArrayCreation = Extract<Expression, { kind: 'new-array' }>;

function parseArray(reader: TokenReader, at: number): ArrayCreation {
	reader.expectMark('[');
	const size = reader.isMark(']') ? undefined : reader.grammar.expression(reader);
	if (reader.isMark(',')) throw new SyntaxProblem('arrays of several dimensions are not supported', reader.at);
	reader.expectMark(']');
	if (reader.isMark('[')) throw new SyntaxProblem('an array of arrays is created element by element', reader.at);
	const values = reader.isMark('{') ? parseValues(reader) : undefined;
	if (size === undefined && values === undefined) throw reader.unexpected("'{'");
	return { kind: 'new-array', at, element: undefined, size, values };
}

/** `{ a, b, }`. */
export function parseValues(reader: TokenReader): readonly Expression[] {
	reader.expectMark('{');
	const values: Expression[] = [];
	while (!reader.isMark('}')) {
		values.push(reader.grammar.expression(reader));
		if (!reader.takeMark(',')) break;
	}
	reader.expectMark('}');
	return values;
}

function parseInitializers(reader: TokenReader): readonly Initializer[] {
	reader.expectMark('{');
	const initializers: Initializer[] = [];
	while (!reader.isMark('}')) {
		initializers.push(parseInitializer(reader));
		if (!reader.takeMark(',')) break;
	}
	reader.expectMark('}');
	return initializers;
}

function parseInitializer(reader: TokenReader): Initializer {
	const at = reader.at;
	if (reader.isMark('{')) return { at, name: undefined, index: undefined, values: parseValues(reader) };
	if (reader.takeMark('[')) {
		const index = reader.grammar.expression(reader);
		reader.expectMark(']');
		reader.expectMark('=');
		return { at, name: undefined, index, values: [reader.grammar.expression(reader)] };
	}
	const isMember = reader.isName() && reader.isMark('=', 1);
	const name = isMember ? reader.takeName() : undefined;
	if (isMember) reader.take();
	return { at, name, index: undefined, values: [reader.grammar.expression(reader)] };
}

/** Members of an object without a type: `Name = value`, or a value that ends in a name. */
function parseMembers(reader: TokenReader): readonly { readonly name: string; readonly value: Expression }[] {
	reader.expectMark('{');
	const members: { readonly name: string; readonly value: Expression }[] = [];
	while (!reader.isMark('}')) {
		const isNamed = reader.isName() && reader.isMark('=', 1);
		const named = isNamed ? reader.takeName() : undefined;
		if (isNamed) reader.take();
		const value = reader.grammar.expression(reader);
		const name = named ?? (value.kind === 'name' || value.kind === 'member' ? value.name : undefined);
		if (name === undefined) throw new SyntaxProblem('this member needs a name', value.at);
		members.push({ name, value });
		if (!reader.takeMark(',')) break;
	}
	reader.expectMark('}');
	return members;
}
