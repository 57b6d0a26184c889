/** Type arguments of a generic method from its arguments (ECMA-334 §12.6.3), as far as policies need it. */
import { implicitConversion } from '../types/conversion.ts';
import { asNamed, substitute } from '../types/supertypes.ts';
import { type Type, types, underlying } from '../types/type.ts';

export type Bindings = Map<Type, Type>;

/** Learns from an argument of type `from` for a parameter of type `to`. */
export function infer(to: Type, from: Type, bindings: Bindings): void {
	if (from === types.null || from === types.never || from === types.lambda || from === types.void) return;
	if (to.isParameter) {
		const known = bindings.get(to);
		// Of two types the one that the other converts to.
		if (known === undefined || (known !== from && implicitConversion(from, known) === undefined))
			bindings.set(to, from);
		return;
	}
	if (to.args.length === 0) return;
	const same = to.name === 'Nullable' ? to : asNamed(from, to.name);
	if (same === undefined) return;
	if (same === to) infer(to.args[0] ?? to, underlying(from), bindings);
	else for (const [index, arg] of to.args.entries()) infer(arg, same.args[index] ?? types.object, bindings);
}

/** Whether some type parameter is left in `of`. */
export function isOpen(of: Type, bindings: ReadonlyMap<Type, Type>): boolean {
	const closed = substitute(of, bindings);
	return hasParameter(closed);
}

function hasParameter(of: Type): boolean {
	return of.isParameter || of.args.some(hasParameter);
}
