/** `/sessions`: who is logged in, without any token; one session less, or all of a user, everywhere. */
import { lifetimeBound, sessionBound } from '#assembly/lifetime-bound';
import { member, StoreUnavailable } from '#core/index';
import type { ListedSession } from '#sessions/overview';
import type { AdminSubject } from './admin.ts';
import { changing } from './changing.ts';
import { type Page, problem, readJsonBody } from './exchange.ts';
import { readPage, unknownCursor } from './paging.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'clock' | 'log' | 'recordChange'>;

/** Seconds for which a logout counts where nothing bounds the provider's tokens. */
const longestToken = 24 * 60 * 60;

export function sessionPages(subject: Subject): readonly Page[] {
	return [listPage(subject), endPage(subject), logoutPage(subject)];
}

const noSessions = () => problem(404, 'the configuration in force has no sessions');

function listPage({ assembly }: Subject): Page {
	return {
		path: '/sessions',
		summary:
			'browser sessions in the store, ?subject=… for those of one user, page by page (?limit=…&cursor=…); sealed cookies are not listed',
		method: 'GET',
		async answer({ view }) {
			const overview = assembly().sessions?.overview;
			if (overview === undefined) return noSessions();
			const asked = readPage(view, ['subject']);
			if ('refused' in asked) return asked.refused;
			const { limit, cursor, others } = asked;
			try {
				const page = await overview.list({ limit, subject: others.get('subject'), after: cursor });
				return {
					status: 200,
					body: {
						count: page.sessions.length,
						complete: cursor === undefined && page.next === undefined,
						next_cursor: page.next,
						not_listed: overview.unlisted,
						sessions: page.sessions.map(describe),
					},
				};
			} catch (cause) {
				if (cause instanceof RangeError) return unknownCursor().refused;
				if (cause instanceof StoreUnavailable) return problem(503, 'the store does not answer');
				throw cause;
			}
		},
	};
}

function endPage(subject: Subject): Page {
	return {
		path: '/sessions/{id}',
		summary: 'ends a browser session, by its id in the list or in the audit log',
		method: 'DELETE',
		changes: true,
		async answer({ by, parameter }) {
			const overview = subject.assembly().sessions?.overview;
			if (overview === undefined) return noSessions();
			return changing(subject, { action: 'session_end', by, to: { id: parameter } }, async () =>
				(await overview.end(parameter))
					? { status: 200, body: { id: parameter, ended: true } }
					: problem(404, 'there is no session of this id'),
			);
		},
	};
}

/** A revocation of everything that was issued before: it ends sessions in the store and in cookies, and tokens beside them. */
function logoutPage(subject: Subject): Page {
	return {
		path: '/sessions/logout',
		summary: 'JSON with sessions and subject: logs a user out everywhere, and revokes the tokens of before',
		method: 'POST',
		changes: true,
		async answer(request) {
			const body = await readJsonBody(request);
			if ('refused' in body) return body.refused;
			const { definition, state } = subject.assembly();
			const [name, value] = [member(body.data, 'sessions'), member(body.data, 'subject')];
			const unknown = Object.keys(body.data).find((key) => key !== 'sessions' && key !== 'subject');
			const sessions = definition.sessions.find((each) => each.name === name);
			if (unknown !== undefined) return problem(400, 'expected sessions and subject, and nothing else');
			if (sessions === undefined) return problem(400, 'sessions: expected the name of sessions of the configuration');
			if (typeof value !== 'string' || value === '') return problem(400, 'subject: expected whom to log out');
			const now = subject.clock.now() / 1000;
			const { provider, issuer } = sessions;
			const bound = lifetimeBound(definition, provider) ?? Math.max(longestToken, sessionBound(definition, provider));
			// What began within this second began before.
			const issuedBefore = Math.floor(now) + 1;
			const denial = { kind: 'subject', issuer, value, issuedBefore, until: Math.ceil(now + bound) } as const;
			const { by } = request;
			return changing(subject, { action: 'logout', by, to: { issuer, subject: value } }, async () => {
				const { id } = await state.revocations.revoke(denial, { by, note: 'logged out everywhere' });
				return { status: 200, body: { revocation: id, issuer, subject: value } };
			});
		},
	};
}

function describe({
	id,
	name,
	provider,
	issuer,
	subject,
	sid,
	createdAt,
	seenAt,
	expiresAt,
}: ListedSession): Record<string, unknown> {
	return {
		id,
		sessions: name,
		provider,
		issuer,
		subject,
		...(sid === undefined ? {} : { sid }),
		created_at: time(createdAt),
		seen_at: time(seenAt),
		ends_at: time(expiresAt),
	};
}

function time(seconds: number): string {
	return new Date(seconds * 1000).toISOString();
}
