/** JSON texts to tokens: what the platform's parser takes, with numbers as Newtonsoft reads them. */
import type { Run } from '../run/run.ts';
import { exception } from './exception.ts';
import { JsonArray, JsonObjectValue, JsonScalar, type JsonToken } from './json.ts';
import { type AnyNumber, NumberValue } from './number.ts';
import type { Scalar } from './value.ts';

const maxDepth = 64;

export function badJson(): Error {
	return exception('JsonReaderException', 'Error reading JSON.');
}

/**
 * Throws a JsonReaderException. The text is strict JSON: no comments, no single quotes. A name that is repeated has its
 * last value, as there. Whole numbers are `long`, all others `double`.
 */
export function parseJson(run: Run, text: string): JsonToken {
	run.look(text.length * 8);
	let value: unknown;
	try {
		value = JSON.parse(text, keepDigits);
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof RangeError) throw badJson();
		throw error;
	}
	return toToken(run, value, 0);
}

/** The source of a number, where the platform tells it: a `long` may have more digits than a double. */
function keepDigits(_: string, value: unknown, context?: { readonly source?: string }): unknown {
	if (typeof value !== 'number') return value;
	const source = context?.source ?? value.toString();
	if (!/^-?[0-9]+$/.test(source) || source.length > 20) return new NumberValue('double', value);
	const whole = BigInt(source);
	return whole === BigInt.asIntN(64, whole) ? whole : new NumberValue('double', value);
}

function toToken(run: Run, value: unknown, depth: number): JsonToken {
	if (depth > maxDepth) throw badJson();
	run.make(1);
	run.step();
	if (Array.isArray(value)) return new JsonArray(value.map((item) => toToken(run, item, depth + 1)));
	if (typeof value === 'object' && value !== null && !(value instanceof NumberValue)) {
		const members = new Map<string, JsonToken>();
		for (const [name, member] of Object.entries(value)) members.set(name, toToken(run, member, depth + 1));
		return new JsonObjectValue(members);
	}
	return new JsonScalar(value as Scalar & (AnyNumber | string | boolean | null));
}
