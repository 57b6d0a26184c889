/** `+`, `-` and comparisons of DateTime, DateTimeOffset and TimeSpan. */
import type { BinaryOperator } from '../syntax/ast.ts';
import { nullable, type Type, type, types, underlying } from '../types/type.ts';
import { type DateTimeValue, TimeSpanValue } from '../values/date-time.ts';
import { instant, shiftTime } from '../values/shift-time.ts';
import type { Value } from '../values/value.ts';
import { type Bound, bound } from './bound.ts';
import { lift2 } from './lift.ts';

type Time = DateTimeValue | TimeSpanValue;

const span = type('TimeSpan');
const names: ReadonlySet<string> = new Set(['DateTime', 'DateTimeOffset', 'TimeSpan']);
const comparisons: Readonly<Partial<Record<BinaryOperator, (difference: bigint) => boolean>>> = {
	'<': (difference) => difference < 0n,
	'>': (difference) => difference > 0n,
	'<=': (difference) => difference <= 0n,
	'>=': (difference) => difference >= 0n,
};

/** Undefined when the operands are no times. */
export function bindTimeOperator(operator: BinaryOperator, left: Bound, right: Bound, at: number): Bound | undefined {
	const a = underlying(left.type);
	const b = underlying(right.type);
	if (!names.has(a.name) || !names.has(b.name)) return undefined;
	const isLifted = left.type.name === 'Nullable' || right.type.name === 'Nullable';
	const decide = comparisons[operator];
	if (decide !== undefined && a === b) {
		const test = lift2(left.run, right.run, (x: Time, y: Time) => decide(instant(x) - instant(y)));
		return bound(at, types.bool, isLifted ? (frame) => test(frame) === true : test);
	}
	const found = arithmetic(operator, a, b);
	if (found === undefined) return undefined;
	return bound(at, isLifted ? nullable(found.type) : found.type, lift2(left.run, right.run, found.apply));
}

function arithmetic(
	operator: BinaryOperator,
	a: Type,
	b: Type,
): { readonly type: Type; readonly apply: (x: never, y: never) => Value } | undefined {
	if (operator !== '+' && operator !== '-') return undefined;
	const sign = operator === '+' ? 1n : -1n;
	if (a === span && b === span) {
		return {
			type: span,
			apply: (x: TimeSpanValue, y: TimeSpanValue) => new TimeSpanValue(BigInt.asIntN(64, x.ticks + sign * y.ticks)),
		};
	}
	if (b === span) return { type: a, apply: (x: DateTimeValue, y: TimeSpanValue) => shiftTime(x, sign * y.ticks) };
	if (operator === '+' || a !== b) return undefined;
	return { type: span, apply: (x: Time, y: Time) => new TimeSpanValue(instant(x) - instant(y)) };
}
