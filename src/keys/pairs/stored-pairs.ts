/**
 * Key pairs that are made, regenerated and disabled while the gateway runs. They live sealed in a ledger of the store,
 * so a change on one gateway is in force on all that share it; what a pair was before is retired with all that it vouched
 * for. A store that lost them has lost them: no gateway brings back a key that may have been replaced meanwhile.
 */
import {
	type Clock,
	type Cryptography,
	isJsonObject,
	type JsonObject,
	type LedgerEntry,
	type Log,
	member,
	type Sealing,
	type SharedAccessFormat,
	type Store,
} from '#core/index';
import { encodeBase64 } from '#formats/base64';
import type { KeyPair, KeyPairs } from './key-pairs.ts';
import { createPairKey } from './pair-key.ts';

export const pairsLedger = 'key-pairs';

export type Half = 'primary' | 'secondary';

export interface StoredHalf {
	/** The key as its holders write it: Base64 of 32 random octets, which every format can use. Secret. */
	readonly text: string;
	/** Seconds since the epoch. */
	readonly madeAt: number;
}

export interface StoredPair extends Readonly<Record<Half, StoredHalf>> {
	readonly provider: string;
	readonly name: string;
	readonly disabled: boolean;
	readonly scopes: readonly string[];
	readonly claims: JsonObject;
}

export interface StoredPairs {
	/** The pairs of one provider, as its authenticator asks for them. */
	of(provider: string, format: SharedAccessFormat): KeyPairs;
	/** By provider and name. Holds the keys: whoever shows it leaves them out. */
	list(): readonly StoredPair[];
	/** One pair as the store has it at this moment. Holds the keys. Rejects with StoreUnavailable. */
	current(provider: string, name: string): Promise<StoredPair | undefined>;
	/** Undefined when there is one of this name. Rejects with StoreUnavailable and CannotSeal. */
	create(pair: Pick<StoredPair, 'provider' | 'name' | 'scopes' | 'claims'>): Promise<StoredPair | undefined>;
	/** A new key in place of one half; the old one verifies nothing from now on. Undefined when there is no such pair. */
	regenerate(provider: string, name: string, half: Half): Promise<StoredPair | undefined>;
	disable(provider: string, name: string, disabled: boolean): Promise<StoredPair | undefined>;
	/** False when there is no such pair. */
	remove(provider: string, name: string): Promise<boolean>;
	/** For the follower of the store. */
	readonly ledger: string;
	apply(entries: readonly LedgerEntry[], how: { readonly isReset: boolean }): void;
}

/** The store may not hold secrets, because no key to seal them is configured. */
export class CannotSeal extends Error {}

export interface StoredPairsOptions {
	readonly store: Store;
	/** Undefined: the store may not hold secrets. */
	readonly sealing: Sealing | undefined;
	readonly catchUp: () => Promise<void>;
	readonly clock: Clock;
	readonly cryptography: Pick<Cryptography, 'importSecret' | 'randomBytes'>;
	readonly log: Log;
}

interface Held {
	readonly pair: StoredPair;
	readonly revision: number;
	/** Ready to verify, by format; made when asked for. */
	readonly ready: Map<SharedAccessFormat, KeyPair>;
}

export function createStoredPairs(options: StoredPairsOptions): StoredPairs {
	const { store, sealing, catchUp, clock, cryptography, log } = options;
	/** By key in the ledger. */
	const held = new Map<string, Held>();
	/** Keys whose entries cannot be opened here; they are there all the same. */
	const unreadable = new Map<string, number>();

	function newHalf(): StoredHalf {
		return { text: encodeBase64(cryptography.randomBytes(32)), madeAt: Math.floor(clock.now() / 1000) };
	}

	function drop(key: string): void {
		for (const { primary, secondary } of held.get(key)?.ready.values() ?? []) {
			for (const half of [primary, secondary]) if (half !== undefined) half.retired = true;
		}
		held.delete(key);
		unreadable.delete(key);
	}

	function take({ key, revision, value }: LedgerEntry): void {
		drop(key);
		if (value === undefined) return;
		const pair = readPair(sealing?.open(value, [pairsLedger, key]));
		if (pair === undefined || keyOf(pair.provider, pair.name) !== key) {
			unreadable.set(key, revision);
			log.error('a key pair in the store cannot be opened: is its key among store.encryption_keys?', { revision });
			return;
		}
		held.set(key, { pair, revision, ready: new Map() });
	}

	async function write(pair: StoredPair, expected: number): Promise<boolean> {
		if (sealing === undefined) throw new CannotSeal('store.encryption_keys is missing');
		const key = keyOf(pair.provider, pair.name);
		const sealed = sealing.seal(JSON.stringify(pair), [pairsLedger, key]);
		if ((await store.enter(pairsLedger, key, sealed, { expected })) === undefined) return false;
		await catchUp();
		return true;
	}

	/** Repeated as often as somebody else is faster. */
	async function change(
		provider: string,
		name: string,
		to: (pair: StoredPair) => StoredPair,
	): Promise<StoredPair | undefined> {
		for (;;) {
			await catchUp();
			const current = held.get(keyOf(provider, name));
			if (current === undefined) return undefined;
			const next = to(current.pair);
			if (await write(next, current.revision)) return next;
		}
	}

	function ready({ pair, ready: made }: Held, format: SharedAccessFormat): KeyPair {
		let keyPair = made.get(format);
		if (keyPair === undefined) {
			const { name, primary, secondary, disabled, scopes, claims } = pair;
			const key = ({ text }: StoredHalf) => createPairKey({ format, name, text }, cryptography);
			keyPair = { name, primary: key(primary), secondary: key(secondary), disabled, scopes, claims };
			made.set(format, keyPair);
		}
		return keyPair;
	}

	return {
		ledger: pairsLedger,
		of: (provider, format) => ({
			find(name) {
				const found = held.get(keyOf(provider, name));
				return found === undefined ? undefined : ready(found, format);
			},
			names: () => [...held.values()].flatMap(({ pair }) => (pair.provider === provider ? pair.name : [])),
		}),
		list: () => [...held.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, { pair }]) => pair),
		async current(provider, name) {
			await catchUp();
			return held.get(keyOf(provider, name))?.pair;
		},
		async create({ provider, name, scopes, claims }) {
			await catchUp();
			const pair = { provider, name, disabled: false, scopes, claims, primary: newHalf(), secondary: newHalf() };
			return (await write(pair, 0)) ? pair : undefined;
		},
		regenerate: (provider, name, half) => change(provider, name, (pair) => ({ ...pair, [half]: newHalf() })),
		disable: (provider, name, disabled) => change(provider, name, (pair) => ({ ...pair, disabled })),
		async remove(provider, name) {
			const removed = (await store.strike(pairsLedger, keyOf(provider, name))) !== undefined;
			await catchUp();
			return removed;
		},
		apply(entries, { isReset }) {
			if (isReset) for (const key of [...held.keys(), ...unreadable.keys()]) drop(key);
			for (const entry of entries) take(entry);
		},
	};
}

/** JSON, so that no two pairs have one key whatever their names are. */
function keyOf(provider: string, name: string): string {
	return JSON.stringify([provider, name]);
}

function readPair(text: string | undefined): StoredPair | undefined {
	if (text === undefined) return undefined;
	const data: unknown = JSON.parse(text);
	if (!isJsonObject(data)) return undefined;
	const [primary, secondary] = [readHalf(member(data, 'primary')), readHalf(member(data, 'secondary'))];
	const [provider, name, claims] = [member(data, 'provider'), member(data, 'name'), member(data, 'claims')];
	const [scopes, disabled] = [member(data, 'scopes'), member(data, 'disabled')];
	if (primary === undefined || secondary === undefined || !isJsonObject(claims) || !Array.isArray(scopes)) {
		return undefined;
	}
	if (typeof provider !== 'string' || typeof name !== 'string' || typeof disabled !== 'boolean') return undefined;
	const texts = scopes.filter((scope: unknown) => typeof scope === 'string');
	return { provider, name, primary, secondary, disabled, scopes: texts, claims };
}

function readHalf(value: unknown): StoredHalf | undefined {
	if (!isJsonObject(value)) return undefined;
	const [text, madeAt] = [member(value, 'text'), member(value, 'madeAt')];
	return typeof text === 'string' && typeof madeAt === 'number' ? { text, madeAt } : undefined;
}
