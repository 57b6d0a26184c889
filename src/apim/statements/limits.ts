/** `rate-limit-by-key` and `ip-filter`. */
import { parseIp } from '#formats/ip';
import type { PolicyElement } from '../policy-text/document.ts';
import { isSettable } from './headers.ts';
import type { Reading } from './reading.ts';
import type { IpFilter, RateLimitByKey } from './statement.ts';

const names = [
	'retry-after-header-name',
	'retry-after-variable-name',
	'remaining-calls-header-name',
	'remaining-calls-variable-name',
	'total-calls-header-name',
];

export function readRateLimitByKey(element: PolicyElement, reading: Reading): RateLimitByKey | undefined {
	reading.expect(element, ['calls', 'renewal-period', 'counter-key', 'increment-condition', ...names]);
	const number = (name: string, most: number): number => {
		if (!element.attributes.has(name)) reading.required(element, name);
		const value = reading.number(element, name, 1, { least: 1, most });
		if (value.kind === 'constant') return value.value;
		reading.error('expression_not_allowed', value.position, `${name} cannot be an expression here`);
		return 1;
	};
	const key = reading.required(element, 'counter-key');
	const name = (attribute: string) =>
		element.attributes.has(attribute) ? reading.requiredConstant(element, attribute) : undefined;
	const headerName = (attribute: string) => {
		const text = name(attribute);
		if (text !== undefined && !isSettable(text)) {
			reading.error('value_invalid', element.position, `${attribute}: ${text} is no header that can be set`);
		}
		return text;
	};
	const condition = reading.attribute(element, 'increment-condition');
	if (condition?.kind === 'constant' && !/^(true|false)$/i.test(condition.text)) {
		reading.error('value_invalid', condition.position, 'increment-condition: expected an expression, true or false');
	}
	if (condition?.kind === 'expression' && condition.expression.readsResponse) {
		return reading.error(
			'not_supported',
			condition.position,
			'increment-condition cannot read context.Response: requests are counted before they are forwarded',
		);
	}
	const calls = number('calls', 1_000_000);
	const period = number('renewal-period', 86_400);
	if (key === undefined) return undefined;
	return {
		kind: 'rate-limit-by-key',
		calls,
		period,
		key,
		condition,
		retryAfterVariable: name('retry-after-variable-name'),
		retryAfterHeader: headerName('retry-after-header-name') ?? 'Retry-After',
		remainingVariable: name('remaining-calls-variable-name'),
		remainingHeader: headerName('remaining-calls-header-name'),
		totalHeader: headerName('total-calls-header-name'),
	};
}

export function readIpFilter(element: PolicyElement, reading: Reading): IpFilter | undefined {
	reading.expect(element, ['action'], ['address', 'address-range']);
	if (!element.attributes.has('action')) reading.required(element, 'action');
	const action = reading.word(element, 'action', ['allow', 'forbid'] as const, 'allow');
	const addresses: string[] = [];
	const ranges: { from: string; to: string }[] = [];
	const check = (text: string, at: PolicyElement): string | undefined =>
		parseIp(text) !== undefined ? text : reading.error('value_invalid', at.position, `${text} is no address`);
	for (const child of element.children) {
		if (child.name === 'address') {
			reading.expectText(child, []);
			const value = reading.text(child);
			if (value?.kind === 'expression')
				reading.error('expression_not_allowed', value.position, 'an address cannot be an expression');
			const text = value?.kind === 'constant' ? check(value.text, child) : undefined;
			if (text !== undefined) addresses.push(text);
		} else if (child.name === 'address-range') {
			reading.expect(child, ['from', 'to']);
			const [from, to] = ['from', 'to'].map((name) => reading.requiredConstant(child, name));
			if (from === undefined || to === undefined) continue;
			if (check(from, child) === undefined || check(to, child) === undefined) continue;
			if (isRange(from, to)) ranges.push({ from, to });
			else reading.error('value_invalid', child.position, `no address is from ${from} to ${to}`);
		}
	}
	if (element.children.length === 0) reading.error('list_empty', element.position, '<ip-filter> names no address');
	return { kind: 'ip-filter', action, addresses, ranges };
}

/** Both of one version, and something between them: any other range would forbid nobody. */
function isRange(from: string, to: string): boolean {
	const [first, last] = [parseIp(from), parseIp(to)];
	if (first === undefined || last === undefined || first.version !== last.version) return false;
	const at = first.parts.findIndex((part, i) => part !== last.parts[i]);
	return at < 0 || (first.parts[at] ?? 0) < (last.parts[at] ?? 0);
}
