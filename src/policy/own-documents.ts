/**
 * Documents that the gateway itself serves among the traffic, before any route: for requests with the host that they are
 * published under, at exactly their paths, whatever query comes along. Everything else, other spellings too, is for the routes.
 */
import type { Answer, RequestView } from '#core/index';
import { parseHost } from '#formats/host';
import { publishedPaths } from '#formats/published-paths';

export type OwnDocuments = (request: RequestView, now: number) => Answer | undefined;

/** As `answers/published-keys.ts` makes them. `now`: seconds since the epoch. */
interface Documents {
	keySet(now: number): Answer;
	metadata(now: number): Answer;
}

export function createOwnDocuments(issuer: string, documents: Documents): OwnDocuments {
	const host = parseHost(new URL(issuer).host)?.name;
	const [keySet, metadata] = publishedPaths(issuer);
	const answers = new Map([
		[keySet, (now: number) => documents.keySet(now)],
		[metadata, (now: number) => documents.metadata(now)],
	]);
	return (request, now) => {
		const { target } = request;
		const mark = target.indexOf('?');
		const answer = answers.get(mark < 0 ? target : target.slice(0, mark));
		if (answer === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined;
		return parseHost(request.host)?.name === host ? answer(now) : undefined;
	};
}
