/**
 * The store port: state that several requests, and with a shared store several gateways, must agree on. It has three
 * parts: claims (who was first?), records (one value a key, for a time) and ledgers (few values that every gateway
 * holds in memory and follows). Spaces and ledgers are named `[a-z][a-z0-9-]*`; the same name in two parts is two things.
 */

export const storeTypes = ['memory', 'sqlite', 'redis'] as const;
export type StoreType = (typeof storeTypes)[number];

/**
 * Every method rejects with StoreUnavailable when the store cannot answer in time; nothing else rejects but a bug. A write
 * that rejected may have happened all the same, so whoever repeats it must be able to bear it twice.
 *
 * What is durable once a promise resolves: with `memory` nothing outlives the process. With `sqlite` it is on disk and
 * survives kill -9 and, as far as the disk tells the truth, a power cut. With `redis` the primary has it; whether that
 * survives the primary is what its `appendfsync` and replication say.
 *
 * Times to live are milliseconds, by the store's own clock, and at most 400 days. What has run out is never seen again.
 */
export interface Store {
	readonly type: StoreType;
	/** Whether other processes may use the same state at the same time. */
	readonly isShared: boolean;

	/**
	 * True for exactly one caller among all gateways that share the store, until `ttl` has passed since that call. The key
	 * may be any text; `ttl` must cover the time in which a second use must be noticed.
	 */
	claim(space: string, key: string, ttl: number): Promise<boolean>;

	/** Undefined when there is none, or its time has run out. */
	get(space: string, key: string): Promise<StoredRecord | undefined>;
	/** Writes a record and gives its new version; undefined when `expected` is not what is there, and nothing is changed. */
	put(space: string, key: string, value: string, options: PutOptions): Promise<string | undefined>;
	/**
	 * Records of a space, in no order, page by page: about `limit` of them, from the beginning or `after` the page before.
	 * One that is there all the while is on a page; those that are written or removed meanwhile may be on none, or on two.
	 * Rejects with a RangeError for an `after` that cannot be one of this store's. For an operator's eyes: it may look through
	 * all that the store has.
	 */
	list(space: string, limit: number, after?: string): Promise<RecordPage>;
	/** False when there is none, or its version is not `expected`. */
	remove(space: string, key: string, expected?: string): Promise<boolean>;

	/**
	 * Writes an entry and gives the ledger's new revision, which is the entry's; undefined when `expected` is not what is
	 * there. Without `ttl` it stays until it is struck.
	 */
	enter(ledger: string, key: string, value: string, options?: EnterOptions): Promise<number | undefined>;
	/** Takes an entry out and gives the ledger's new revision; undefined when there is none, or it is not `expected`. */
	strike(ledger: string, key: string, expected?: number): Promise<number | undefined>;
	/**
	 * What changed after `after`, in the order of revisions, at most `limit` entries; the latest change of each key only.
	 * Without `after`, and whenever `isReset` says so, it begins with an empty ledger.
	 */
	changes(ledger: string, after: LedgerPosition | undefined, limit: number): Promise<LedgerChanges>;

	/** Waits for what is under way; every later call rejects. */
	close(): Promise<void>;
}

export interface StoredRecord {
	readonly value: string;
	/** Another one with every write, never used again: the value of `expected` for who wants to write what it read. */
	readonly version: string;
}

export interface ListedRecord extends StoredRecord {
	readonly key: string;
}

export interface RecordPage {
	readonly records: readonly ListedRecord[];
	/** `after` of the next page, of letters, digits, `_` and `-` where keys are; undefined: this is the last one. */
	readonly next: string | undefined;
}

export interface PutOptions {
	readonly ttl: number;
	/** Version that must be there; null: there must be none. Without it the record is replaced whatever it is. */
	readonly expected?: string | null;
}

export interface EnterOptions {
	readonly ttl?: number;
	/** Revision of the entry that must be there; 0: there must be none. */
	readonly expected?: number;
}

/** How far somebody has read a ledger. */
export interface LedgerPosition {
	/** Made with the ledger: another one means that the ledger was lost and begun anew. */
	readonly epoch: string;
	/** 1 for the first change; 0 before. */
	readonly revision: number;
}

export interface LedgerEntry {
	readonly key: string;
	readonly revision: number;
	/** Undefined: the entry was struck. Entries whose time ran out are just gone. */
	readonly value: string | undefined;
}

export interface LedgerChanges {
	readonly entries: readonly LedgerEntry[];
	/** Where the reader is once it has taken in `entries`. */
	readonly position: LedgerPosition;
	/** Revision of the ledger: with `position.revision` equal to it, the reader has caught up. */
	readonly head: number;
	/**
	 * The reader's `after` is of no use: the ledger is another one, has lost changes, or no longer knows what was struck
	 * since. `entries` begin a full copy, and what the reader held and does not find in it is gone.
	 */
	readonly isReset: boolean;
}

/** The store cannot be reached, is too slow or is full. Ends as the fault `store_unavailable`. */
export class StoreUnavailable extends Error {
	override readonly name = 'StoreUnavailable';
}

/** Largest time to live, milliseconds. */
export const maximumTtl: number = 400 * 24 * 60 * 60 * 1000;

/**
 * Seals values with authenticated encryption, so that whoever can read the store learns nothing and whoever can write it
 * can plant nothing. `place` (the space or ledger, then the key) is bound in: a value that was moved does not open.
 */
export interface Sealing {
	seal(text: string, place: readonly string[]): string;
	/** Undefined for what was sealed elsewhere, under a key that is no longer configured, or altered. Never throws. */
	open(sealed: string, place: readonly string[]): string | undefined;
}
