/**
 * Keys that left a key set while tokens that name them still arrive: withdrawn before their tokens ran out, or dropped
 * from half of a provider's servers. Bounded in kids, and only kids that were once published count.
 */
import { quoted } from './jwk.ts';

/** Kids that are remembered; the earliest to leave is forgotten first. */
const maximumKids = 100;

export class VanishedKids {
	/** In the order in which they left. */
	readonly #kids = new Map<string, { readonly until: number; tokens: number }>();

	/** Tells of a new key set. `until`: monotonic milliseconds after which tokens of these keys are no matter any more. */
	replaced(before: Iterable<string | undefined>, after: Iterable<string | undefined>, until: number): void {
		const present = new Set(after);
		for (const kid of present) if (kid !== undefined) this.#kids.delete(kid);
		for (const kid of before) {
			if (kid === undefined || present.has(kid) || this.#kids.has(kid)) continue;
			this.#kids.set(kid, { until, tokens: 0 });
			const [earliest] = this.#kids.keys();
			if (this.#kids.size > maximumKids && earliest !== undefined) this.#kids.delete(earliest);
		}
	}

	/** Counts a token whose key was not found. True for the first one that names a kid that has left. */
	count(kid: string, monotonic: number): boolean {
		const vanished = this.#kids.get(kid);
		if (vanished === undefined || monotonic >= vanished.until) return false;
		vanished.tokens++;
		return vanished.tokens === 1;
	}

	/** Three kids at most, those that most tokens name, and how many more there are. */
	warnings(monotonic: number): readonly string[] {
		const named = [...this.#kids].filter(([, { until, tokens }]) => tokens > 0 && monotonic < until);
		const most = named.toSorted(([, a], [, b]) => b.tokens - a.tokens).slice(0, 3);
		const lines = most.map(
			([kid, { tokens }]) =>
				`tokens still name the kid ${quoted(kid)}, which has left the key set (${tokens} so far, none accepted)`,
		);
		return named.length > most.length ? [...lines, `the same of ${named.length - most.length} more kids`] : lines;
	}
}
