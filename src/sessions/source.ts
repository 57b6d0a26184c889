/** From the cookie of a request to the access token of its session: found, not ended from elsewhere, fresh, and in use. */
import {
	type Clock,
	type CredentialLocation,
	type FoundSession,
	type RefusedSession,
	type RequestView,
	type SessionSource,
	StoreUnavailable,
} from '#core/index';
import { parseHost } from '#formats/host';
import { cookieNames } from './cookie-names.ts';
import type { EndSession } from './ending.ts';
import { type ForgeryRules, forgeryIn } from './forgery.ts';
import type { Keeper, Kept } from './keeper.ts';
import type { Refresher } from './refresh.ts';
import { isUseNews, type Lifetimes, type SessionMark } from './session.ts';

export interface SourceOptions {
	readonly name: string;
	readonly cookie: string;
	readonly forgery: ForgeryRules;
	readonly lifetimes: Lifetimes;
	readonly login: {
		/** Host name and origin that its page answers under. */
		readonly host: string;
		readonly origin: string;
		readonly path: string;
	};
	readonly keeper: Keeper;
	readonly refresher: Refresher;
	/** Whether a logout or a revocation has ended it, in words for records; undefined: none has. */
	readonly endedBy: (session: SessionMark) => string | undefined;
	readonly end: EndSession;
	readonly clock: Pick<Clock, 'now'>;
}

/** A session that counts, with nothing done to it yet. */
export type LookUp = (request: RequestView) => Promise<Kept | string>;

/** Text: why there is none, for records. Rejects with StoreUnavailable. */
export function createLookUp({ keeper, endedBy, end }: Pick<SourceOptions, 'keeper' | 'endedBy' | 'end'>): LookUp {
	return async (request) => {
		const kept = await keeper.find(request);
		if (kept === undefined) return 'no session of this cookie';
		const why = endedBy(kept.session);
		if (why === undefined) return kept;
		// The revocation will run out; what it ended must not come back then.
		await end(kept.session);
		return why;
	};
}

export function createSessionSource(options: SourceOptions): SessionSource {
	const { name, cookie, forgery, lifetimes, login, keeper, refresher, clock } = options;
	const location: CredentialLocation = { in: 'cookie', name: cookie };
	const lookUp = createLookUp(options);

	async function find(request: RequestView): Promise<FoundSession | RefusedSession> {
		const kept = await lookUp(request);
		if (typeof kept === 'string') return { refused: 'session_ended', found: kept };
		const fresh = await refresher.fresh(kept);
		if (fresh.kind === 'ended') return { refused: 'session_ended', found: fresh.why };
		if (fresh.kind === 'unavailable') {
			const { cause, retryAfter } = fresh;
			return { refused: 'login_unavailable', found: 'its access token has run out', cause, retryAfter };
		}
		const news = isUseNews(fresh.kept.session, lifetimes, clock.now() / 1000);
		const { session, cookies } = news ? await keeper.touch(fresh.kept) : fresh.kept;
		// Without its tokens: what is open may ask for hours.
		const { id, issuer, subject, sid, createdAt } = session;
		const endedBy = () => options.endedBy({ id, issuer, subject, sid, createdAt });
		return { token: session.accessToken, id, endedBy, cookies };
	}

	return {
		name,
		location,
		cookies: cookieNames(cookie),
		forgery: (request) => forgeryIn(request, forgery),
		find: (request) =>
			find(request).catch((cause: unknown): RefusedSession => {
				if (!(cause instanceof StoreUnavailable)) throw cause;
				return { refused: 'store_unavailable', found: 'the store does not answer', cause };
			}),
		loginUrl(target, { host }) {
			const origin = parseHost(host)?.name === login.host ? '' : login.origin;
			return `${origin}${login.path}?return_to=${encodeURIComponent(target)}`;
		},
	};
}
