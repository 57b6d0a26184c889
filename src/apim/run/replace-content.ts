/**
 * `find-and-replace` over the content of a response while it passes: every occurrence from left to right, as `Replace` of
 * .NET strings finds them by their characters, wherever pieces of the content begin and end. Text is compared as its octets
 * in UTF-8, in time linear to the content (Knuth, Morris, Pratt), and no more is held back than may be the beginning of
 * an occurrence. What is no text passes as it is.
 */
import type { ContentEdit, ContentEditor } from '#core/index';
import { longestReplacement } from '../statements/responses.ts';

/** Octets that what was read at once may become: content of nothing but occurrences must not fill the memory. */
export const mostFromOnePiece = 1_048_576;

const nothing = new Uint8Array(0);

/** One `find-and-replace` with its texts. */
export class Replacement {
	readonly from: Uint8Array;
	readonly to: Uint8Array;
	readonly isAscii: boolean;
	/** For each length of a beginning of `from`: the length of its longest proper end that is a beginning, too. */
	readonly ends: Uint16Array;

	/** Throws a RangeError for an empty `from`, and for texts that are too long. */
	constructor(from: string, to: string) {
		const encoder = new TextEncoder();
		this.from = encoder.encode(from);
		this.to = encoder.encode(to);
		if (this.from.length === 0) throw new RangeError('find-and-replace looks for the empty text');
		if (this.from.length > longestReplacement || this.to.length > longestReplacement) {
			throw new RangeError(`find-and-replace takes texts of ${longestReplacement} octets at most`);
		}
		this.isAscii = [this.from, this.to].every((octets) => octets.every((octet) => octet < 0x80));
		this.ends = endsOf(this.from);
	}
}

function endsOf(from: Uint8Array): Uint16Array {
	const ends = new Uint16Array(from.length + 1);
	let length = 0;
	for (let i = 1; i < from.length; i++) {
		while (length > 0 && from[length] !== from[i]) length = ends[length] ?? 0;
		if (from[length] === from[i]) length += 1;
		ends[i + 1] = length;
	}
	return ends;
}

export function replacingEdit(replacements: readonly Replacement[]): ContentEdit {
	const isAscii = replacements.every((replacement) => replacement.isAscii);
	return {
		judge: (type) => judgeType(type, isAscii),
		begin: () => new ReplacingEditor(replacements),
	};
}

const jsonOrXml = /^[^/]+\/(?:[^/]+\+)?(?:json|xml|yaml)$/;
const otherTexts: ReadonlySet<string> = new Set(
	['ecmascript', 'graphql', 'javascript', 'json-seq', 'jsonl', 'ndjson', 'sql', 'toml', 'x-javascript', 'x-ndjson']
		.concat(['x-www-form-urlencoded', 'x-yaml', 'xml-dtd'])
		.map((name) => `application/${name}`),
);

/** RFC 9110 §8.3. Without a type it may be text. */
function judgeType(type: string | undefined, isAscii: boolean): 'edit' | 'pass' | 'refuse' {
	const name = (/^[^;]*/.exec(type ?? '')?.[0] ?? '').trim().toLowerCase();
	// Of several types nobody knows which one counts.
	const isText =
		name === '' || name.includes(',') || name.startsWith('text/') || jsonOrXml.test(name) || otherTexts.has(name);
	if (!isText) return 'pass';
	const charset = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(type ?? '');
	const named = (charset?.[1] ?? charset?.[2] ?? 'utf-8').toLowerCase();
	if (/^(?:utf-?8|us-ascii|ascii)$/.test(named)) return 'edit';
	// In these, ASCII stands for itself and nothing else looks like it.
	return isAscii && /^(?:iso-?8859-[0-9]{1,2}|latin-?1|windows-(?:125[0-9]|874)|koi8-[ru])$/.test(named)
		? 'edit'
		: 'refuse';
}

class ReplacingEditor implements ContentEditor {
	readonly #replacers: readonly Replacer[];

	constructor(replacements: readonly Replacement[]) {
		this.#replacers = replacements.map((replacement) => new Replacer(replacement));
	}

	push(octets: Uint8Array): Uint8Array | undefined {
		let piece = octets;
		for (const replacer of this.#replacers) {
			const next = replacer.push(piece);
			if (next === undefined) return undefined;
			piece = next;
		}
		return piece;
	}

	end(): Uint8Array | undefined {
		let piece = nothing;
		for (const replacer of this.#replacers) {
			const next = replacer.push(piece);
			if (next === undefined) return undefined;
			const held = replacer.end();
			piece = new Uint8Array(next.length + held.length);
			piece.set(next);
			piece.set(held, next.length);
		}
		return piece.length > mostFromOnePiece ? undefined : piece;
	}
}

class Replacer {
	readonly #replacement: Replacement;
	/** Octets at the end of what came that are the beginning of `from`, and are held back. */
	#held = 0;

	constructor(replacement: Replacement) {
		this.#replacement = replacement;
	}

	push(octets: Uint8Array): Uint8Array | undefined {
		const { from, to } = this.#replacement;
		const before = this.#held;
		const found = this.#find(octets);
		const after = this.#held;
		if (found.length === 0 && before === 0) return after === 0 ? octets : octets.subarray(0, octets.length - after);
		const size = before + octets.length - after + found.length * (to.length - from.length);
		if (size > mostFromOnePiece) return undefined;
		const made = new Uint8Array(size);
		let at = 0;
		/** `begin` is below 0 in what was held back. */
		const copy = (begin: number, end: number): void => {
			if (begin < 0) {
				const part = from.subarray(before + begin, before + Math.min(end, 0));
				made.set(part, at);
				at += part.length;
			}
			if (end <= 0) return;
			const part = octets.subarray(Math.max(begin, 0), end);
			made.set(part, at);
			at += part.length;
		};
		let copied = -before;
		for (const end of found) {
			copy(copied, end - from.length);
			made.set(to, at);
			at += to.length;
			copied = end;
		}
		copy(copied, octets.length - after);
		return made;
	}

	/** What was held back is no occurrence. */
	end(): Uint8Array {
		const held = this.#replacement.from.subarray(0, this.#held);
		this.#held = 0;
		return held;
	}

	/** Where occurrences end. */
	#find(octets: Uint8Array): readonly number[] {
		const { from, ends } = this.#replacement;
		const first = from[0] ?? 0;
		const found: number[] = [];
		let length = this.#held;
		for (let i = 0; i < octets.length; i++) {
			if (length === 0) {
				i = octets.indexOf(first, i);
				if (i < 0) break;
				length = 1;
			} else {
				while (length > 0 && from[length] !== octets[i]) length = ends[length] ?? 0;
				if (from[length] === octets[i]) length += 1;
			}
			if (length === from.length) {
				found.push(i + 1);
				length = 0;
			}
		}
		this.#held = length;
		return found;
	}
}
