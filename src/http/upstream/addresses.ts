/**
 * The addresses of one name. A name is resolved anew when a connection is opened, or asked for, after a while; new
 * connections take turns over what it gives, and one to an address that it no longer gives is not used again.
 */
import { lookup as resolve } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Sweep } from '../sweep.ts';

export interface ResolvedAddress {
	readonly address: string;
	readonly family: number;
}

/** All addresses of a name, the preferred family first (RFC 6724). Rejects when there is none. */
export type Lookup = (name: string) => Promise<readonly ResolvedAddress[]>;

export const systemLookup: Lookup = (name) => resolve(name, { all: true, order: 'verbatim' });

/** Times `resolveAfter` for which an address counts on after the name last gave it: large names give a part at a time. */
const forgivenTimes = 3;
/** Milliseconds for which the last addresses serve while the name cannot be resolved. */
export const longestStale = 30_000;

type LookupCallback = Parameters<LookupFunction>[2];

export class Addresses {
	/** Changes when an address is gone. */
	generation = 0;
	readonly #name: string;
	readonly #resolveAfter: number;
	readonly #lookup: Lookup;
	readonly #sweep: Sweep;
	readonly #isLiteral: boolean;
	#found: readonly ResolvedAddress[] = [];
	/** Address → monotonic milliseconds at which the name last gave it. */
	readonly #seen = new Map<string, number>();
	#foundAt = Number.NEGATIVE_INFINITY;
	#dueAt = Number.NEGATIVE_INFINITY;
	#asking: Promise<void> | undefined;
	#turn = 0;

	/** `resolveAfter`: milliseconds. */
	constructor(name: string, resolveAfter: number, lookup: Lookup, sweep: Sweep) {
		this.#name = name;
		this.#resolveAfter = resolveAfter;
		this.#lookup = lookup;
		this.#sweep = sweep;
		this.#isLiteral = isIP(name) !== 0;
		if (this.#isLiteral) this.#dueAt = Number.POSITIVE_INFINITY;
	}

	/** As `net.connect` wants it. */
	readonly lookup: LookupFunction = (_, options, callback) => {
		if (this.#dueAt > this.#sweep.now) {
			process.nextTick(() => this.#give(options.all === true, callback));
			return;
		}
		this.#ask().then(
			() => this.#give(options.all === true, callback),
			(error: unknown) => {
				const mayBeStale = this.#found.length > 0 && this.#sweep.now - this.#foundAt < longestStale;
				if (mayBeStale) this.#give(options.all === true, callback);
				else callback(error instanceof Error ? error : new Error(String(error)), []);
			},
		);
	};

	/** Has the name resolved anew in the background when it is time. */
	freshen(): void {
		if (this.#dueAt <= this.#sweep.now) this.#ask().catch(() => undefined);
	}

	/** Whether the name still gives this address, as far as is known. */
	has(address: string | undefined): boolean {
		if (this.#isLiteral || address === undefined || this.#seen.size === 0) return true;
		return this.#seen.has(address.replace(/%.*$/, ''));
	}

	/** One question at a time: a resolver that hangs holds one thread. */
	#ask(): Promise<void> {
		this.#asking ??= this.#lookup(this.#name)
			.then((found) => this.#learn(found))
			.finally(() => {
				this.#asking = undefined;
			});
		return this.#asking;
	}

	#learn(found: readonly ResolvedAddress[]): void {
		if (found.length === 0) throw new Error(`${this.#name} has no address`);
		const now = this.#sweep.tick();
		this.#found = found;
		this.#foundAt = now;
		this.#dueAt = now + this.#resolveAfter;
		for (const { address } of found) this.#seen.set(address, now);
		for (const [address, seenAt] of this.#seen) {
			if (now - seenAt < this.#resolveAfter * forgivenTimes) continue;
			this.#seen.delete(address);
			this.generation += 1;
		}
	}

	/** Each family's addresses take turns at its front; Node tries both families (RFC 8305), the preferred one first. */
	#give(all: boolean, callback: LookupCallback): void {
		this.#turn += 1;
		const preferred = this.#found[0]?.family;
		const ordered = [
			...rotated(
				this.#found.filter(({ family }) => family === preferred),
				this.#turn,
			),
			...rotated(
				this.#found.filter(({ family }) => family !== preferred),
				this.#turn,
			),
		];
		const [first] = ordered;
		if (all) callback(null, ordered);
		else if (first === undefined) callback(new Error(`${this.#name} has no address`), '');
		else callback(null, first.address, first.family);
	}
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
	if (list.length < 2) return list;
	const start = by % list.length;
	return [...list.slice(start), ...list.slice(0, start)];
}
