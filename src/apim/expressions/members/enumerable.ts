/** Queries over sequences (System.Linq). What answers a sequence reads nothing before it is read itself. */
import type { Run } from '../run/run.ts';
import { defaultValue } from '../types/default-value.ts';
import { type Type, type as typeNamed, types } from '../types/type.ts';
import { unbox } from '../types/unbox.ts';
import { GroupValue, ListValue, SequenceValue } from '../values/collection.ts';
import { elementsOf } from '../values/elements.ts';
import { equalValues } from '../values/equality.ts';
import { argumentRange, indexOutside, invalidOperation } from '../values/exception.ts';
import { keyOf } from '../values/key.ts';
import type { ComparerValue, FunctionValue } from '../values/plain.ts';
import { folded } from '../values/string-comparison.ts';
import type { Value } from '../values/value.ts';
import { type MemberTable, withTypes } from './table.ts';

type Source = Exclude<Value, null>;

export function addEnumerableMembers(table: MemberTable): void {
	addTests(table);
	addElements(table);
	addSequences(table);
	addSets(table);
	addGroups(table);
	table.add('Enumerable', {
		'static IEnumerable<int> Range(int start, int count)': (run: Run, start: number, count: number) => {
			if (count < 0) throw argumentRange('count');
			return sequence(types.int, function* () {
				for (let index = 0; index < count; index++) {
					run.step();
					yield start + index;
				}
			});
		},
		'static IEnumerable<T> Repeat<T>(T element, int count)': withTypes(
			(of) => (run: Run, element: Value, count: number) => {
				if (count < 0) throw argumentRange('count');
				return sequence(of('T'), function* () {
					for (let index = 0; index < count; index++) {
						run.step();
						yield element;
					}
				});
			},
		),
		'static IEnumerable<T> Empty<T>()': withTypes((of) => () => new ListValue('array', of('T'), [])),
	});
}

function sequence(element: Type, read: () => Iterable<Value>): SequenceValue {
	return new SequenceValue(element, read);
}

/** The elements, each a step of the run. */
export function* each(run: Run, source: Source): Iterable<Value> {
	for (const item of elementsOf(source)) {
		run.step();
		yield item;
	}
}

/** All of them, as far as the run may still make elements. */
export function collect(run: Run, source: Source): Value[] {
	const items: Value[] = [];
	for (const item of each(run, source)) {
		run.make(1);
		items.push(item);
	}
	return items;
}

function addTests(table: MemberTable): void {
	table.add('IEnumerable<T>', {
		'bool Any()': (_: Run, source: Source) => {
			for (const _item of elementsOf(source)) return true;
			return false;
		},
		'bool Any(Func<T, bool> predicate)': (run: Run, source: Source, test: FunctionValue) => {
			for (const item of each(run, source)) if (test.call(item) === true) return true;
			return false;
		},
		'bool All(Func<T, bool> predicate)': (run: Run, source: Source, test: FunctionValue) => {
			for (const item of each(run, source)) if (test.call(item) !== true) return false;
			return true;
		},
		'bool Contains(T value)': (run: Run, source: Source, value: Value) => {
			for (const item of each(run, source)) if (equalValues(item, value)) return true;
			return false;
		},
		'int Count()': (run: Run, source: Source) => count(run, source),
		'int Count(Func<T, bool> predicate)': (run: Run, source: Source, test: FunctionValue) => {
			let found = 0;
			for (const item of each(run, source)) if (test.call(item) === true) found++;
			return found;
		},
		'bool SequenceEqual(IEnumerable<T> second)': (run: Run, source: Source, other: Source) => {
			const a = collect(run, source);
			const b = collect(run, other);
			return a.length === b.length && a.every((item, index) => equalValues(item, b[index] ?? null));
		},
	});
	table.add('IEnumerable<string>', {
		'bool Contains(string? value, IEqualityComparer<string> comparer)': (
			run: Run,
			source: Source,
			value: Value,
			comparer: ComparerValue,
		) => {
			const wanted = foldWith(comparer, value);
			for (const item of each(run, source)) if (foldWith(comparer, item) === wanted) return true;
			return false;
		},
	});
}

function foldWith(comparer: ComparerValue, value: Value): Value {
	return typeof value === 'string' && comparer.ignoresCase ? folded(value) : value;
}

function count(run: Run, source: Source): number {
	let found = 0;
	for (const _item of each(run, source)) found++;
	return found;
}

function addElements(table: MemberTable): void {
	const none = (): Error => invalidOperation('Sequence contains no elements');
	const noMatch = (): Error => invalidOperation('Sequence contains no matching element');
	const first = (run: Run, source: Source, test?: FunctionValue): Value | undefined => {
		for (const item of each(run, source)) if (test === undefined || test.call(item) === true) return item;
		return undefined;
	};
	const last = (run: Run, source: Source, test?: FunctionValue): Value | undefined => {
		let found: Value | undefined;
		for (const item of each(run, source)) if (test === undefined || test.call(item) === true) found = item;
		return found;
	};
	const single = (run: Run, source: Source, test?: FunctionValue): Value | undefined => {
		let found: Value | undefined;
		for (const item of each(run, source)) {
			if (test !== undefined && test.call(item) !== true) continue;
			if (found !== undefined) throw invalidOperation('Sequence contains more than one element');
			found = item;
		}
		return found;
	};
	for (const [name, pick] of [
		['First', first],
		['Last', last],
		['Single', single],
	] as const) {
		table.add('IEnumerable<T>', {
			[`T ${name}()`]: (run: Run, source: Source) => found(pick(run, source), none),
			[`T ${name}(Func<T, bool> predicate)`]: (run: Run, source: Source, test: FunctionValue) =>
				found(pick(run, source, test), noMatch),
			[`T ${name}OrDefault()`]: withTypes((of) => {
				const fallback = defaultValue(of('T'));
				return (run: Run, source: Source) => pick(run, source) ?? fallback;
			}),
			[`T ${name}OrDefault(Func<T, bool> predicate)`]: withTypes((of) => {
				const fallback = defaultValue(of('T'));
				return (run: Run, source: Source, test: FunctionValue) => pick(run, source, test) ?? fallback;
			}),
		});
	}
	table.add('IEnumerable<T>', {
		'T ElementAt(int index)': (run: Run, source: Source, index: number) => {
			const item = elementAt(run, source, index);
			if (item === undefined) throw argumentRange('index');
			return item;
		},
		'T ElementAtOrDefault(int index)': withTypes((of) => {
			const fallback = defaultValue(of('T'));
			return (run: Run, source: Source, index: number) => elementAt(run, source, index) ?? fallback;
		}),
	});
}

function found(value: Value | undefined, none: () => Error): Value {
	if (value === undefined) throw none();
	return value;
}

function elementAt(run: Run, source: Source, index: number): Value | undefined {
	let at = 0;
	for (const item of each(run, source)) if (at++ === index) return item;
	return undefined;
}

function addSequences(table: MemberTable): void {
	table.add('IEnumerable<T>', {
		'IEnumerable<R> Select<R>(Func<T, R> selector)': withTypes(
			(of) => (run: Run, source: Source, map: FunctionValue) =>
				sequence(of('R'), function* () {
					for (const item of each(run, source)) yield map.call(item);
				}),
		),
		'IEnumerable<R> Select<R>(Func<T, int, R> selector)': withTypes(
			(of) => (run: Run, source: Source, map: FunctionValue) =>
				sequence(of('R'), function* () {
					let index = 0;
					for (const item of each(run, source)) yield map.call(item, index++);
				}),
		),
		'IEnumerable<R> SelectMany<R>(Func<T, IEnumerable<R>> selector)': withTypes(
			(of) => (run: Run, source: Source, map: FunctionValue) =>
				sequence(of('R'), function* () {
					for (const item of each(run, source)) yield* each(run, present(map.call(item)));
				}),
		),
		'IEnumerable<T> Where(Func<T, bool> predicate)': withTypes(
			(of) => (run: Run, source: Source, test: FunctionValue) =>
				sequence(of('T'), function* () {
					for (const item of each(run, source)) if (test.call(item) === true) yield item;
				}),
		),
		'IEnumerable<T> Take(int count)': withTypes(
			(of) => (run: Run, source: Source, limit: number) =>
				sequence(of('T'), function* () {
					let taken = 0;
					if (limit > 0)
						for (const item of each(run, source)) {
							yield item;
							if (++taken >= limit) return;
						}
				}),
		),
		'IEnumerable<T> Skip(int count)': withTypes(
			(of) => (run: Run, source: Source, skipped: number) =>
				sequence(of('T'), function* () {
					let at = 0;
					for (const item of each(run, source)) if (at++ >= skipped) yield item;
				}),
		),
		'IEnumerable<T> TakeWhile(Func<T, bool> predicate)': withTypes(
			(of) => (run: Run, source: Source, test: FunctionValue) =>
				sequence(of('T'), function* () {
					for (const item of each(run, source)) {
						if (test.call(item) !== true) return;
						yield item;
					}
				}),
		),
		'IEnumerable<T> SkipWhile(Func<T, bool> predicate)': withTypes(
			(of) => (run: Run, source: Source, test: FunctionValue) =>
				sequence(of('T'), function* () {
					let isSkipping = true;
					for (const item of each(run, source)) {
						isSkipping &&= test.call(item) === true;
						if (!isSkipping) yield item;
					}
				}),
		),
		'IEnumerable<T> Concat(IEnumerable<T> second)': withTypes(
			(of) => (run: Run, source: Source, other: Source) =>
				sequence(of('T'), function* () {
					yield* each(run, source);
					yield* each(run, other);
				}),
		),
		'IEnumerable<T> Append(T element)': withTypes(
			(of) => (run: Run, source: Source, more: Value) =>
				sequence(of('T'), function* () {
					yield* each(run, source);
					yield more;
				}),
		),
		'IEnumerable<T> Reverse()': withTypes(
			(of) => (run: Run, source: Source) => sequence(of('T'), () => collect(run, source).toReversed()),
		),
		'IEnumerable<T> DefaultIfEmpty()': withTypes(
			(of) => (run: Run, source: Source) =>
				sequence(of('T'), () => {
					const items = collect(run, source);
					return items.length === 0 ? [defaultValue(of('T'))] : items;
				}),
		),
		'IEnumerable<R> Cast<R>()': withTypes(
			(of) => (run: Run, source: Source) =>
				sequence(of('R'), function* () {
					for (const item of each(run, source)) yield unbox(item, of('R'));
				}),
		),
		'IEnumerable<R> Zip<A, R>(IEnumerable<A> second, Func<T, A, R> resultSelector)': withTypes(
			(of) => (run: Run, source: Source, other: Source, map: FunctionValue) =>
				sequence(of('R'), function* () {
					const second = collect(run, other);
					let at = 0;
					for (const item of each(run, source)) {
						const beside = second[at++];
						if (beside === undefined) return;
						yield map.call(item, beside);
					}
				}),
		),
		'IEnumerable<T> AsEnumerable()': (_: Run, source: Source) => source,
		'T[] ToArray()': withTypes(
			(of) => (run: Run, source: Source) => new ListValue('array', of('T'), collect(run, source)),
		),
		'List<T> ToList()': withTypes(
			(of) => (run: Run, source: Source) => new ListValue('List', of('T'), collect(run, source)),
		),
		'R Aggregate<R>(R seed, Func<R, T, R> func)': (run: Run, source: Source, seed: Value, add: FunctionValue) => {
			let result = seed;
			for (const item of each(run, source)) result = add.call(result, item);
			return result;
		},
		'T Aggregate(Func<T, T, T> func)': (run: Run, source: Source, add: FunctionValue) => {
			let result: Value | undefined;
			for (const item of each(run, source)) result = result === undefined ? item : add.call(result, item);
			if (result === undefined) throw invalidOperation('Sequence contains no elements');
			return result;
		},
	});
}

export function present(value: Value): Source {
	if (value === null) throw invalidOperation('Value cannot be null.');
	return value;
}

function distinct(run: Run, items: Iterable<Value>, seen: Set<unknown>, keyed: (item: Value) => unknown): Value[] {
	const kept: Value[] = [];
	for (const item of items) {
		const key = keyed(item);
		if (seen.has(key)) continue;
		run.make(1);
		seen.add(key);
		kept.push(item);
	}
	return kept;
}

function addSets(table: MemberTable): void {
	table.add('IEnumerable<T>', {
		'IEnumerable<T> Distinct()': withTypes(
			(of) => (run: Run, source: Source) =>
				sequence(of('T'), () => distinct(run, each(run, source), new Set(), (item) => keyOf(item))),
		),
		'IEnumerable<T> Union(IEnumerable<T> second)': withTypes(
			(of) => (run: Run, source: Source, other: Source) =>
				sequence(of('T'), () => {
					const seen = new Set<unknown>();
					const first = distinct(run, each(run, source), seen, (item) => keyOf(item));
					return [...first, ...distinct(run, each(run, other), seen, (item) => keyOf(item))];
				}),
		),
		'IEnumerable<T> Intersect(IEnumerable<T> second)': withTypes(
			(of) => (run: Run, source: Source, other: Source) =>
				sequence(of('T'), () => {
					const wanted = new Set(collect(run, other).map((item) => keyOf(item)));
					const all = distinct(run, each(run, source), new Set(), (item) => keyOf(item));
					return all.filter((item) => wanted.has(keyOf(item)));
				}),
		),
		'IEnumerable<T> Except(IEnumerable<T> second)': withTypes(
			(of) => (run: Run, source: Source, other: Source) =>
				sequence(of('T'), () => {
					const unwanted = new Set<unknown>(collect(run, other).map((item) => keyOf(item)));
					return distinct(run, each(run, source), unwanted, (item) => keyOf(item));
				}),
		),
	});
	table.add('IEnumerable<string>', {
		'IEnumerable<string> Distinct(IEqualityComparer<string> comparer)': (
			run: Run,
			source: Source,
			comparer: ComparerValue,
		) => sequence(types.string, () => distinct(run, each(run, source), new Set(), (item) => foldWith(comparer, item))),
		'IEnumerable<string> Intersect(IEnumerable<string> second, IEqualityComparer<string> comparer)': (
			run: Run,
			source: Source,
			other: Source,
			comparer: ComparerValue,
		) =>
			sequence(types.string, () => {
				const wanted = new Set(collect(run, other).map((item) => foldWith(comparer, item)));
				const all = distinct(run, each(run, source), new Set(), (item) => foldWith(comparer, item));
				return all.filter((item) => wanted.has(foldWith(comparer, item)));
			}),
		'IEnumerable<string> Except(IEnumerable<string> second, IEqualityComparer<string> comparer)': (
			run: Run,
			source: Source,
			other: Source,
			comparer: ComparerValue,
		) =>
			sequence(types.string, () => {
				const unwanted = new Set<unknown>(collect(run, other).map((item) => foldWith(comparer, item)));
				return distinct(run, each(run, source), unwanted, (item) => foldWith(comparer, item));
			}),
	});
}

function addGroups(table: MemberTable): void {
	table.add('IEnumerable<T>', {
		'IEnumerable<IGrouping<K, T>> GroupBy<K>(Func<T, K> keySelector)': withTypes(
			(of) => (run: Run, source: Source, key: FunctionValue) =>
				sequence(typeNamed('IGrouping', of('K'), of('T')), () => {
					const groups = new Map<unknown, GroupValue>();
					for (const item of each(run, source)) {
						const value = key.call(item);
						const known = groups.get(keyOf(value)) ?? new GroupValue(of('K'), of('T'), value, []);
						groups.set(keyOf(value), known);
						run.make(1);
						known.items.push(item);
					}
					return groups.values();
				}),
		),
	});
	table.add('IGrouping<K, V>', { 'K Key': (_: Run, group: GroupValue) => group.key });
	table.add('T[]', {
		'T this[int index]': (_: Run, { items }: ListValue, index: number) => {
			const item = items[index];
			if (item === undefined) throw indexOutside();
			return item;
		},
	});
}
