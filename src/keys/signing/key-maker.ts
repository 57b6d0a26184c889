/**
 * Keeps a stored set of minting keys going: a new key in good time before the one in use is to be replaced, published
 * long before it signs, and old ones gone once nothing that they signed can be valid any more. Every gateway runs one;
 * the store lets one of them win.
 */
import type { Clock, Log, MintingAlgorithm, Timers } from '#core/index';
import { isKeyDue, nextChange, type Rotation, signerAt, signsFrom, stillNeeded } from './key-schedule.ts';
import { generateMintingKey } from './minting-key.ts';
import type { HeldMintingKey, StoredMintingKey, StoredMintingKeys } from './stored-minting-keys.ts';

export interface KeyMaker {
	/** Makes what is missing, and goes on from there; resolves after the first attempt, good or bad. */
	start(): Promise<void>;
	stop(): void;
	/**
	 * A new key now, which signs once it has been published for long enough; where one waits for its time already, that
	 * one. Rejects like `StoredMintingKeys.change`, but replaces a set that cannot be opened here.
	 */
	rotate(): Promise<readonly HeldMintingKey[]>;
	/**
	 * Takes a key out at once, with everything that it signed; what signs next signs from now on. Undefined when there is
	 * no key of this name.
	 */
	withdraw(kid: string): Promise<readonly HeldMintingKey[] | undefined>;
	status(): KeyMakerStatus;
}

export interface KeyMakerStatus {
	/** Seconds since the epoch at which the set is to change next. */
	readonly nextChange: number;
	/** Why the last attempt failed; undefined after a good one. */
	readonly lastError: string | undefined;
}

export interface KeyMakerOptions {
	readonly stored: Pick<StoredMintingKeys, 'held' | 'change'>;
	readonly rotation: Rotation;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly log: Log;
	/** Default: WebCrypto. */
	readonly generate?: (algorithm: MintingAlgorithm) => Promise<string>;
}

/** Milliseconds between two looks at the clock: it may be set, and the store may have lost the set. */
const longestPause = 30_000;
const shortestPause = 250;
/** Milliseconds after an attempt that failed. */
const retryPause = 2_000;

export function createKeyMaker(options: KeyMakerOptions): KeyMaker {
	const { stored, rotation, clock, timers, log, generate = generateMintingKey } = options;
	let cancel: (() => void) | undefined;
	let isStopped = false;
	let lastError: string | undefined;

	const seconds = (): number => clock.now() / 1000;

	async function withNewKey(
		held: readonly HeldMintingKey[],
		kept: readonly HeldMintingKey[],
	): Promise<readonly StoredMintingKey[]> {
		const text = await generate(rotation.algorithm);
		const now = seconds();
		const made = { text, madeAt: Math.floor(now), signsFrom: signsFrom(held, rotation, now) };
		return [...kept.map((key) => key.stored), made];
	}

	/** What the set should be now; undefined where it is that. */
	async function due(held: readonly HeldMintingKey[]): Promise<readonly StoredMintingKey[] | undefined> {
		const now = seconds();
		const needed = stillNeeded(held, now);
		if (isKeyDue(held, rotation, now)) return withNewKey(held, needed);
		return needed.length === held.length ? undefined : needed.map((key) => key.stored);
	}

	function told(before: readonly HeldMintingKey[], after: readonly HeldMintingKey[]): void {
		const newest = after.at(-1);
		if (newest === undefined || before.some(({ key }) => key.kid === newest.key.kid)) return;
		const from = new Date(newest.signsFrom * 1000).toISOString();
		log.info('a minting key was made', { kid: newest.key.kid, algorithm: newest.algorithm, signs_from: from });
	}

	async function changed(
		to: (held: readonly HeldMintingKey[]) => Promise<readonly StoredMintingKey[] | undefined>,
		replaces = false,
	): Promise<readonly HeldMintingKey[]> {
		let before: readonly HeldMintingKey[] = [];
		const after = await stored.change(
			(held) => {
				before = held;
				return to(held);
			},
			{ replaces },
		);
		told(before, after);
		return after;
	}

	async function attempt(): Promise<void> {
		try {
			await changed(due);
			lastError = undefined;
		} catch (cause) {
			const message = cause instanceof Error ? cause.message : String(cause);
			if (message !== lastError) log.error('the minting keys cannot be kept up', { cause: message });
			lastError = message;
		}
	}

	function plan(): void {
		if (isStopped) return;
		const wait = (nextChange(stored.held(), rotation, seconds()) - seconds()) * 1000;
		const pause = lastError === undefined ? Math.max(shortestPause, Math.min(wait, longestPause)) : retryPause;
		cancel = timers.after(pause, () => void look().then(plan));
	}

	/** The store is asked only where something is to be done. */
	async function look(): Promise<void> {
		const now = seconds();
		const held = stored.held();
		const isGood = !isKeyDue(held, rotation, now) && stillNeeded(held, now).length === held.length;
		if (isGood) lastError = undefined;
		else await attempt();
	}

	return {
		async start() {
			await attempt();
			plan();
		},
		stop() {
			isStopped = true;
			cancel?.();
		},
		rotate: () =>
			changed(async (held) => {
				const now = seconds();
				const isUnderWay = (held.at(-1)?.signsFrom ?? 0) > now;
				return isUnderWay ? undefined : withNewKey(held, stillNeeded(held, now));
			}, true),
		async withdraw(kid) {
			let isKnown = false;
			const after = await changed(async (held) => {
				const now = seconds();
				const rest = held.filter(({ key }) => key.kid !== kid);
				isKnown = rest.length < held.length;
				if (!isKnown) return undefined;
				if (signerAt(held, now)?.key.kid !== kid) return rest.map((key) => key.stored);
				// What has signed before must not sign again: it may be as known as this one.
				const next = rest.find(({ signsFrom: from }) => from > now);
				if (next === undefined) return withNewKey([], rest);
				return rest.map((key) => (key === next ? { ...key.stored, signsFrom: Math.floor(now) } : key.stored));
			});
			return isKnown ? after : undefined;
		},
		status: () => ({ nextChange: nextChange(stored.held(), rotation, seconds()), lastError }),
	};
}
