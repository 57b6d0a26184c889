/**
 * The pages of one kind of session, at fixed paths of one origin: login, callback, logout, who is logged in, and where
 * the provider says that a session is over. They are found by the exact text of the request target, before any route.
 */
import {
	type Answer,
	type Clock,
	type PageOutcome,
	type RequestView,
	type SessionPage,
	StoreUnavailable,
} from '#core/index';
import { parseHost } from '#formats/host';
import type { CodeFlow } from '#keys/authorization-server/code-flow';
import { elsewhere } from './forgery.ts';
import type { Keeper } from './keeper.ts';
import { createLogin, type LoginOptions } from './login.ts';
import { showsPage } from './navigation.ts';
import { type PageWord, pageName } from './page-names.ts';
import { json, redirect } from './replies.ts';
import { endOf, idleEndOf, type Lifetimes } from './session.ts';
import type { LookUp } from './source.ts';

export interface PagePaths {
	readonly login: string;
	readonly callback: string;
	readonly logout: string;
	readonly userinfo: string;
	readonly backchannelLogout: string;
}

/** What came of a logout token: 200, 400 or 503, with a word that repeats nothing of it. */
export type TakeLogoutToken = (token: string) => Promise<{ readonly status: 200 | 400 | 503; readonly why: string }>;

export interface PagesOptions extends LoginOptions {
	readonly provider: string;
	readonly paths: PagePaths;
	/** Path to which a logout leads. */
	readonly afterLogout: string;
	readonly lifetimes: Lifetimes;
	readonly keeper: Keeper;
	readonly flow: CodeFlow;
	readonly lookUp: LookUp;
	readonly takeLogoutToken: TakeLogoutToken;
	readonly clock: Pick<Clock, 'now'>;
}

/** RFC 9110 §9.3.2. */
const reading: readonly string[] = ['GET', 'HEAD'];

/** By path. */
export function createPages(options: PagesOptions): ReadonlyMap<string, SessionPage> {
	const { name, provider, paths, origin } = options;
	const { login, callback } = createLogin(options);
	const page = (
		what: PageWord,
		methods: readonly string[],
		answer: (request: RequestView, query: URLSearchParams) => Promise<PageOutcome>,
	): SessionPage => ({
		name: pageName(name, what),
		provider,
		limitsOf: what === 'login' || what === 'callback' ? name : undefined,
		methods,
		async answer(request) {
			try {
				return await answer(request, queryOf(request));
			} catch (cause) {
				if (!(cause instanceof StoreUnavailable)) throw cause;
				return { kind: 'fault', reason: 'store_unavailable', cause };
			}
		},
	});

	async function logout(request: RequestView): Promise<PageOutcome> {
		const problem = elsewhere(request, origin);
		if (problem !== null) return { kind: 'refused', reason: 'request_forged', found: problem, headers: [] };
		const { keeper, end, flow, afterLogout } = options;
		const kept = await keeper.find(request);
		if (kept !== undefined) await end(kept.session);
		const here = origin + afterLogout;
		const target = kept === undefined ? here : ((await flow.endSessionUrl(here)) ?? here);
		// A form leads the browser on; a script is told where to go.
		const isForm = showsPage(request);
		const answer = isForm ? redirect(target, keeper.clear) : json(200, { location: target }, keeper.clear);
		return { kind: 'answer', answer };
	}

	async function userinfo(request: RequestView): Promise<PageOutcome> {
		const { keeper, lookUp, lifetimes } = options;
		const kept = await lookUp(request);
		if (typeof kept === 'string') {
			return { kind: 'refused', reason: 'session_ended', found: kept, headers: keeper.clear };
		}
		const { session } = kept;
		const { subject, claims } = session;
		return {
			kind: 'answer',
			answer: json(200, {
				subject,
				claims,
				expires_at: time(endOf(session, lifetimes)),
				idle_until: time(idleEndOf(session, lifetimes)),
			}),
		};
	}

	async function backchannelLogout(request: RequestView): Promise<PageOutcome> {
		const isForm = /^application\/x-www-form-urlencoded *(;|$)/i.test(request.header('content-type') ?? '');
		const nothing = logoutAnswer(400, isForm ? 'expected logout_token, once' : 'expected a form');
		const read = async (body: Uint8Array): Promise<Answer> => {
			const [token, second] = new URLSearchParams(new TextDecoder().decode(body)).getAll('logout_token');
			if (!isForm || token === undefined || second !== undefined) return nothing;
			const { status, why } = await options.takeLogoutToken(token);
			return logoutAnswer(status, why);
		};
		return { kind: 'answer', answer: nothing, read: { limit: longestLogout, answer: read } };
	}

	return new Map([
		[paths.login, page('login', reading, login)],
		// Whoever only looks at an address must not use up what is in it.
		[paths.callback, page('callback', ['GET'], callback)],
		[paths.logout, page('logout', ['POST'], logout)],
		[paths.userinfo, page('userinfo', reading, userinfo)],
		[paths.backchannelLogout, page('backchannel_logout', ['POST'], backchannelLogout)],
	]);
}

/** Octets. */
const longestLogout = 65_536;

/** OpenID Connect Back-Channel Logout 1.0 §2.8. */
function logoutAnswer(status: number, why: string): Answer {
	return status === 200
		? { ...json(200, {}), body: '' }
		: json(status, { error: 'invalid_request', error_description: why });
}

function queryOf({ target }: RequestView): URLSearchParams {
	const mark = target.indexOf('?');
	return new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
}

function time(seconds: number): string {
	return new Date(seconds * 1000).toISOString();
}

/** Host names and exact paths → pages. A path in another spelling is none of them, and left to the routes. */
export function createPageTable(
	origins: readonly { readonly host: string; readonly pages: ReadonlyMap<string, SessionPage> }[],
): (request: RequestView) => SessionPage | undefined {
	const byPath = new Map<string, Map<string, SessionPage>>();
	for (const { host, pages } of origins) {
		for (const [path, page] of pages) {
			const hosts = byPath.get(path) ?? new Map<string, SessionPage>();
			hosts.set(host, page);
			byPath.set(path, hosts);
		}
	}
	return ({ target, host }) => {
		const mark = target.indexOf('?');
		const hosts = byPath.get(mark < 0 ? target : target.slice(0, mark));
		return hosts === undefined ? undefined : hosts.get(parseHost(host)?.name ?? '');
	};
}
