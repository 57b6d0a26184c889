/** Whatever `foreach` and the queries go through. */

import { arrayOf, types } from '../types/type.ts';
import { PairValue } from './collection.ts';
import { invalidOperation } from './exception.ts';
import { headerDictionary } from './header-dictionary.ts';
import { JsonProperty } from './json.ts';
import { CharValue } from './plain.ts';
import type { Value } from './value.ts';

/** The elements of a value whose type is an IEnumerable. */
export function elementsOf(value: Exclude<Value, null>): Iterable<Value> {
	if (typeof value === 'string') return characters(value);
	if (typeof value !== 'object') return [];
	switch (value.kind) {
		case 'array':
		case 'IGrouping':
			return value.items;
		case 'List':
		case 'HashSet':
		case 'Queue':
		case 'Stack':
			return guarded(value.items);
		case 'sequence':
			return value.read();
		case 'Dictionary':
			return [...value.entries.values()].map(
				(entry) => new PairValue(value.keyType, value.valueType, entry.key, entry.value),
			);
		case 'Headers':
			return [...headerDictionary(value)].map(
				([key, list]) => new PairValue(types.string, arrayOf(types.string), key, list),
			);
		case 'Variables':
			return [...value.values].map(([key, held]) => new PairValue(types.string, types.object, key, held));
		case 'JArray':
			return value.items;
		case 'JObject':
			return [...value.members].map(([name, member]) => new JsonProperty(name, member));
		case 'JProperty':
			return [value.value];
		case 'GroupCollection':
		case 'MatchCollection':
			return value.items;
		default:
			return [];
	}
}

function* characters(text: string): Iterable<Value> {
	for (let at = 0; at < text.length; at++) yield new CharValue(text.charCodeAt(at));
}

/** A list that changes while it is read is an error, not an endless loop. */
function* guarded(items: readonly Value[]): Iterable<Value> {
	const { length } = items;
	for (const item of items) {
		if (items.length !== length) throw changed();
		yield item;
	}
	if (items.length !== length) throw changed();
}

function changed(): Error {
	return invalidOperation('Collection was modified; enumeration operation may not execute.');
}
