/** `/revocations`: what is denied, and how far every gateway knows of it; more of it, and less. */

import type { PresentGateway } from '#assembly/presence';
import { resolveDenial } from '#assembly/resolve-denial';
import { StoreUnavailable } from '#core/index';
import { readRevocationRequest } from '#revocation/read-request';
import type { Revocation } from '#revocation/revocation';
import { TooMany } from '#revocation/revocations';
import type { AdminSubject } from './admin.ts';
import { changing } from './changing.ts';
import { type Page, problem, type Reply, readJsonBody } from './exchange.ts';
import { type PageOfList, readPage, unknownCursor } from './paging.ts';
import { describeStore } from './store-report.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'clock' | 'log' | 'recordChange'>;

export function revocationPages(subject: Subject): readonly Page[] {
	return [listPage(subject), addPage(subject), liftPage(subject)];
}

function listPage({ assembly }: Subject): Page {
	return {
		path: '/revocations',
		summary:
			'what is revoked, the latest first, page by page (?limit=…&cursor=…), and the revision that each gateway has applied',
		method: 'GET',
		async answer({ view }) {
			const asked = readPage(view);
			if ('refused' in asked) return asked.refused;
			const { state } = assembly();
			const { revocations, store } = state;
			const all = revocations.list();
			const page = pageOf(all, asked);
			if (page === undefined) return unknownCursor().refused;
			return {
				status: 200,
				body: {
					revision: state.status().revisions.get(revocations.ledger) ?? 0,
					store: describeStore(state.status()),
					...(store.isShared ? { gateways: await gatewaysOf(state.presence.list()) } : {}),
					count: all.length,
					next_cursor: page.next,
					revocations: page.revocations.map(describe),
				},
			};
		},
	};
}

/** The latest first, and of one second in the order of their ids, so that a page ends where the next one begins whatever comes or goes. */
function pageOf(
	all: readonly Revocation[],
	{ limit, cursor }: PageOfList,
): { readonly revocations: readonly Revocation[]; readonly next: string | undefined } | undefined {
	const [, second, id] = cursor === undefined ? [] : (/^(\d{1,12})\.([\w-]+)$/.exec(cursor) ?? []);
	if (cursor !== undefined && second === undefined) return undefined;
	const last = { at: Number(second), id: id ?? '' };
	const sorted = all.toSorted(inOrder);
	const rest = cursor === undefined ? sorted : sorted.filter((revocation) => inOrder(last, revocation) < 0);
	const revocations = rest.slice(0, limit);
	const end = rest.length > limit ? revocations.at(-1) : undefined;
	return { revocations, next: end === undefined ? undefined : `${end.at}.${end.id}` };
}

function inOrder(a: Pick<Revocation, 'at' | 'id'>, b: Pick<Revocation, 'at' | 'id'>): number {
	return b.at - a.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function addPage(subject: Subject): Page {
	const { assembly, clock } = subject;
	return {
		path: '/revocations',
		summary: 'JSON: revokes by subject, client, session, jti, kid, digest, or issuer and issued_before',
		method: 'POST',
		changes: true,
		async answer(request) {
			const body = await readJsonBody(request);
			if ('refused' in body) return body.refused;
			const now = clock.now() / 1000;
			const asked = readRevocationRequest(body.data, now);
			if (typeof asked === 'string') return problem(400, asked);
			const { definition, state } = assembly();
			const denial = resolveDenial(asked, definition, now);
			if (typeof denial === 'string') return problem(400, denial);
			const { kind, issuer, value, until } = denial;
			const { by } = request;
			const change = { action: 'revoke', by, to: { kind, issuer, value, until: time(until) } } as const;
			return changing(subject, change, async (): Promise<Reply> => {
				try {
					const who = { by, ...(asked.note === undefined ? {} : { note: asked.note }) };
					const revocation = await state.revocations.revoke(denial, who);
					const revision = state.status().revisions.get(state.revocations.ledger) ?? 0;
					return { status: 201, body: { ...describe(revocation), revision, durable: state.store.type !== 'memory' } };
				} catch (cause) {
					if (cause instanceof TooMany) return problem(409, `${cause.message}: revoke by issued_before, or lift some`);
					throw cause;
				}
			});
		},
	};
}

function liftPage(subject: Subject): Page {
	return {
		path: '/revocations/{id}',
		summary: 'ends a revocation before its time',
		method: 'DELETE',
		changes: true,
		answer({ by, parameter }) {
			const { revocations } = subject.assembly().state;
			return changing(subject, { action: 'lift', by, to: { id: parameter } }, async () =>
				(await revocations.lift(parameter))
					? { status: 200, body: { id: parameter, lifted: true } }
					: problem(404, 'there is no revocation of this id'),
			);
		},
	};
}

async function gatewaysOf(listing: Promise<readonly PresentGateway[]>): Promise<unknown> {
	try {
		const gateways = await listing;
		return gateways.map(({ name, revision, seenAt }) => ({ name, revision, seen_at: new Date(seenAt).toISOString() }));
	} catch (cause) {
		if (!(cause instanceof StoreUnavailable)) throw cause;
		return 'unknown: the store does not answer';
	}
}

function describe({ id, kind, issuer, value, issuedBefore, until, at, by, note }: Revocation): Record<string, unknown> {
	return {
		id,
		...(issuer === '' ? {} : { issuer }),
		...(kind === 'issuer' ? {} : { [kind === 'key' ? 'kid' : kind]: value }),
		...(issuedBefore === undefined ? {} : { issued_before: time(issuedBefore) }),
		until: time(until),
		at: time(at),
		by,
		...(note === undefined ? {} : { note }),
	};
}

function time(seconds: number): string {
	return new Date(seconds * 1000).toISOString();
}
