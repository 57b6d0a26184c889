/** Something that a Map of JavaScript compares as .NET compares the value: for keys and sets. */
import { DecimalValue, NumberValue, UlongValue } from './number.ts';
import type { Value } from './value.ts';

/** Texts, `int` and `long` are keys themselves: a prefix keeps the others from being taken for a text. */
export function keyOf(value: Value): unknown {
	if (value === null || typeof value !== 'object') return typeof value === 'string' ? `s:${value}` : value;
	if (value instanceof NumberValue || value instanceof UlongValue) return `n:${value.kind}:${value.value}`;
	if (value instanceof DecimalValue) return `n:decimal:${value.digits}:${value.scale}`;
	switch (value.kind) {
		case 'char':
			return `c:${value.code}`;
		case 'Guid':
			return `g:${value.text}`;
		case 'DateTime':
			return `d:${value.ticks}`;
		case 'TimeSpan':
			return `t:${value.ticks}`;
		case 'enum':
			return `e:${value.name}:${value.value}`;
		default:
			return value;
	}
}
