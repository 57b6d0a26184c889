/**
 * Login and its way back. A browser that comes back with an answer must be the one that set out, with the same state,
 * and gets a cookie that nobody has seen before: whatever it brought along ends (session fixation).
 */
import { type Clock, type JsonObject, member, type PageOutcome, type RequestView, type Sealing } from '#core/index';
import type { CodeFlow, Grant } from '#keys/authorization-server/code-flow';
import { loginName, placeState } from './cookie-names.ts';
import type { EndSession } from './ending.ts';
import { type CookieSettings, clearCookie, cookieOf, type Keeper, type Kept, setCookie } from './keeper.ts';
import { loginTime, openLogin, sealLogin } from './login-secrets.ts';
import { redirect, throughPage } from './replies.ts';
import type { Session } from './session.ts';

export interface LoginOptions {
	readonly name: string;
	/** Of the browser, as it writes it in `Origin`. */
	readonly origin: string;
	readonly cookie: CookieSettings;
	/** Claims of the ID token that the page may see. */
	readonly claims: readonly string[];
	readonly returnTo: (asked: string | undefined) => string;
	readonly flow: CodeFlow;
	readonly keeper: Keeper;
	readonly end: EndSession;
	readonly sealing: Sealing;
	readonly clock: Pick<Clock, 'now'>;
	/** For what the records do not say: refusals of the provider. */
	readonly onRefusal: (error: string) => void;
}

/** Characters of a session’s claims for the page; what does not fit is left out. */
const mostClaims = 2_000;

export function createLogin(options: LoginOptions) {
	const { name, origin, cookie, returnTo, flow, keeper, end, sealing, clock, onRefusal } = options;
	const seconds = () => clock.now() / 1000;

	async function login(request: RequestView, query: URLSearchParams): Promise<PageOutcome> {
		const made = await flow.newSecrets();
		const state = placeState(cookie.name, made.state, (place) => cookieOf(request, place) !== undefined);
		const secrets = { ...made, state };
		const begun = await flow.begin(secrets);
		if (begun.kind === 'unavailable') return unavailable(begun.cause);
		if (begun.kind === 'refused') {
			onRefusal(begun.error);
			return unavailable(new Error(`the provider refused the login request: ${begun.error}`));
		}
		const [asked, second] = query.getAll('return_to');
		const until = seconds() + loginTime;
		const underWay = { ...secrets, returnTo: returnTo(second === undefined ? asked : undefined), until };
		// Lax whatever the session's cookie is: the way back begins at another site.
		const kept = setCookie(loginName(cookie.name, secrets.state), sealLogin(underWay, name, sealing), {
			sameSite: 'Lax',
			maxAge: loginTime,
		});
		return { kind: 'answer', answer: redirect(begun.url, [kept]) };
	}

	async function callback(request: RequestView, query: URLSearchParams): Promise<PageOutcome> {
		const [state, second] = query.getAll('state');
		if (state === undefined || state === '' || second !== undefined) return failed('no state, or more than one');
		const place = loginName(cookie.name, state);
		const sealed = cookieOf(request, place);
		const underWay = sealed === undefined ? undefined : openLogin(sealed, name, sealing, seconds());
		if (underWay === undefined) return failed('this browser has begun no login, or too long ago');
		// Another tab's login is none of this one's business, and stays.
		if (underWay.state !== state) return failed('the state of another login');
		const over = clearCookie(place);
		const answer = await flow.finish(query, underWay);
		// The login stays under way: the same address may be tried again.
		if (answer.kind === 'unavailable') return unavailable(answer.cause);
		if (answer.kind === 'refused') {
			onRefusal(answer.error);
			return failed(`the login was refused: ${answer.error}`, [over]);
		}
		const session = sessionOf(answer.grant);
		const kept = session === undefined ? undefined : await keep(session, request);
		if (kept === undefined) {
			forget(answer.grant);
			const what = 'the session does not fit into cookies: keep it in the store';
			return failed(session === undefined ? 'the ID token names no user' : what, [over]);
		}
		const headers = [...kept.cookies, over];
		const target = origin + underWay.returnTo;
		// A strict cookie does not go along with a navigation that another site began: a page of ours begins it anew.
		return {
			kind: 'answer',
			answer: cookie.sameSite === 'Strict' ? throughPage(target, headers) : redirect(target, headers),
		};
	}

	/** In the place of whatever this browser had; undefined: it cannot be kept. */
	async function keep(session: Omit<Session, 'id'>, request: RequestView): Promise<Kept | undefined> {
		try {
			const before = await keeper.find(request);
			if (before !== undefined) await end(before.session);
			return await keeper.create(session);
		} catch (cause) {
			forget(session);
			throw cause;
		}
	}

	/** Tokens that came and that nobody keeps: the code is used up, so nobody can ask for them again. */
	function forget({ refreshToken }: Pick<Grant, 'refreshToken'>): void {
		if (refreshToken !== undefined) void flow.revoke(refreshToken);
	}

	function sessionOf({ accessToken, expiresAt, refreshToken, identity }: Grant): Omit<Session, 'id'> | undefined {
		const [issuer, subject] = [identity?.['iss'], identity?.['sub']];
		if (typeof issuer !== 'string' || typeof subject !== 'string' || identity === undefined) return undefined;
		const sid = member(identity, 'sid');
		const now = seconds();
		return {
			issuer,
			subject,
			sid: typeof sid === 'string' ? sid : undefined,
			claims: claimsFor(identity, options.claims),
			createdAt: now,
			seenAt: now,
			accessToken,
			accessExpiresAt: expiresAt,
			refreshedAt: now,
			refreshToken,
			generation: 0,
		};
	}

	return { login, callback };
}

function claimsFor(identity: JsonObject, names: readonly string[]): JsonObject {
	const claims: Record<string, JsonObject[string]> = {};
	for (const name of names) {
		const value = member(identity, name);
		if (value === undefined) continue;
		const more = { ...claims, [name]: value };
		if (JSON.stringify(more).length <= mostClaims) claims[name] = value;
	}
	return claims;
}

function failed(found: string, headers: readonly (readonly [string, string])[] = []): PageOutcome {
	return { kind: 'refused', reason: 'login_failed', found, headers };
}

function unavailable(cause: unknown): PageOutcome {
	return { kind: 'fault', reason: 'login_unavailable', cause };
}
