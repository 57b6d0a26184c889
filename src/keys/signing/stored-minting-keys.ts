/**
 * Minting keys that the gateway makes. The whole set is one sealed entry of a ledger, so that every change is a
 * compare-and-set: of several gateways that want to make the next key, one does, and all follow it. A store that lost
 * the set has lost it: no gateway brings back a key that may have been withdrawn meanwhile.
 */
import {
	type Cryptography,
	isJsonObject,
	type LedgerEntry,
	type Log,
	member,
	type Sealing,
	type Store,
} from '#core/index';
import { publishedUntil, type Scheduled, signerAt, stillNeeded } from './key-schedule.ts';
import { importMintingKey, type MintingKey } from './minting-key.ts';
import type { DescribedKey, MintingKeys } from './minting-keys.ts';

export const mintingLedger = 'minting-keys';
const entryKey = 'set';

/** As it stands in the entry, before it is sealed. Secret. */
export interface StoredMintingKey {
	/** Text of the private JWK. */
	readonly text: string;
	/** Seconds since the epoch. */
	readonly madeAt: number;
	readonly signsFrom: number;
}

export interface HeldMintingKey extends Scheduled {
	readonly key: MintingKey;
	readonly stored: StoredMintingKey;
}

/** What is to stand in the store, or that it may stay. */
export type ChangeOfKeys = (
	held: readonly HeldMintingKey[],
) => Promise<readonly StoredMintingKey[] | undefined> | readonly StoredMintingKey[] | undefined;

export interface StoredMintingKeys extends MintingKeys {
	/** In the order in which they sign. */
	held(): readonly HeldMintingKey[];
	/**
	 * Asks `to`, which is given what the store has now, until an answer of it is written before somebody else writes;
	 * resolves to what is held then. A set that cannot be opened here is left alone, unless `replaces` says that whatever
	 * is there may go; `to` is then given none. Rejects with StoreUnavailable, CannotSealMintingKeys and UnreadableMintingKeys.
	 */
	change(to: ChangeOfKeys, how?: { readonly replaces: boolean }): Promise<readonly HeldMintingKey[]>;
	/** For the follower of the store. */
	readonly ledger: string;
	apply(entries: readonly LedgerEntry[], how: { readonly isReset: boolean }): void;
}

/** The store may not hold secrets, because no key to seal them is configured. */
export class CannotSealMintingKeys extends Error {}

/** There is a set that none of the configured keys opens. */
export class UnreadableMintingKeys extends Error {}

export interface StoredMintingKeysOptions {
	readonly store: Store;
	/** Undefined: the store may not hold secrets. */
	readonly sealing: Sealing | undefined;
	readonly catchUp: () => Promise<void>;
	readonly cryptography: Pick<Cryptography, 'importPrivateKey' | 'digest'>;
	readonly log: Log;
}

export function createStoredMintingKeys(options: StoredMintingKeysOptions): StoredMintingKeys {
	const { store, sealing, catchUp, cryptography, log } = options;
	let held: readonly HeldMintingKey[] = [];
	/** Revision of the entry; 0: there is none. */
	let revision = 0;
	let isUnreadable = false;

	/** A key that stays is the same one, whatever has become of its times: tokens that it signed count on. */
	function hold(stored: StoredMintingKey): HeldMintingKey {
		const { text, madeAt, signsFrom } = stored;
		const key = held.find((each) => each.stored.text === text)?.key ?? importMintingKey({ text }, cryptography);
		return { key, stored, algorithm: key.algorithm, madeAt, signsFrom };
	}

	function take(value: string | undefined, at: number): void {
		const before = held;
		revision = value === undefined ? 0 : at;
		isUnreadable = false;
		try {
			const stored = value === undefined ? [] : readSet(sealing?.open(value, [mintingLedger, entryKey]));
			if (stored === undefined) throw new Error('sealed under another key');
			held = stored.map(hold);
		} catch {
			held = [];
			isUnreadable = true;
			log.error('the minting keys in the store cannot be opened: is their key among store.encryption_keys?', {
				revision: at,
			});
		}
		const stays = new Set(held.map(({ key }) => key));
		for (const { key } of before) if (!stays.has(key)) key.retired = true;
	}

	async function write(next: readonly StoredMintingKey[]): Promise<boolean> {
		if (sealing === undefined)
			throw new CannotSealMintingKeys('the store was opened without encryption_keys to seal them with');
		const sealed = sealing.seal(JSON.stringify({ keys: next }), [mintingLedger, entryKey]);
		const written = await store.enter(mintingLedger, entryKey, sealed, { expected: revision });
		await catchUp();
		return written !== undefined;
	}

	return {
		ledger: mintingLedger,
		held: () => held,
		signer: (now) => signerAt(held, now)?.key,
		published: (now) => stillNeeded(held, now).map(({ key }) => key),
		describe(now) {
			const signer = signerAt(held, now);
			const at = signer === undefined ? -1 : held.indexOf(signer);
			return held.map(
				({ key, algorithm, madeAt, signsFrom }, index): DescribedKey => ({
					kid: key.kid,
					algorithm,
					state: index === at ? 'signing' : index > at ? 'coming' : 'leaving',
					madeAt,
					signsFrom,
					publishedUntil: publishedUntil(held, index),
				}),
			);
		},
		async change(to, { replaces } = { replaces: false }) {
			await catchUp();
			for (;;) {
				if (isUnreadable && !replaces)
					throw new UnreadableMintingKeys('the minting keys in the store cannot be opened');
				const next = await to(held);
				if (next === undefined || (await write(next))) return held;
			}
		},
		apply(entries, { isReset }) {
			const entry = entries.findLast(({ key }) => key === entryKey);
			if (entry !== undefined) take(entry.value, entry.revision);
			else if (isReset) take(undefined, 0);
		},
	};
}

function readSet(text: string | undefined): readonly StoredMintingKey[] | undefined {
	const data: unknown = text === undefined ? undefined : JSON.parse(text);
	const keys = isJsonObject(data) ? member(data, 'keys') : undefined;
	if (!Array.isArray(keys)) return undefined;
	const read = keys.map(readKey);
	const good = read.filter((key) => key !== undefined);
	return good.length === read.length ? good.toSorted((a, b) => a.signsFrom - b.signsFrom) : undefined;
}

function readKey(data: unknown): StoredMintingKey | undefined {
	if (!isJsonObject(data)) return undefined;
	const [text, madeAt, signsFrom] = (['text', 'madeAt', 'signsFrom'] as const).map((name) => member(data, name));
	if (typeof text !== 'string' || typeof madeAt !== 'number' || typeof signsFrom !== 'number') return undefined;
	return { text, madeAt, signsFrom };
}
