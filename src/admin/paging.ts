/** Long lists come in pages: `?limit=…&cursor=…`, and `next_cursor` in the answer as long as there is more. */
import type { RequestView } from '#core/index';
import { problem, type Reply } from './exchange.ts';

export interface PageOfList {
	readonly limit: number;
	/** Undefined: from the beginning. */
	readonly cursor: string | undefined;
	/** What else was asked, by name. */
	readonly others: ReadonlyMap<string, string>;
}

/** Of one answer, where none is asked for, and at most. */
const longestPage = 1_000;

/** What the query asks for; `others`: names of further parameters. Whatever it does not know is refused, not ignored. */
export function readPage({ target }: RequestView, others: readonly string[] = []): PageOfList | { refused: Reply } {
	const mark = target.indexOf('?');
	const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
	const known = [...others, 'limit', 'cursor'];
	const asked = new Map(query);
	if (asked.size < query.size) return refused('each parameter once');
	for (const name of asked.keys()) if (!known.includes(name)) return refused(`expected ${known.join(', ')}`);
	const limit = asked.get('limit') ?? String(longestPage);
	if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > longestPage) return refused(`limit: from 1 to ${longestPage}`);
	const cursor = asked.get('cursor');
	if (cursor !== undefined && !/^[A-Za-z0-9._-]{1,200}$/.test(cursor)) return unknownCursor();
	return { limit: Number(limit), cursor, others: asked };
}

export function unknownCursor(): { refused: Reply } {
	return refused('cursor: expected the next_cursor of an answer');
}

function refused(detail: string): { refused: Reply } {
	return { refused: problem(400, detail) };
}
