/** Whether a value is of a type, and whether one reference type is another (ECMA-334 §10.2.8): nothing is converted. */
import { typeOf, type Value } from '../values/value.ts';
import { asNamed } from './supertypes.ts';
import { holdsNull, type Type, types, underlying } from './type.ts';

/** Generic types whose arguments may become one of their supertypes. */
const covariant: ReadonlySet<string> = new Set([
	'array',
	'IEnumerable',
	'IReadOnlyCollection',
	'IReadOnlyList',
	'IGrouping',
	'IOrderedEnumerable',
]);

export function isReferenceOf(from: Type, to: Type): boolean {
	if (from === to || (to === types.object && from !== types.void)) return true;
	const same = asNamed(from, to.name);
	if (same === undefined) return false;
	if (same === to) return true;
	if (!covariant.has(to.name)) return false;
	return to.args.every((arg, index) => {
		const own = same.args[index];
		return own !== undefined && (own === arg || (holdsNull(own) && holdsNull(arg) && isReferenceOf(own, arg)));
	});
}

/** Null is an instance of nothing. */
export function isInstance(value: Value, of: Type): boolean {
	if (value === null) return false;
	return isReferenceOf(typeOf(value), underlying(of));
}
