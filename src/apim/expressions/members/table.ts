/** Members by the name of their type and their own: the whole of what an expression can reach. */
import { supertypes } from '../types/supertypes.ts';
import { type Type, types } from '../types/type.ts';
import { type Implementation, readReceiver, readSignature, type Signature } from './signature.ts';

export interface Member extends Signature {
	/** The type that has it, with its own parameters: `IEnumerable<T>`. */
	readonly receiver: Type;
	/** Once the parameters of receiver and method are known, in this order, what is called. */
	readonly implement: (bindings: ReadonlyMap<Type, Type>) => Implementation;
}

/** An implementation that needs to know the types it was called with, each under its name in the signature. */
export class WithTypes {
	readonly make: (of: (name: string) => Type) => Implementation;

	constructor(make: (of: (name: string) => Type) => Implementation) {
		this.make = make;
	}
}

export function withTypes(make: (of: (name: string) => Type) => Implementation): WithTypes {
	return new WithTypes(make);
}

export type Declarations = Readonly<Record<string, Implementation | WithTypes>>;

/** All members of all types, once read. */
export class MemberTable {
	readonly #members = new Map<string, Map<string, Member[]>>();

	/** `receiver` as a signature writes a type: `string`, `IEnumerable<T>`, `int`. */
	add(receiver: string, declarations: Declarations): void {
		const type = readReceiver(receiver);
		const members = this.#members.get(type.name) ?? new Map<string, Member[]>();
		this.#members.set(type.name, members);
		for (const [text, implementation] of Object.entries(declarations)) {
			const signature = readSignature(text);
			const overloads = members.get(signature.name) ?? [];
			members.set(signature.name, overloads);
			overloads.push({ ...signature, receiver: type, implement: implementer(implementation) });
		}
	}

	/** Members of this name that `of` has itself or from its supertypes, nearest first. */
	find(of: Type, name: string): readonly Member[] {
		const found = [...(this.#members.get(of.name)?.get(name) ?? [])];
		for (const supertype of supertypes(of)) {
			for (const member of this.find(supertype, name)) if (!found.includes(member)) found.push(member);
		}
		if (of !== types.object && found.length === 0) return this.#members.get('object')?.get(name) ?? [];
		return found;
	}

	/** Static members of exactly this type. */
	findStatic(of: Type, name: string): readonly Member[] {
		return (this.#members.get(of.name)?.get(name) ?? []).filter(({ isStatic }) => isStatic);
	}
}

function implementer(implementation: Implementation | WithTypes): Member['implement'] {
	if (!(implementation instanceof WithTypes)) return () => implementation;
	return (bindings) => {
		const byName = new Map([...bindings].map(([parameter, bound]) => [parameter.name, bound]));
		return implementation.make((name) => byName.get(name) ?? types.object);
	};
}
