/** Statements of a block (ECMA-334 §13). What is not of the subset is refused by name where it stands. */
import type {
	Block,
	Declaration,
	Expression,
	LambdaParameter,
	LocalFunction,
	Statement,
	SwitchSection,
	TypeName,
} from './ast.ts';
import { parseValues } from './parse-new.ts';
import { parseTry } from './parse-try.ts';
import { parseType } from './parse-type.ts';
import { SyntaxProblem } from './problem.ts';
import type { TokenReader } from './token-reader.ts';

const refused = 'goto lock using unsafe fixed checked unchecked yield class struct enum interface static async'.split(
	' ',
);

/** `{ … }`. */
export function parseBlock(reader: TokenReader): Block {
	const at = reader.at;
	reader.expectMark('{');
	const statements = parseStatements(reader, () => reader.isMark('}'));
	reader.expectMark('}');
	return { kind: 'block', at, statements };
}

export function parseStatements(reader: TokenReader, isEnd: () => boolean): readonly Statement[] {
	const statements: Statement[] = [];
	while (!isEnd()) {
		if (reader.token.kind === 'end') throw reader.unexpected("'}'");
		statements.push(parseStatement(reader));
	}
	return statements;
}

function parseStatement(reader: TokenReader): Statement {
	return reader.nested(() => {
		const { token, at } = reader;
		if (reader.isMark('{')) return parseBlock(reader);
		if (reader.takeMark(';')) return { kind: 'empty', at };
		const statement = token.kind === 'name' && !token.isVerbatim ? keywordStatement(reader, token.text) : undefined;
		if (statement !== undefined) return statement;
		const declaration = parseDeclaration(reader);
		if (declaration !== undefined) return declaration;
		const value = reader.grammar.expression(reader);
		if (!['call', 'assign', 'step', 'conditional', 'new'].includes(value.kind)) {
			throw new SyntaxProblem('only an assignment, a call or an increment can be a statement', value.at);
		}
		reader.expectMark(';');
		return { kind: 'expression', at, value };
	});
}

function keywordStatement(reader: TokenReader, word: string): Statement | undefined {
	const at = reader.at;
	if (refused.includes(word) && reader.peek(1).kind !== 'mark')
		throw new SyntaxProblem(`'${word}' is not supported`, at);
	switch (word) {
		case 'if':
			return parseIf(reader);
		case 'while':
			reader.take();
			return { kind: 'while', at, test: parseTest(reader), body: parseStatement(reader), isDo: false };
		case 'do':
			return parseDo(reader);
		case 'for':
			return parseFor(reader);
		case 'foreach':
			return parseForeach(reader);
		case 'switch':
			return parseSwitch(reader);
		case 'try':
			return parseTry(reader);
		case 'return':
		case 'throw': {
			reader.take();
			const value = reader.isMark(';') ? undefined : reader.grammar.expression(reader);
			reader.expectMark(';');
			return { kind: word, at, value };
		}
		case 'break':
		case 'continue':
			reader.take();
			reader.expectMark(';');
			return { kind: word, at };
		default:
			return undefined;
	}
}

function parseTest(reader: TokenReader): Expression {
	reader.expectMark('(');
	const test = reader.grammar.expression(reader);
	reader.expectMark(')');
	return test;
}

function parseIf(reader: TokenReader): Statement {
	const at = reader.at;
	reader.take();
	const test = parseTest(reader);
	const yes = parseStatement(reader);
	const no = reader.takeKeyword('else') ? parseStatement(reader) : undefined;
	return { kind: 'if', at, test, yes, no };
}

function parseDo(reader: TokenReader): Statement {
	const at = reader.at;
	reader.take();
	const body = parseStatement(reader);
	if (!reader.takeKeyword('while')) throw reader.unexpected("'while'");
	const test = parseTest(reader);
	reader.expectMark(';');
	return { kind: 'while', at, test, body, isDo: true };
}

function parseFor(reader: TokenReader): Statement {
	const at = reader.at;
	reader.take();
	reader.expectMark('(');
	const first: Statement[] = [];
	if (!reader.takeMark(';')) {
		const declaration = parseDeclaration(reader);
		if (declaration === undefined) {
			do first.push({ kind: 'expression', at: reader.at, value: reader.grammar.expression(reader) });
			while (reader.takeMark(','));
			reader.expectMark(';');
		} else first.push(declaration);
	}
	const test = reader.isMark(';') ? undefined : reader.grammar.expression(reader);
	reader.expectMark(';');
	const each: Expression[] = [];
	if (!reader.isMark(')')) {
		do each.push(reader.grammar.expression(reader));
		while (reader.takeMark(','));
	}
	reader.expectMark(')');
	return { kind: 'for', at, first, test, each, body: parseStatement(reader) };
}

function parseForeach(reader: TokenReader): Statement {
	const at = reader.at;
	reader.take();
	reader.expectMark('(');
	const type = parseVariableType(reader);
	const name = reader.takeName();
	if (!reader.takeKeyword('in')) throw reader.unexpected("'in'");
	const source = reader.grammar.expression(reader);
	reader.expectMark(')');
	return { kind: 'foreach', at, type, name, source, body: parseStatement(reader) };
}

function parseSwitch(reader: TokenReader): Statement {
	const at = reader.at;
	reader.take();
	const subject = parseTest(reader);
	reader.expectMark('{');
	const sections: SwitchSection[] = [];
	while (!reader.takeMark('}')) sections.push(parseSection(reader));
	return { kind: 'switch', at, subject, sections };
}

function parseSection(reader: TokenReader): SwitchSection {
	const at = reader.at;
	const labels = [];
	while (reader.isKeyword('case') || (reader.isKeyword('default') && reader.isMark(':', 1))) {
		const labelAt = reader.at;
		const isCase = reader.take().text === 'case';
		const pattern = isCase ? reader.grammar.pattern(reader) : undefined;
		const guard = reader.takeKeyword('when') ? reader.grammar.expression(reader) : undefined;
		reader.expectMark(':');
		labels.push({ at: labelAt, pattern, guard });
	}
	if (labels.length === 0) throw reader.unexpected("'case'");
	const isEnd = (): boolean =>
		reader.isMark('}') || reader.isKeyword('case') || (reader.isKeyword('default') && reader.isMark(':', 1));
	return { at, labels, body: { kind: 'block', at, statements: parseStatements(reader, isEnd) } };
}

/** Undefined for `var`. */
function parseVariableType(reader: TokenReader): TypeName | undefined {
	if (!reader.isKeyword('var')) return parseType(reader);
	reader.take();
	return undefined;
}

/** `T a = 1, b;`, `const T a = 1;` or a local function; undefined when no declaration begins here. */
function parseDeclaration(reader: TokenReader): Declaration | LocalFunction | undefined {
	const at = reader.at;
	const isConstant = reader.takeKeyword('const');
	const type = reader.attempt(() => {
		const found = { type: parseVariableType(reader) };
		const isDeclared = reader.isName() && ['=', ';', ',', '('].some((mark) => reader.isMark(mark, 1));
		return isDeclared ? found : undefined;
	});
	if (type === undefined) {
		if (isConstant) throw reader.unexpected('a declaration');
		return undefined;
	}
	if (reader.isMark('(', 1) && type.type !== undefined) return parseFunction(reader, at, type.type);
	const variables = [];
	do {
		const variableAt = reader.at;
		const name = reader.takeName();
		const value = reader.takeMark('=') ? parseInitialValue(reader, type.type) : undefined;
		variables.push({ at: variableAt, name, value });
	} while (reader.takeMark(','));
	reader.expectMark(';');
	return { kind: 'declare', at, type: type.type, variables };
}

/** `string[] a = { "x" };` is short for an array of that type. */
function parseInitialValue(reader: TokenReader, type: TypeName | undefined): Expression {
	const at = reader.at;
	if (!reader.isMark('{') || type?.name !== '[]') return reader.grammar.expression(reader);
	return { kind: 'new-array', at, element: type.args[0], size: undefined, values: parseValues(reader) };
}

function parseFunction(reader: TokenReader, at: number, type: TypeName): LocalFunction {
	const name = reader.takeName();
	reader.expectMark('(');
	const parameters: LambdaParameter[] = [];
	if (!reader.isMark(')')) {
		do parameters.push({ at: reader.at, type: parseType(reader), name: reader.takeName() });
		while (reader.takeMark(','));
	}
	reader.expectMark(')');
	if (!reader.takeMark('=>')) return { kind: 'function', at, type, name, parameters, body: parseBlock(reader) };
	const body = reader.grammar.expression(reader);
	reader.expectMark(';');
	return { kind: 'function', at, type, name, parameters, body };
}
