/** Values to tokens, as JsonConvert and `JToken.FromObject` make them. */
import type { Run } from '../run/run.ts';
import { elementsOf } from './elements.ts';
import { exception } from './exception.ts';
import { headerDictionary } from './header-dictionary.ts';
import { JsonArray, JsonObjectValue, JsonProperty, JsonScalar, type JsonToken } from './json.ts';
import { textOf } from './text.ts';
import type { Value } from './value.ts';

const maxDepth = 64;

/** Throws a JsonException for what has no form in JSON: functions, and objects of the context. */
export function toJson(run: Run, value: Value, depth = 0): JsonToken {
	run.step();
	run.make(1);
	if (depth > maxDepth) throw exception('JsonException', 'The value nests too deep.');
	if (value === null || typeof value !== 'object') return new JsonScalar(value);
	switch (value.kind) {
		case 'JObject':
		case 'JArray':
		case 'JValue':
			return value;
		case 'JProperty':
			return new JsonObjectValue(new Map([[value.name, value.value]]));
		case 'array':
		case 'List':
		case 'HashSet':
		case 'Queue':
		case 'Stack':
		case 'sequence':
		case 'IGrouping':
			return new JsonArray(Array.from(elementsOf(value), (item) => toJson(run, item, depth + 1)));
		case 'Dictionary':
			return members(
				run,
				[...value.entries.values()].map(({ key, value: held }) => [textOf(key), held]),
				depth,
			);
		case 'Headers':
			return members(run, headerDictionary(value), depth);
		case 'Variables':
			return members(run, value.values, depth);
		case 'anonymous':
			return members(run, value.fields, depth);
		case 'KeyValuePair':
			return members(
				run,
				[
					['Key', value.key],
					['Value', value.value],
				],
				depth,
			);
		case 'char':
		case 'Uri':
		case 'IUrl':
		case 'Regex':
			return new JsonScalar(textOf(value));
		case 'enum':
			return new JsonScalar(value.value);
		case 'DateTime':
		case 'DateTimeOffset':
		case 'TimeSpan':
		case 'Guid':
		case 'sbyte':
		case 'byte':
		case 'short':
		case 'ushort':
		case 'uint':
		case 'ulong':
		case 'float':
		case 'double':
		case 'decimal':
			return new JsonScalar(value);
		default:
			throw exception('JsonException', `'${value.kind}' cannot be written as JSON.`);
	}
}

function members(run: Run, entries: Iterable<readonly [string, Value]>, depth: number): JsonObjectValue {
	const object = new Map<string, JsonToken>();
	for (const [name, value] of entries) object.set(name, toJson(run, value, depth + 1));
	return new JsonObjectValue(object);
}

/** `new JProperty("x", value)`, `new JArray(a, b)`: a property is a member, everything else content. */
export function contentToken(run: Run, value: Value): JsonToken {
	return value instanceof JsonProperty ? value : toJson(run, value);
}
