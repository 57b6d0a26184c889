/** What texts that come again and again were read as: few, short, and forgotten together when there are too many of them. */

/** UTF-16 units of a text that is kept. */
const longest = 512;

export class KnownTexts<T> {
	readonly #known = new Map<string, T>();
	readonly #most: number;

	/** `most`: texts that are known at a time, at least one. */
	constructor(most: number) {
		this.#most = most;
	}

	/** What was kept for exactly this text. */
	find(text: string): T | undefined {
		return text.length > longest ? undefined : this.#known.get(text);
	}

	/**
	 * `value` must depend on the text alone, and nobody may change it. `text` must be no part of a larger one, which would
	 * be kept with it. One of more than 512 UTF-16 units is not kept.
	 */
	keep(text: string, value: T): void {
		if (text.length > longest) return;
		if (this.#known.size >= this.#most) this.#known.clear();
		this.#known.set(text, value);
	}

	get size(): number {
		return this.#known.size;
	}
}
