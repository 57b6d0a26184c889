/** Patterns behind `is`, `case` and in the arms of a switch (ECMA-334 §11): types, constants, relations, not/and/or. */
import type { Pattern } from './ast.ts';
import { parseAsType, predefinedTypes } from './parse-type.ts';
import type { TokenReader } from './token-reader.ts';

export function parsePattern(reader: TokenReader): Pattern {
	return reader.nested(() => parseOr(reader));
}

function parseOr(reader: TokenReader): Pattern {
	let left = parseAnd(reader);
	while (reader.takeKeyword('or')) left = { kind: 'or', at: left.at, left, right: parseAnd(reader) };
	return left;
}

function parseAnd(reader: TokenReader): Pattern {
	let left = parseOne(reader);
	while (reader.takeKeyword('and')) left = { kind: 'and', at: left.at, left, right: parseOne(reader) };
	return left;
}

function parseOne(reader: TokenReader): Pattern {
	const at = reader.at;
	if (reader.takeKeyword('not')) return reader.nested(() => ({ kind: 'not', at, pattern: parseOne(reader) }));
	if (reader.takeMark('(')) {
		const pattern = parsePattern(reader);
		reader.expectMark(')');
		return pattern;
	}
	for (const operator of ['<=', '>=', '<', '>'] as const) {
		if (reader.takeMark(operator)) return { kind: 'relation', at, operator, value: reader.grammar.shift(reader) };
	}
	if (reader.isKeyword('var') && reader.isName(1)) {
		reader.take();
		const name = reader.takeName();
		return { kind: 'var', at, variable: name === '_' ? undefined : name };
	}
	if (reader.isKeyword('_')) {
		reader.take();
		return { kind: 'var', at, variable: undefined };
	}
	return parseTypePattern(reader) ?? { kind: 'constant', at, value: reader.grammar.shift(reader) };
}

/** A type, or a type and a name. A lone name may be a constant, which only the binder can tell. */
function parseTypePattern(reader: TokenReader): Pattern | undefined {
	const { token, at } = reader;
	if (token.kind !== 'name' || (!reader.isName() && !predefinedTypes.has(token.text))) return undefined;
	return reader.attempt(() => {
		const type = parseAsType(reader);
		const isVariable = reader.isName() && !['when', 'and', 'or'].some((word) => reader.isKeyword(word));
		if (isVariable) return { kind: 'type', at, type, variable: reader.takeName() };
		// `x is int.MaxValue`, `x is f(y)`: a value after all.
		return reader.isMark('.') || reader.isMark('(') ? undefined : { kind: 'type', at, type, variable: undefined };
	});
}
