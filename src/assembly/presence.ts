/** Which gateways share a store, and how far each has read: written by each for itself, and gone soon after it is. */
import type { Clock, Store, Timers } from '#core/index';

export interface PresentGateway {
	readonly name: string;
	/** Revision of the revocations that it has applied. */
	readonly revision: number;
	/** Milliseconds since the epoch, by its own clock. */
	readonly seenAt: number;
}

export interface Presence {
	start(): void;
	/** This gateway has read on. */
	changed(): void;
	/** Rejects with StoreUnavailable. */
	list(): Promise<readonly PresentGateway[]>;
	stop(): Promise<void>;
}

export interface PresenceOptions {
	readonly store: Store;
	readonly name: string;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly revision: () => number;
}

const ledger = 'gateways';
/** Milliseconds. */
const renewal = 10_000;
const lifetime = 35_000;
const shortestPause = 250;

export function createPresence({ store, name, clock, timers, revision }: PresenceOptions): Presence {
	let cancel: (() => void) | undefined;
	let isRunning = false;
	let told = -1;

	async function tell(): Promise<void> {
		const now = revision();
		const value = JSON.stringify({ revision: now, seen_at: clock.now() });
		await store.enter(ledger, name, value, { ttl: lifetime });
		told = now;
	}

	function plan(ms: number): void {
		if (!isRunning) return;
		cancel?.();
		cancel = timers.after(ms, () => {
			// A store that is away learns of it later.
			const next = () => plan(told === revision() ? renewal : shortestPause);
			tell().then(next, () => plan(renewal / 10));
		});
	}

	return {
		start() {
			isRunning = true;
			plan(0);
		},
		changed: () => plan(shortestPause),
		async list() {
			const { entries } = await store.changes(ledger, undefined, 1_000);
			return entries.flatMap(({ key, value }) => {
				const present = value === undefined ? undefined : read(value);
				return present === undefined ? [] : [{ name: key, ...present }];
			});
		},
		async stop() {
			const wasRunning = isRunning;
			isRunning = false;
			cancel?.();
			if (wasRunning) await store.strike(ledger, name).catch(() => undefined);
		},
	};
}

function read(value: string): Omit<PresentGateway, 'name'> | undefined {
	try {
		const { revision, seen_at: seenAt } = JSON.parse(value) as {
			readonly revision?: unknown;
			readonly seen_at?: unknown;
		};
		return typeof revision === 'number' && typeof seenAt === 'number' ? { revision, seenAt } : undefined;
	} catch {
		return undefined;
	}
}
