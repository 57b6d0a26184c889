/** Lambdas (ECMA-334 §12.19): `x => …`, `(x, y) => …`, `(string x) => …`, with an expression or a block. */
import type { Expression, LambdaParameter } from './ast.ts';
import { parseType } from './parse-type.ts';
import type { TokenReader } from './token-reader.ts';

export function parseLambda(reader: TokenReader): Expression | undefined {
	const at = reader.at;
	const parameters = readParameters(reader);
	if (parameters === undefined) return undefined;
	const body = reader.isMark('{') ? reader.grammar.block(reader) : reader.grammar.expression(reader);
	return { kind: 'lambda', at, parameters, body };
}

function readParameters(reader: TokenReader): readonly LambdaParameter[] | undefined {
	if (reader.isName() && reader.isMark('=>', 1)) {
		const parameter = { at: reader.at, type: undefined, name: reader.takeName() };
		reader.take();
		return [parameter];
	}
	if (!reader.isMark('(')) return undefined;
	return reader.attempt(() => {
		reader.take();
		const parameters: LambdaParameter[] = [];
		if (!reader.isMark(')')) {
			do parameters.push(readParameter(reader));
			while (reader.takeMark(','));
		}
		return reader.takeMark(')') && reader.takeMark('=>') ? parameters : undefined;
	});
}

function readParameter(reader: TokenReader): LambdaParameter {
	const at = reader.at;
	const isBare = reader.isName() && (reader.isMark(',', 1) || reader.isMark(')', 1));
	const type = isBare ? undefined : parseType(reader);
	return { at, type, name: reader.takeName() };
}
