/**
 * Where a client's token stands in its request: what the upstream never sees. Places that a policy names as constants are
 * known when it is compiled; those behind an expression (`token-value`, a name that is made) are looked for here.
 */
import { withoutParameters } from '#formats/query';
import type { PolicyRun } from './policy-run.ts';

export interface LeftBehind {
	/** Lower-case names of fields. */
	readonly fields: readonly string[];
	readonly cookies: readonly string[];
	/** With its `?`, without the parameters; undefined: as it is. */
	readonly query: string | undefined;
}

/** Any field, cookie or parameter of the client that holds one of `run.tokens` goes as a whole. What the policy wrote stays. */
export function leftBehind(run: PolicyRun): LeftBehind {
	const { tokens, evidence } = run;
	if (tokens.length === 0) return { fields: [], cookies: [], query: run.query };
	const holds = (text: string) => tokens.some((token) => text.includes(token));
	const holding = evidence.request.fields().filter(([, value]) => holds(value));
	const query = run.query ?? evidence.query;
	return {
		fields: holding.map(([name]) => name.toLowerCase()).filter((name) => name !== 'cookie'),
		cookies: holding.flatMap(([name, value]) => (name.toLowerCase() === 'cookie' ? cookiesWith(value, holds) : [])),
		query: withoutParameters(query, parametersWith(query, holds)),
	};
}

function cookiesWith(field: string, holds: (text: string) => boolean): readonly string[] {
	return field.split(';').flatMap((pair) => {
		const equals = pair.indexOf('=');
		return holds(pair) ? [pair.slice(0, Math.max(equals, 0)).trim(), pair.trim()] : [];
	});
}

/** Names as `withoutParameters` compares them. */
function parametersWith(query: string, holds: (text: string) => boolean): readonly string[] {
	return [...new URLSearchParams(query)].filter(([name, value]) => holds(value) || holds(name)).map(([name]) => name);
}
