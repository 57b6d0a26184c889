/** Header fields as a dictionary: names without regard to case, all values of one name in the order they came. */
import { types } from '../types/type.ts';
import { ListValue } from './collection.ts';
import type { HeadersObject } from './context.ts';

/** By the name as it first came. */
export function headerDictionary(headers: HeadersObject): ReadonlyMap<string, ListValue> {
	const byName = new Map<string, { readonly name: string; readonly list: ListValue }>();
	for (const [name, value] of headers.list) {
		const key = name.toLowerCase();
		const found = byName.get(key) ?? { name, list: new ListValue('array', types.string, []) };
		byName.set(key, found);
		found.list.items.push(value);
	}
	return new Map([...byName.values()].map(({ name, list }) => [name, list]));
}

/** Values of one name; none when it is absent. */
export function headerValues(headers: HeadersObject, name: string): readonly string[] {
	const values: string[] = [];
	const wanted = name.toLowerCase();
	for (const [each, value] of headers.list) {
		if (each.length === name.length && each.toLowerCase() === wanted) values.push(value);
	}
	return values;
}
