/** Sorting and adding up. */
import type { Run } from '../run/run.ts';
import { numericNames } from '../types/type.ts';
import { arithmetic } from '../values/arithmetic.ts';
import { SequenceValue } from '../values/collection.ts';
import { compareValues } from '../values/compare.ts';
import { invalidOperation, overflow } from '../values/exception.ts';
import { type AnyNumber, integerRange, NumberValue, toNumber } from '../values/number.ts';
import type { FunctionValue } from '../values/plain.ts';
import { castNumber } from '../values/to-number.ts';
import type { Value } from '../values/value.ts';
import { collect, each } from './enumerable.ts';
import { type MemberTable, withTypes } from './table.ts';

type Source = Exclude<Value, null>;

export function addOrderMembers(table: MemberTable): void {
	for (const [name, sign] of [
		['OrderBy', 1],
		['OrderByDescending', -1],
	] as const) {
		table.add('IEnumerable<T>', {
			[`IOrderedEnumerable<T> ${name}<K>(Func<T, K> keySelector)`]: withTypes(
				(of) => (run: Run, source: Source, key: FunctionValue) =>
					new SequenceValue(of('T'), () => sorted(run, source, key, sign)),
			),
		});
	}
	table.add('IEnumerable<T>', {
		'T Max()': (run: Run, source: Source) => extreme(collect(run, source), 1),
		'T Min()': (run: Run, source: Source) => extreme(collect(run, source), -1),
		'R Max<R>(Func<T, R> selector)': (run: Run, source: Source, map: FunctionValue) =>
			extreme(
				collect(run, source).map((item) => map.call(item)),
				1,
			),
		'R Min<R>(Func<T, R> selector)': (run: Run, source: Source, map: FunctionValue) =>
			extreme(
				collect(run, source).map((item) => map.call(item)),
				-1,
			),
	});
	for (const name of numericNames.filter((each) => ['int', 'long', 'double', 'decimal'].includes(each))) {
		const add = checkedSum(name as 'int');
		table.add(`IEnumerable<${name}>`, {
			[`${name} Sum()`]: (run: Run, source: Source) => add(each(run, source)),
			...(name === 'decimal'
				? {}
				: { 'double Average()': (run: Run, source: Source) => average(collect(run, source)) }),
		});
		table.add('IEnumerable<T>', {
			[`${name} Sum(Func<T, ${name}> selector)`]: (run: Run, source: Source, map: FunctionValue) =>
				add(collect(run, source).map((item) => map.call(item))),
		});
	}
}

/** Stable, as in .NET; each comparison is a step. */
function sorted(run: Run, source: Source, key: FunctionValue, sign: number): Value[] {
	const keyed = collect(run, source).map((item) => ({ item, key: key.call(item) }));
	keyed.sort((a, b) => {
		run.step();
		return sign * compareValues(a.key, b.key);
	});
	return keyed.map(({ item }) => item);
}

function extreme(items: readonly Value[], sign: number): Value {
	let best: Value | undefined;
	for (const item of items) if (best === undefined || sign * compareValues(item, best) > 0) best = item;
	if (best === undefined) throw invalidOperation('Sequence contains no elements');
	return best;
}

/** Sums are checked, unlike `+`. */
function checkedSum(name: 'int' | 'long' | 'double' | 'decimal'): (items: Iterable<Value>) => Value {
	const add = arithmetic('+', name);
	const range = integerRange[name];
	return (items) => {
		let sum: AnyNumber = castNumber(0, name);
		for (const item of items) {
			const next = add(sum, item as AnyNumber);
			if (range !== undefined && BigInt(sum as number) + BigInt(item as number) !== BigInt(next as number))
				throw overflow();
			sum = next;
		}
		return sum;
	};
}

function average(items: readonly Value[]): Value {
	if (items.length === 0) throw invalidOperation('Sequence contains no elements');
	let sum = 0;
	for (const item of items) sum += toNumber(item as AnyNumber);
	return new NumberValue('double', sum / items.length);
}
