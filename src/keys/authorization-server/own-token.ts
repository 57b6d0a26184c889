/**
 * A token of the gateway's own, kept fresh: obtained ahead of need and renewed in the background long before it ends, so
 * that no request waits for one. A source that is down goes unnoticed as long as the last token lives.
 */
import type { Clock, Log, Timers } from '#core/index';

/** Why there is no token, with a word of the source on when to ask again. */
export class ObtainError extends Error {
	/** Seconds. */
	readonly retryAfter: number | undefined;

	constructor(message: string, retryAfter: number | undefined) {
		super(message);
		this.name = 'ObtainError';
		this.retryAfter = retryAfter;
	}
}

/** Where it comes from: a token endpoint, or the identity endpoint of a cloud. Rejects with a readable Error. */
export type ObtainToken = () => Promise<ObtainedToken>;

export interface ObtainedToken {
	readonly token: string;
	/** Seconds; undefined: nobody says. */
	readonly lifetime: number | undefined;
}

export type OwnTokenAnswer =
	| { readonly kind: 'token'; readonly token: string }
	/** There is none, and this is why. `retryAfter`: seconds. */
	| { readonly kind: 'unavailable'; readonly cause: Error; readonly retryAfter: number };

export interface OwnToken {
	/** Waits only before the first one is there. Never rejects. */
	get(): OwnTokenAnswer | Promise<OwnTokenAnswer>;
	/**
	 * Another one, after `refused` was refused where it was shown; undefined where there is none, or where a new one was
	 * just made on such grounds. Never rejects.
	 */
	renew(refused: string): Promise<string | undefined>;
	/** Obtains the first one and keeps it fresh from then on; resolves after the first attempt, good or bad. */
	start(): Promise<void>;
	stop(): void;
	status(): OwnTokenStatus;
}

export interface OwnTokenStatus {
	readonly state: 'ready' | 'failing' | 'starting';
	/** Milliseconds since the epoch. */
	readonly obtainedAt: number | undefined;
	readonly expiresAt: number | undefined;
	readonly lastError: string | undefined;
}

export interface OwnTokenOptions {
	/** For the log. */
	readonly name: string;
	readonly obtain: ObtainToken;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly log: Log;
}

/** Milliseconds that a token counts of which nobody says how long it lives. */
const unstatedLifetime = 300_000;
/** Milliseconds between attempts that fail, doubling. */
const shortestPause = 1_000;
const longestPause = 30_000;
/** Milliseconds between renewals that a refusal asks for: an upstream that refuses everything is not answered each time. */
const renewalPause = 10_000;

interface Current {
	readonly answer: Extract<OwnTokenAnswer, { readonly kind: 'token' }>;
	/** Monotonic milliseconds. */
	readonly usableUntil: number;
	/** Milliseconds since the epoch. */
	readonly obtainedAt: number;
	readonly expiresAt: number;
}

export function createOwnToken({ name, obtain, clock, timers, log }: OwnTokenOptions): OwnToken {
	let current: Current | undefined;
	let running: Promise<void> | undefined;
	let cancel: (() => void) | undefined;
	let isStopped = false;
	let pause = 0;
	let nextAttempt = 0;
	let lastError: Error | undefined;
	let renewedAt = Number.NEGATIVE_INFINITY;

	function plan(ms: number): void {
		cancel?.();
		nextAttempt = clock.monotonic() + ms;
		if (!isStopped) cancel = timers.after(ms, () => void attempt());
	}

	async function attemptOnce(): Promise<void> {
		const asked = clock.monotonic();
		const wall = clock.now();
		try {
			const { token, lifetime } = await obtain();
			const life = lifetime === undefined ? unstatedLifetime : lifetime * 1000;
			const usableUntil = asked + life - Math.min(5_000, life / 10);
			current = { answer: { kind: 'token', token }, usableUntil, obtainedAt: wall, expiresAt: wall + life };
			if (lastError !== undefined) log.info('the gateway has its own token again', { token: name });
			lastError = undefined;
			pause = 0;
			// A quarter of its life is left for a source that is down.
			plan(Math.max(shortestPause, life * 0.75));
		} catch (cause) {
			const error = cause instanceof Error ? cause : new Error('no token could be obtained', { cause });
			if (lastError === undefined)
				log.warn('the gateway could not get its own token', { token: name, cause: error.message });
			lastError = error;
			pause = pause === 0 ? shortestPause : Math.min(pause * 2, longestPause);
			plan(Math.max(pause, (error instanceof ObtainError ? (error.retryAfter ?? 0) : 0) * 1000));
		}
	}

	/** One at a time, whoever asks. */
	function attempt(): Promise<void> {
		running ??= attemptOnce().finally(() => {
			running = undefined;
		});
		return running;
	}

	function answer(): OwnTokenAnswer {
		const now = clock.monotonic();
		if (current !== undefined && now < current.usableUntil) return current.answer;
		const cause = lastError ?? new Error('there is no token yet');
		return { kind: 'unavailable', cause, retryAfter: Math.max(1, Math.ceil((nextAttempt - now) / 1000)) };
	}

	return {
		get() {
			const now = clock.monotonic();
			if (current !== undefined && now < current.usableUntil) return current.answer;
			// While the source fails, the next attempt is planned, and nobody waits for it.
			if (running === undefined && lastError !== undefined && now < nextAttempt) return answer();
			return attempt().then(answer);
		},
		async renew(refused) {
			const now = clock.monotonic();
			if (current?.answer.token === refused) {
				if (now - renewedAt < renewalPause) return undefined;
				renewedAt = now;
				await attempt();
			}
			const renewed = answer();
			return renewed.kind === 'token' && renewed.token !== refused ? renewed.token : undefined;
		},
		start: () => attempt(),
		stop() {
			isStopped = true;
			cancel?.();
		},
		status: () => ({
			state: lastError !== undefined ? 'failing' : current === undefined ? 'starting' : 'ready',
			obtainedAt: current?.obtainedAt,
			expiresAt: current?.expiresAt,
			lastError: lastError?.message,
		}),
	};
}
