/**
 * Short texts that come again and again in heads, hosts above all: where one is known, it is compared where it stands and
 * not cut out anew. Whoever gets it has the very text that he had before, whose hash is known and which is its own equal.
 */
import { Buffer } from 'node:buffer';

/** A power of two. */
const slots = 256;
const maxLength = 80;
/** Other texts in a row after which one of them gets the slot: who makes up a text for each request costs no copies. */
const patience = 8;

export class KnownTexts {
	readonly #texts: (string | undefined)[] = Array.from({ length: slots });
	readonly #missed = new Uint8Array(slots);

	/** `text.slice(start, end)`. Bounded; what is kept holds no head. */
	at(text: string, start: number, end: number): string {
		const length = end - start;
		if (length <= 0 || length > maxLength) return text.slice(start, end);
		const slot = (length * 7 + text.charCodeAt(start) * 31 + text.charCodeAt(end - 1)) & (slots - 1);
		const known = this.#texts[slot];
		if (known !== undefined && known.length === length && text.startsWith(known, start)) {
			this.#missed[slot] = 0;
			return known;
		}
		return this.#learn(slot, text.slice(start, end));
	}

	#learn(slot: number, found: string): string {
		const missed = (this.#missed[slot] ?? 0) + 1;
		if (this.#texts[slot] !== undefined && missed < patience) {
			this.#missed[slot] = missed;
			return found;
		}
		// A slice would keep the whole head alive that it came from.
		const copy = Buffer.from(found, 'latin1').toString('latin1');
		this.#texts[slot] = copy;
		this.#missed[slot] = 0;
		return copy;
	}
}
