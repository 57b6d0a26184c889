/** Names of variables: where each lives while the expression runs. */
import { SyntaxProblem } from '../syntax/problem.ts';
import type { Type } from '../types/type.ts';

export interface Variable {
	readonly name: string;
	readonly type: Type;
	/** Frames that are entered before its own. */
	readonly level: number;
	readonly slot: number;
	/** Of `foreach`, of a pattern that a lambda may keep: assigning is refused. */
	readonly isReadOnly: boolean;
	/** A local function: what it takes and answers. */
	readonly signature: FunctionSignature | undefined;
}

export interface FunctionSignature {
	readonly parameters: readonly Type[];
	readonly returns: Type;
}

/** One `{ … }`; its variables hide nothing, as C# forbids the same name inside. */
export class Scope {
	readonly #parent: Scope | undefined;
	readonly #variables = new Map<string, Variable>();
	readonly level: number;
	readonly #slots: { count: number };

	private constructor(parent: Scope | undefined, level: number, slots: { count: number }) {
		this.#parent = parent;
		this.level = level;
		this.#slots = slots;
	}

	static outermost(): Scope {
		return new Scope(undefined, 0, { count: 0 });
	}

	/** In the same frame. */
	block(): Scope {
		return new Scope(this, this.level, this.#slots);
	}

	/** In a frame of its own. */
	frame(): Scope {
		return new Scope(this, this.level + 1, { count: 0 });
	}

	/** A variable without a name. */
	hidden(): { readonly level: number; readonly slot: number } {
		return { level: this.level, slot: this.#slots.count++ };
	}

	find(name: string): Variable | undefined {
		return this.#variables.get(name) ?? this.#parent?.find(name);
	}

	declare(
		at: number,
		name: string,
		type: Type,
		options: { readonly isReadOnly?: boolean; readonly signature?: FunctionSignature } = {},
	): Variable {
		if (name === 'context' || this.find(name) !== undefined) {
			throw new SyntaxProblem(`the name '${name}' is in use already`, at);
		}
		const { isReadOnly = false, signature } = options;
		const variable = { name, type, level: this.level, slot: this.#slots.count++, isReadOnly, signature };
		this.#variables.set(name, variable);
		return variable;
	}
}
