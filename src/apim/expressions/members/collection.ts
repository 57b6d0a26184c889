/** Arrays, lists and dictionaries. */
import type { Run } from '../run/run.ts';
import { defaultValue } from '../types/default-value.ts';
import { DictionaryValue, ListValue, PairValue } from '../values/collection.ts';
import { equalValues } from '../values/equality.ts';
import { argumentNull, argumentRange, exception, indexOutside, keyNotFound } from '../values/exception.ts';
import { keyOf } from '../values/key.ts';
import type { ComparerValue, FunctionValue } from '../values/plain.ts';
import { folded } from '../values/string-comparison.ts';
import { textOf } from '../values/text.ts';
import type { Value } from '../values/value.ts';
import { collect, each } from './enumerable.ts';
import type { Out } from './signature.ts';
import { type MemberTable, withTypes } from './table.ts';

type Source = Exclude<Value, null>;

export function addCollectionMembers(table: MemberTable): void {
	addLists(table);
	addDictionaries(table);
	table.add('KeyValuePair<K, V>', {
		'K Key': (_: Run, pair: PairValue) => pair.key,
		'V Value': (_: Run, pair: PairValue) => pair.value,
	});
	table.add('Nullable<T>', {
		'bool HasValue': (_: Run, value: Value) => value !== null,
		'T Value': (_: Run, value: Value) => {
			if (value === null) throw exception('InvalidOperationException', 'Nullable object must have a value.');
			return value;
		},
		'T GetValueOrDefault()': withTypes((of) => (_: Run, value: Value) => value ?? defaultValue(of('T'))),
		'T GetValueOrDefault(T defaultValue)': (_: Run, value: Value, fallback: Value) => value ?? fallback,
	});
}

function addLists(table: MemberTable): void {
	table.add('T[]', { 'int Length': (_: Run, { items }: ListValue) => items.length });
	table.add('T[]', {
		'T set(int index, T value)': (_: Run, { items }: ListValue, index: number, value: Value) => {
			if (index < 0 || index >= items.length) throw indexOutside();
			items[index] = value;
			return value;
		},
	});
	for (const name of ['IList<T>', 'IReadOnlyList<T>', 'List<T>']) {
		table.add(name, {
			'T this[int index]': (_: Run, { items }: ListValue, index: number) => {
				const item = items[index];
				if (item === undefined) throw argumentRange('index');
				return item;
			},
			'int IndexOf(T item)': (run: Run, list: ListValue, value: Value) => {
				run.look(list.items.length * 64);
				return list.items.findIndex((item) => equalValues(item, value));
			},
		});
	}
	for (const name of ['ICollection<T>', 'IReadOnlyCollection<T>']) {
		table.add(name, {
			'int Count': (run: Run, source: Source) => {
				if (source instanceof ListValue) return source.items.length;
				if (source instanceof DictionaryValue) return source.entries.size;
				return [...each(run, source)].length;
			},
		});
	}
	table.add('List<T>', {
		'static List<T> new()': withTypes((of) => () => new ListValue('List', of('T'), [])),
		'static List<T> new(int capacity)': withTypes((of) => () => new ListValue('List', of('T'), [])),
		'static List<T> new(IEnumerable<T> collection)': withTypes(
			(of) => (run: Run, source: Source) => new ListValue('List', of('T'), collect(run, source)),
		),
		'T set(int index, T value)': (_: Run, { items }: ListValue, index: number, value: Value) => {
			if (index < 0 || index >= items.length) throw argumentRange('index');
			items[index] = value;
			return value;
		},
		'void Add(T item)': (run: Run, { items }: ListValue, value: Value) => {
			run.make(1);
			items.push(value);
			return null;
		},
		'void AddRange(IEnumerable<T> collection)': (run: Run, { items }: ListValue, more: Source) => {
			for (const item of collect(run, more)) items.push(item);
			return null;
		},
		'void Insert(int index, T item)': (run: Run, { items }: ListValue, index: number, value: Value) => {
			if (index < 0 || index > items.length) throw argumentRange('index');
			run.make(1);
			run.look(items.length);
			items.splice(index, 0, value);
			return null;
		},
		'bool Remove(T item)': (run: Run, { items }: ListValue, value: Value) => {
			run.look(items.length * 64);
			const index = items.findIndex((item) => equalValues(item, value));
			if (index >= 0) items.splice(index, 1);
			return index >= 0;
		},
		'void RemoveAt(int index)': (run: Run, { items }: ListValue, index: number) => {
			if (index < 0 || index >= items.length) throw argumentRange('index');
			run.look(items.length);
			items.splice(index, 1);
			return null;
		},
		'void Clear()': (_: Run, { items }: ListValue) => {
			items.length = 0;
			return null;
		},
		'bool Exists(Func<T, bool> match)': (run: Run, list: ListValue, test: FunctionValue) => {
			for (const item of each(run, list)) if (test.call(item) === true) return true;
			return false;
		},
		'T Find(Func<T, bool> match)': withTypes((of) => (run: Run, list: ListValue, test: FunctionValue) => {
			for (const item of each(run, list)) if (test.call(item) === true) return item;
			return defaultValue(of('T'));
		}),
	});
	table.add('HashSet<T>', {
		'static HashSet<T> new()': withTypes((of) => () => new ListValue('HashSet', of('T'), [])),
		'static HashSet<T> new(IEnumerable<T> collection)': withTypes((of) => (run: Run, source: Source) => {
			const byKey = new Map(collect(run, source).map((item) => [keyOf(item), item]));
			return new ListValue('HashSet', of('T'), [...byKey.values()]);
		}),
		'bool Add(T item)': (run: Run, { items }: ListValue, value: Value) => {
			run.look(items.length * 64);
			if (items.some((item) => equalValues(item, value))) return false;
			run.make(1);
			items.push(value);
			return true;
		},
	});
	table.add('Array', {
		'static int IndexOf<T>(T[] array, T value)': (run: Run, { items }: ListValue, value: Value) => {
			run.look(items.length * 64);
			return items.findIndex((item) => equalValues(item, value));
		},
		'static bool Exists<T>(T[] array, Func<T, bool> match)': (run: Run, list: ListValue, test: FunctionValue) => {
			for (const item of each(run, list)) if (test.call(item) === true) return true;
			return false;
		},
		'static void Reverse<T>(T[] array)': (run: Run, { items }: ListValue) => {
			run.look(items.length * 64);
			items.reverse();
			return null;
		},
		'static T[] Empty<T>()': withTypes((of) => () => new ListValue('array', of('T'), [])),
	});
}

type Key = string | number | bigint | boolean;

function dictionaryKey(dictionary: DictionaryValue, key: Value): Key {
	if (key === null) throw argumentNull('key');
	if (typeof key === 'string') return dictionary.ignoresCase ? folded(key) : key;
	const own = keyOf(key);
	// A key of another kind is never one of a text: dictionaries have keys of one type.
	return typeof own === 'object' ? textOf(key) : (own as Key);
}

function addDictionaries(table: MemberTable): void {
	// Of API Management: the values of one claim or parameter, joined. Before the others, which take the same arguments.
	const joined = (dictionary: DictionaryValue, key: string): string | null => {
		const entry = dictionary.entries.get(dictionaryKey(dictionary, key));
		return entry === undefined ? null : (entry.value as ListValue).items.map((item) => textOf(item)).join(',');
	};
	table.add('IReadOnlyDictionary<string, string[]>', {
		'string GetValueOrDefault(string key)': (_: Run, dictionary: DictionaryValue, key: string) =>
			joined(dictionary, key),
		'string GetValueOrDefault(string key, string? defaultValue)': (
			_: Run,
			dictionary: DictionaryValue,
			key: string,
			fallback: string | null,
		) => joined(dictionary, key) ?? fallback,
	});
	for (const name of ['IDictionary<K, V>', 'IReadOnlyDictionary<K, V>', 'Dictionary<K, V>']) {
		table.add(name, {
			'V this[K key]': (_: Run, dictionary: DictionaryValue, key: Value) => {
				const entry = dictionary.entries.get(dictionaryKey(dictionary, key));
				if (entry === undefined) throw keyNotFound(textOf(key));
				return entry.value;
			},
			'bool ContainsKey(K key)': (_: Run, dictionary: DictionaryValue, key: Value) =>
				dictionary.entries.has(dictionaryKey(dictionary, key)),
			'bool TryGetValue(K key, out V value)': withTypes(
				(of) => (_: Run, dictionary: DictionaryValue, key: Value, out: Out) => {
					const entry = dictionary.entries.get(dictionaryKey(dictionary, key));
					out.value = entry?.value ?? defaultValue(of('V'));
					return entry !== undefined;
				},
			),
			'IEnumerable<K> Keys': (run: Run, dictionary: DictionaryValue) => {
				run.make(dictionary.entries.size);
				return new ListValue(
					'array',
					dictionary.keyType,
					[...dictionary.entries.values()].map(({ key }) => key),
				);
			},
			'IEnumerable<V> Values': (run: Run, dictionary: DictionaryValue) => {
				run.make(dictionary.entries.size);
				return new ListValue(
					'array',
					dictionary.valueType,
					[...dictionary.entries.values()].map(({ value }) => value),
				);
			},
			'V GetValueOrDefault(K key)': withTypes(
				(of) => (_: Run, dictionary: DictionaryValue, key: Value) =>
					dictionary.entries.get(dictionaryKey(dictionary, key))?.value ?? defaultValue(of('V')),
			),
			'V GetValueOrDefault(K key, V defaultValue)': (
				_: Run,
				dictionary: DictionaryValue,
				key: Value,
				fallback: Value,
			) => {
				const entry = dictionary.entries.get(dictionaryKey(dictionary, key));
				return entry === undefined ? fallback : entry.value;
			},
		});
	}
	table.add('Dictionary<K, V>', {
		'static Dictionary<K, V> new()': withTypes((of) => () => new DictionaryValue(of('K'), of('V'))),
		'static Dictionary<K, V> new(IEqualityComparer<string> comparer)': withTypes(
			(of) => (_: Run, comparer: ComparerValue) => new DictionaryValue(of('K'), of('V'), comparer.ignoresCase),
		),
		'V set(K key, V value)': (run: Run, dictionary: DictionaryValue, key: Value, value: Value) => {
			run.make(1);
			dictionary.entries.set(dictionaryKey(dictionary, key), { key, value });
			return value;
		},
		'void Add(K key, V value)': (run: Run, dictionary: DictionaryValue, key: Value, value: Value) => {
			add(run, dictionary, key, value);
			return null;
		},
		'bool Remove(K key)': (_: Run, dictionary: DictionaryValue, key: Value) =>
			dictionary.entries.delete(dictionaryKey(dictionary, key)),
	});
	table.add('IEnumerable<T>', {
		'Dictionary<K, T> ToDictionary<K>(Func<T, K> keySelector)': withTypes(
			(of) => (run: Run, source: Source, key: FunctionValue) => {
				const dictionary = new DictionaryValue(of('K'), of('T'));
				for (const item of each(run, source)) add(run, dictionary, key.call(item), item);
				return dictionary;
			},
		),
		'Dictionary<K, V> ToDictionary<K, V>(Func<T, K> keySelector, Func<T, V> elementSelector)': withTypes(
			(of) => (run: Run, source: Source, key: FunctionValue, value: FunctionValue) => {
				const dictionary = new DictionaryValue(of('K'), of('V'));
				for (const item of each(run, source)) add(run, dictionary, key.call(item), value.call(item));
				return dictionary;
			},
		),
	});
}

function add(run: Run, dictionary: DictionaryValue, key: Value, value: Value): void {
	const own = dictionaryKey(dictionary, key);
	if (dictionary.entries.has(own)) {
		throw exception('ArgumentException', `An item with the same key has already been added. Key: ${textOf(key)}`);
	}
	run.make(1);
	dictionary.entries.set(own, { key, value });
}
