/** The fields of a message as a policy has changed them, over those that came. */
import type { HeaderList, RequestView } from '#core/index';

/** The fields that came; names of `header` and `headerCount` are lower-case. */
export type FieldSource = Pick<RequestView, 'header' | 'headerCount' | 'fields'>;

export function sourceOf(fields: HeaderList): FieldSource {
	const named = (name: string) => fields.filter(([other]) => other.toLowerCase() === name);
	return {
		header: (name) => named(name)[0]?.[1],
		headerCount: (name) => named(name).length,
		fields: () => fields,
	};
}

export class HeaderOverlay {
	readonly #came: FieldSource;
	/** By lower-case name: the values in place of those that came; empty: removed. */
	readonly #replaced = new Map<string, { readonly name: string; readonly values: readonly string[] }>();
	/** Beside those that came. */
	readonly #added: (readonly [name: string, value: string])[] = [];

	constructor(came: FieldSource) {
		this.#came = came;
	}

	has(name: string): boolean {
		const lower = name.toLowerCase();
		if (this.#added.some(([added]) => added.toLowerCase() === lower)) return true;
		const replaced = this.#replaced.get(lower);
		return replaced === undefined ? this.#came.headerCount(lower) > 0 : replaced.values.length > 0;
	}

	/** The value of each line of this name. */
	values(name: string): readonly string[] {
		const lower = name.toLowerCase();
		if (!this.#replaced.has(lower) && this.#added.length === 0) {
			const count = this.#came.headerCount(lower);
			if (count < 2) return count === 0 ? [] : [this.#came.header(lower) ?? ''];
		}
		return this.list.filter(([other]) => other.toLowerCase() === lower).map(([, value]) => value);
	}

	/** Every line, names as they came. */
	get list(): HeaderList {
		const lines = this.#came.fields();
		if (this.#replaced.size === 0 && this.#added.length === 0) return lines;
		return [
			...lines.filter(([name]) => !this.#replaced.has(name.toLowerCase())),
			...[...this.#replaced.values()].flatMap(({ name, values }) => values.map((value) => [name, value] as const)),
			...this.#added,
		];
	}

	replace(name: string, values: readonly string[]): void {
		const lower = name.toLowerCase();
		for (let i = this.#added.length - 1; i >= 0; i--) {
			if (this.#added[i]?.[0].toLowerCase() === lower) this.#added.splice(i, 1);
		}
		this.#replaced.set(lower, { name, values });
	}

	append(name: string, values: readonly string[]): void {
		const lower = name.toLowerCase();
		const replaced = this.#replaced.get(lower);
		if (replaced !== undefined)
			this.#replaced.set(lower, { name: replaced.name, values: [...replaced.values, ...values] });
		else for (const value of values) this.#added.push([name, value]);
	}

	/** Names of fields that stay behind of those that came. */
	get removed(): readonly string[] {
		return [...this.#replaced.keys()];
	}

	/** Fields in place of those of their names. */
	get written(): HeaderList {
		return [...this.#replaced.values()].flatMap(({ name, values }) => values.map((value) => [name, value] as const));
	}

	/** Fields beside those of the same name that came, where these may travel. */
	get appended(): HeaderList {
		return this.#added;
	}
}
