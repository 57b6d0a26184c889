/** What a call tells about the expression: facts for the linter and for what must be at hand beforehand. */
import type { Member } from '../members/table.ts';
import type { FactsCollector } from './facts.ts';
import type { BoundArgument } from './resolve-call.ts';

/** Static members that answer differently each time. */
const varying: ReadonlySet<string> = new Set(['Now', 'UtcNow', 'Today', 'NewGuid', 'Next', 'NextDouble']);

export function noteMember(facts: FactsCollector, path: string): void {
	facts.reads.add(path);
}

export function noteCall(facts: FactsCollector, member: Member, at: number, args: readonly BoundArgument[]): void {
	const owner = member.receiver.name;
	if (owner === 'string' && (member.name === 'AsJwt' || member.name === 'TryParseJwt')) facts.unverifiedJwt.push(at);
	if (owner === 'IMessageBody') facts.readsBody = true;
	if (varying.has(member.name)) facts.isVarying = true;
	if (owner !== 'Variables') return;
	const [first] = args;
	const name = first?.kind === 'value' ? first.value.constant?.value : undefined;
	if (typeof name === 'string') facts.variables.add(name);
	else facts.readsAnyVariable = true;
}
