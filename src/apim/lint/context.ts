/** What expressions read of `context` that is not known here, or not as it is in API Management: nobody should rely on it. */
import { flatStatements } from '../statements/flat-statements.ts';
import type { ReadPolicy } from '../statements/read-policy.ts';
import type { Finding } from '../statements/reading.ts';
import { valuesOf } from '../statements/values-of.ts';

const ofTheRoute: ReadonlySet<string> = new Set(['Api.Id', 'Api.Name', 'Operation.Id', 'Operation.Name']);
const unknownOfApi: ReadonlySet<string> = new Set(['Api.Version', 'Api.Revision']);
const neverKnown: ReadonlySet<string> = new Set(['Api.IsCurrentRevision', 'Api.Protocols']);

/** `named`: members that the configuration names, such as `Api.Name`. */
export function lintContext({ sections }: ReadPolicy, named: ReadonlySet<string>, findings: Finding[]): void {
	for (const statement of Object.values(sections).flatMap((list) => flatStatements(list))) {
		for (const value of valuesOf(statement)) {
			if (value.kind !== 'expression') continue;
			for (const member of value.expression.reads) {
				const what = unknown(member, named);
				if (what === undefined) continue;
				const { file } = statement.place;
				const message = `context.${member} ${what}`;
				findings.push({ severity: 'warning', rule: 'context_unknown', file, position: value.position, message });
			}
		}
	}
}

/** What it is here; undefined: what it is there. */
function unknown(member: string, named: ReadonlySet<string>): string | undefined {
	if (named.has(member)) return undefined;
	const [owner = ''] = member.split('.');
	if (owner === 'Subscription' || owner === 'User') return 'is null here: there are neither subscriptions nor users';
	if (owner === 'Product') {
		return named.has('Product')
			? 'says nothing here: apim_context names the id and name of a product alone'
			: 'is null here, unless apim_context of the route names a product';
	}
	if (owner === 'Deployment') return 'says nothing here that API Management says';
	// As a whole, or behind `?.`.
	if (member === 'Api' || member === 'Operation') {
		const isNamed = named.has(`${member}.Id`) && named.has(`${member}.Name`);
		return isNamed ? undefined : 'is named like the route here, unless apim_context names id and name';
	}
	if (ofTheRoute.has(member)) return 'is the name of the route here, unless apim_context names it';
	if (unknownOfApi.has(member)) return 'is the same for every route here, unless apim_context names it';
	return neverKnown.has(member) ? 'is the same for every route here' : undefined;
}
