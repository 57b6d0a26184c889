/** `rewrite-uri` and `set-query-parameter`: paths and queries as they go to the upstream. */
import { withoutParameters } from '#formats/query';
import { parseRequestTarget } from '#formats/request-target';
import type { ExistsAction, RewriteUri } from '../statements/statement.ts';
import { EvaluationFailure } from './failure.ts';
import type { PolicyRun } from './policy-run.ts';

/** A path that two servers may read in two ways is refused here like one of a client. Throws EvaluationFailure. */
export function rewrite({ template, copyUnmatched }: RewriteUri, run: PolicyRun): void {
	const used = new Set<string>();
	const text =
		template.kind === 'constant'
			? template.text.replaceAll(/\{([A-Za-z0-9_.*-]+)\}/g, (_, name: string) => {
					const value = run.around.parameterNames.indexOf(name);
					if (value < 0) throw new EvaluationFailure(`the path has no parameter ${name}`);
					used.add(name);
					return encodeURIComponent(run.evidence.parameters[value] ?? '');
				})
			: run.text(template);
	const target = text.startsWith('/') ? parseRequestTarget(text, { encodedSlash: false }) : 'malformed';
	if (typeof target === 'string') throw new EvaluationFailure(`rewrite-uri gave a path that is ${target}`);
	run.path = target.path;
	const before = (run.query ?? run.evidence.query).slice(1);
	const copied = run.boolean(copyUnmatched) ? before : '';
	const own = target.query.slice(1);
	run.query = own === '' && copied === '' ? '' : `?${[own, copied].filter((part) => part !== '').join('&')}`;
}

export function withParameter(query: string, name: string, action: ExistsAction, values: readonly string[]): string {
	const rest = action === 'append' ? query : withoutParameters(query, [name]);
	if (action === 'delete') return rest;
	if (action === 'skip' && rest !== query) return query;
	const written = values.map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
	if (written === '') return rest;
	return rest.length > 1 ? `${rest}&${written}` : `?${written}`;
}
