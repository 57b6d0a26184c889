/** From `object` to a type (ECMA-334 §10.3.7). */
import { exception, nullReference } from '../values/exception.ts';
import { typeOf, type Value } from '../values/value.ts';
import { isInstance } from './instance.ts';
import { holdsNull, type Type } from './type.ts';

/** An object as what it is; nothing is converted, so that `(long)(object)1` fails as it does in .NET. */
export function unbox(value: Value, to: Type): Value {
	if (value === null) {
		if (holdsNull(to)) return null;
		throw nullReference();
	}
	if (isInstance(value, to)) return value;
	const of = typeOf(value).text;
	throw exception('InvalidCastException', `Unable to cast object of type '${of}' to type '${to.text}'.`);
}
