/** The fields of a request as a policy has changed them, over those that the client sent. */
import type { HeaderList, RequestView } from '#core/index';

export class HeaderOverlay {
	readonly #request: RequestView;
	/** By lower-case name: the values in place of the client's; empty: removed. */
	readonly #replaced = new Map<string, { readonly name: string; readonly values: readonly string[] }>();
	/** Beside the client's. */
	readonly #added: (readonly [name: string, value: string])[] = [];

	constructor(request: RequestView) {
		this.#request = request;
	}

	has(name: string): boolean {
		const lower = name.toLowerCase();
		if (this.#added.some(([added]) => added.toLowerCase() === lower)) return true;
		const replaced = this.#replaced.get(lower);
		return replaced === undefined ? this.#request.headerCount(lower) > 0 : replaced.values.length > 0;
	}

	/** The value of each line of this name. */
	values(name: string): readonly string[] {
		const lower = name.toLowerCase();
		if (!this.#replaced.has(lower) && this.#added.length === 0) {
			const count = this.#request.headerCount(lower);
			if (count < 2) return count === 0 ? [] : [this.#request.header(lower) ?? ''];
		}
		return this.list.filter(([other]) => other.toLowerCase() === lower).map(([, value]) => value);
	}

	/** Every line, the client's names as they came. */
	get list(): HeaderList {
		const lines = this.#request.fields();
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

	/** Names of fields of the client that stay behind. */
	get removed(): readonly string[] {
		return [...this.#replaced.keys()];
	}

	/** Fields for the upstream in place of the client's of those names. */
	get written(): HeaderList {
		return [...this.#replaced.values()].flatMap(({ name, values }) => values.map((value) => [name, value] as const));
	}

	/** Fields beside the client's of the same name, where those may travel. */
	get appended(): HeaderList {
		return this.#added;
	}
}
