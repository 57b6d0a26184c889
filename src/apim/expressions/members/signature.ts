/**
 * The tables of members are written in C#: `string Substring(int startIndex)`, `static bool IsNullOrEmpty(string? value)`,
 * `V this[K key]`, `R Select<R>(Func<T, R> selector)`. `T`, `K`, `V`, `R`, `A`, `B` are type parameters. A `?` behind the
 * type of a parameter says that it takes null; where it is missing, null is refused before the member is called.
 */

import type { Run } from '../run/run.ts';
import { parseTypeText, signatureReader } from '../syntax/parse.ts';
import { parseType, parseTypeArguments } from '../syntax/parse-type.ts';
import type { TokenReader } from '../syntax/token-reader.ts';
import { resolveSignatureType } from '../types/known.ts';
import { holdsNull, type Type } from '../types/type.ts';
import type { Value } from '../values/value.ts';

export interface Parameter {
	readonly name: string;
	readonly type: Type;
	readonly mode: 'value' | 'out' | 'params';
	readonly refusesNull: boolean;
	/** What stands for an argument that is left out; undefined when it must be there. */
	readonly fallback: Value | undefined;
}

export interface Signature {
	readonly name: string;
	readonly isStatic: boolean;
	/** Written `extension` in front: an extension method that has an answer for null. */
	readonly takesNullReceiver: boolean;
	readonly isProperty: boolean;
	readonly typeParameters: readonly Type[];
	readonly parameters: readonly Parameter[];
	readonly returns: Type;
}

/** Where an `out` parameter leaves its value. */
export interface Out {
	value: Value;
}

/** Gets the run, the object (unless static) and the arguments. What they are is what the signature says. */
export type Implementation = (run: Run, ...values: never[]) => Value;

export function readSignature(text: string): Signature {
	const reader = signatureReader(text);
	const isStatic = reader.takeKeyword('static');
	const takesNullReceiver = reader.takeKeyword('extension');
	const returns = resolveSignatureType(parseType(reader));
	// `new` and `this` are names here.
	const name = reader.take().text;
	const typeParameters = parseTypeArguments(reader).map(resolveSignatureType);
	const closing = name === 'this' ? ']' : ')';
	const isProperty = !reader.takeMark(name === 'this' ? '[' : '(');
	const parameters: Parameter[] = [];
	if (!isProperty && !reader.takeMark(closing)) {
		do parameters.push(readParameter(reader));
		while (reader.takeMark(','));
		reader.expectMark(closing);
	}
	if (reader.token.kind !== 'end') throw reader.unexpected('the end of the signature');
	return { name, isStatic, takesNullReceiver, isProperty, typeParameters, parameters, returns };
}

export function readReceiver(text: string): Type {
	return resolveSignatureType(parseTypeText(text));
}

function readParameter(reader: TokenReader): Parameter {
	const mode = reader.takeKeyword('out') ? 'out' : reader.takeKeyword('params') ? 'params' : 'value';
	const written = parseType(reader);
	const type = resolveSignatureType(written);
	const name = reader.takeName();
	const refusesNull = mode === 'value' && written.name !== '?' && holdsNull(type) && !type.isParameter;
	return { name, type, mode, refusesNull, fallback: reader.takeMark('=') ? readFallback(reader) : undefined };
}

function readFallback(reader: TokenReader): Value {
	const token = reader.take();
	if (token.kind === 'literal' && token.literal.type === 'string') return token.literal.value;
	if (token.kind === 'literal' && token.literal.type === 'int') return Number(token.literal.value);
	if (token.text === 'true' || token.text === 'false') return token.text === 'true';
	return null;
}
