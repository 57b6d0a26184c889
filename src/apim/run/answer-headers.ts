/** The fields of an answer that a policy has worded. */
import type { HeaderList } from '#core/index';
import type { PolicyResponse } from './failure.ts';
import type { PolicyRun } from './policy-run.ts';

/** A page must be able to read why it was refused. What the policy writes of that itself goes before. */
export function answerHeaders(response: PolicyResponse, { corsFields }: PolicyRun): HeaderList {
	const headers = typed(response);
	if (corsFields.length === 0) return headers;
	const written = new Set(headers.map(([name]) => name.toLowerCase()));
	return [...headers, ...corsFields.filter(([name]) => name === 'vary' || !written.has(name))];
}

/** A body without a type is one that a browser guesses at. */
function typed({ headers, body }: PolicyResponse): readonly (readonly [string, string])[] {
	if (body === '' || headers.some(([name]) => name.toLowerCase() === 'content-type')) return headers;
	return [...headers, ['content-type', 'text/plain; charset=utf-8']];
}
