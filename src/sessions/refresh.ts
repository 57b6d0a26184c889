/**
 * Fresh access tokens for a session: ahead of their end, once among all gateways that share the store, and written down
 * before anybody uses them. A refresh token that was used twice is, for the provider, a stolen one.
 */
import type { Clock, JsonObject, Timers } from '#core/index';
import { StoreUnavailable } from '#core/index';
import type { CodeFlow, Grant } from '#keys/authorization-server/code-flow';
import type { Keeper, Kept } from './keeper.ts';
import type { Session } from './session.ts';

export type Fresh =
	| { readonly kind: 'kept'; readonly kept: Kept }
	/** `why`: for records. */
	| { readonly kind: 'ended'; readonly why: string }
	| { readonly kind: 'unavailable'; readonly cause: unknown; readonly retryAfter: number };

export interface RefresherOptions {
	readonly keeper: Keeper;
	readonly flow: Pick<CodeFlow, 'refresh' | 'revoke'>;
	/** Seconds before its end at which an access token is replaced; at most a quarter of its life counts. */
	readonly ahead: number;
	/** Milliseconds that one refresh may take, with everything. */
	readonly patience: number;
	readonly lease: (id: string, ttl: number) => Promise<{ release(): Promise<void> } | undefined>;
	readonly clock: Pick<Clock, 'now' | 'monotonic'>;
	readonly timers: Timers;
	/** For a refresh that nobody waits for. */
	readonly onProblem: (message: string, cause: unknown) => void;
}

/** Milliseconds between two looks at what another gateway does. */
const lookAgain = 40;
/** Milliseconds between attempts to write tokens down that exist nowhere else. */
const pauses = [50, 200, 500, 1_000];
/** Each one lost to somebody else’s; a session that does not fit its cookie any more loses all. */
const mostWrites = 20;

export interface Refresher {
	/** The session with an access token that is good for this request. Rejects with StoreUnavailable, or for a bug. */
	fresh(kept: Kept): Fresh | Promise<Fresh>;
}

export function createRefresher(options: RefresherOptions): Refresher {
	const { keeper, flow, ahead, patience, lease, clock, timers, onProblem } = options;
	/** Those under way in this process, by session. */
	const flights = new Map<string, Promise<Fresh>>();
	const seconds = () => clock.now() / 1000;
	const sleep = (ms: number) => new Promise<void>((resolve) => void timers.after(ms, resolve));

	function isDue({ accessExpiresAt, refreshedAt }: Session): boolean {
		const life = accessExpiresAt - refreshedAt;
		return seconds() >= accessExpiresAt - Math.min(ahead, life / 4);
	}

	/** A token on its last tenth of a second or so would end on the way. */
	function isOver({ accessExpiresAt, refreshedAt }: Session): boolean {
		return seconds() >= accessExpiresAt - Math.min(1, (accessExpiresAt - refreshedAt) / 20);
	}

	/** Writes the tokens of a grant into whatever else was written meanwhile. */
	async function writeDown(kept: Kept, grant: Grant): Promise<Kept | undefined> {
		let current: Kept | undefined = kept;
		let failures = 0;
		for (let attempt = 0; attempt < mostWrites && current !== undefined; attempt++) {
			try {
				const saved = await keeper.save(current, renewed(current.session, grant, seconds()));
				if (saved !== undefined) return saved;
				current = await keeper.reload(current);
				// Somebody was faster, although the lease was ours: theirs came later, so theirs count.
				if (current !== undefined && current.session.generation > kept.session.generation) return current;
			} catch (cause) {
				const pause = pauses[failures++];
				if (!(cause instanceof StoreUnavailable) || pause === undefined) throw cause;
				await sleep(pause);
			}
		}
		return undefined;
	}

	/** With the lease: alone among all gateways, unless this takes longer than it lasts. */
	async function refreshAlone(seen: Kept): Promise<Fresh> {
		const kept = await keeper.reload(seen);
		if (kept === undefined) return { kind: 'ended', why: 'it ended meanwhile' };
		if (!isDue(kept.session)) return { kind: 'kept', kept };
		const { refreshToken } = kept.session;
		if (refreshToken === undefined) return { kind: 'ended', why: 'no refresh token' };
		const answer = await flow.refresh(refreshToken);
		if (answer.kind === 'unavailable') return answer;
		if (answer.kind === 'refused') return refused(kept, answer.error);
		const { identity } = answer.grant;
		if (identity !== undefined && !isSameUser(identity, kept.session)) {
			await keeper.end(kept.session);
			void flow.revoke(answer.grant.refreshToken ?? refreshToken);
			return { kind: 'ended', why: 'the refresh brought another user' };
		}
		const saved = await writeDown(kept, answer.grant);
		if (saved !== undefined) return { kind: 'kept', kept: saved };
		// Logged out while the tokens were under way: nobody shall have them.
		void flow.revoke(answer.grant.refreshToken ?? refreshToken);
		return { kind: 'ended', why: 'it ended meanwhile' };
	}

	async function refused(kept: Kept, error: string): Promise<Fresh> {
		// Somebody whose lease had run out may have been there first, with the same refresh token.
		const now = await keeper.reload(kept);
		if (now !== undefined && now.session.generation > kept.session.generation) return { kind: 'kept', kept: now };
		if (error !== 'invalid_grant') {
			return { kind: 'unavailable', cause: new Error(`the provider refused the refresh: ${error}`), retryAfter: 5 };
		}
		await keeper.end(kept.session);
		return { kind: 'ended', why: 'the provider takes its refresh token no more' };
	}

	async function refresh(seen: Kept): Promise<Fresh> {
		const until = clock.monotonic() + patience;
		for (;;) {
			const held = await lease(seen.session.id, patience);
			if (held !== undefined) {
				try {
					return await refreshAlone(seen);
				} finally {
					await held.release();
				}
			}
			if (clock.monotonic() >= until) {
				return { kind: 'unavailable', cause: new Error('another gateway did not finish a refresh'), retryAfter: 1 };
			}
			await sleep(lookAgain);
			const kept = await keeper.reload(seen);
			if (kept === undefined) return { kind: 'ended', why: 'it ended meanwhile' };
			if (!isDue(kept.session)) return { kind: 'kept', kept };
		}
	}

	function join(kept: Kept): Promise<Fresh> {
		const { id } = kept.session;
		let flight = flights.get(id);
		if (flight === undefined) {
			flight = refresh(kept).finally(() => flights.delete(id));
			flights.set(id, flight);
		}
		return flight;
	}

	return {
		fresh(kept) {
			const { session } = kept;
			if (!isDue(session)) return { kind: 'kept', kept };
			const over = isOver(session);
			if (session.refreshToken === undefined) {
				return over
					? { kind: 'ended', why: 'its access token has run out, and there is no refresh token' }
					: { kind: 'kept', kept };
			}
			// What came while a clock jumped may be over as well: once more, and no more.
			if (over)
				return join(kept).then((fresh) =>
					fresh.kind === 'kept' && isOver(fresh.kept.session) ? join(fresh.kept) : fresh,
				);
			// The token at hand still counts, and nobody waits for the next one.
			join(kept).then(
				(fresh) => {
					if (fresh.kind === 'unavailable') onProblem('a session could not be refreshed yet', fresh.cause);
				},
				(cause: unknown) => onProblem('a session could not be refreshed yet', cause),
			);
			return { kind: 'kept', kept };
		},
	};
}

/** OpenID Connect Core §12.2: the ID token of a refresh, where there is one, is about the same user at the same issuer. */
function isSameUser(identity: JsonObject, { issuer, subject }: Session): boolean {
	return identity['iss'] === issuer && identity['sub'] === subject;
}

function renewed(session: Session, { accessToken, expiresAt, refreshToken }: Grant, now: number): Session {
	return {
		...session,
		accessToken,
		accessExpiresAt: expiresAt,
		refreshedAt: now,
		// RFC 6749 §6: where none comes back, the one before goes on.
		refreshToken: refreshToken ?? session.refreshToken,
		generation: session.generation + 1,
	};
}
