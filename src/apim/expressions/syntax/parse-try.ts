/** `try { … } catch (T e) when (…) { … } finally { … }` (ECMA-334 §13.11). */
import type { CatchClause, Statement } from './ast.ts';
import { parseType } from './parse-type.ts';
import type { TokenReader } from './token-reader.ts';

export function parseTry(reader: TokenReader): Statement {
	const at = reader.at;
	reader.take();
	const body = reader.grammar.block(reader);
	const catches: CatchClause[] = [];
	while (reader.isKeyword('catch')) catches.push(parseCatch(reader));
	const last = reader.takeKeyword('finally') ? reader.grammar.block(reader) : undefined;
	if (catches.length === 0 && last === undefined) throw reader.unexpected("'catch' or 'finally'");
	return { kind: 'try', at, body, catches, last };
}

function parseCatch(reader: TokenReader): CatchClause {
	const at = reader.at;
	reader.take();
	let type: CatchClause['type'];
	let variable: string | undefined;
	if (reader.takeMark('(')) {
		type = parseType(reader);
		if (!reader.isMark(')')) variable = reader.takeName();
		reader.expectMark(')');
	}
	let guard: CatchClause['guard'];
	if (reader.takeKeyword('when')) {
		reader.expectMark('(');
		guard = reader.grammar.expression(reader);
		reader.expectMark(')');
	}
	return { at, type, variable, guard, body: reader.grammar.block(reader) };
}
