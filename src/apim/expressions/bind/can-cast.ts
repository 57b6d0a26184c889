/** Whether a cast can be written at all (ECMA-334 §10.3): whether it succeeds is often only known when it runs. */
import { implicitConversion } from '../types/conversion.ts';
import { isReferenceOf } from '../types/instance.ts';
import { holdsNull, isNumeric, type Type, types, underlying } from '../types/type.ts';

/** Types of which Newtonsoft defines a cast from a token. */
const fromToken: ReadonlySet<string> = new Set(
	'string bool sbyte byte short ushort int uint long ulong float double decimal DateTime DateTimeOffset Guid TimeSpan Uri'.split(
		' ',
	),
);

export function isToken(of: Type): boolean {
	return ['JToken', 'JObject', 'JArray', 'JValue', 'JProperty', 'JContainer'].includes(of.name);
}

export function isFromToken(from: Type, to: Type): boolean {
	return isToken(from) && fromToken.has(underlying(to).name);
}

export function isNumberCast(from: Type, to: Type): boolean {
	const isNumber = (of: Type): boolean => isNumeric(of) || of === types.char;
	return isNumber(underlying(from)) && isNumber(underlying(to));
}

export function canCast(from: Type, to: Type): boolean {
	if (from === types.void || to === types.void) return false;
	if (implicitConversion(from, to) !== undefined || isNumberCast(from, to) || isFromToken(from, to)) return true;
	if (from === types.object) return true;
	if (underlying(from) === underlying(to)) return true;
	if (isReferenceOf(to, from)) return true;
	// Between an interface and a class that is not sealed, some object might be both.
	return holdsNull(from) && holdsNull(to) && (isInterface(from) || isInterface(to)) && !isSealed(from) && !isSealed(to);
}

function isInterface(of: Type): boolean {
	return /^I[A-Z]/.test(of.name);
}

function isSealed(of: Type): boolean {
	return ['string', 'array', 'Nullable', 'JObject', 'JArray', 'JProperty', 'JValue', 'Jwt'].includes(of.name);
}
