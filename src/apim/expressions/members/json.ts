/** Newtonsoft.Json: tokens, and texts to and from them. */
import type { Run } from '../run/run.ts';
import { type as typeNamed } from '../types/type.ts';
import type { ListValue } from '../values/collection.ts';
import { SequenceValue } from '../values/collection.ts';
import { elementsOf } from '../values/elements.ts';
import { argumentRange, exception, invalidOperation } from '../values/exception.ts';
import { fromJson } from '../values/from-json.ts';
import { JsonArray, JsonObjectValue, JsonProperty, JsonScalar, type JsonToken } from '../values/json.ts';
import { castToken, tokenTypeName } from '../values/json-cast.ts';
import { badJson, parseJson } from '../values/json-parse.ts';
import { selectTokens } from '../values/json-path.ts';
import { jsonText } from '../values/json-text.ts';
import type { EnumValue } from '../values/plain.ts';
import { textOf } from '../values/text.ts';
import { contentToken, toJson } from '../values/to-json.ts';
import type { Value } from '../values/value.ts';
import { enumValue } from './enums.ts';
import type { Out } from './signature.ts';
import { type MemberTable, withTypes } from './table.ts';

const tokenTypes: Readonly<Record<string, number>> = {
	Object: 1,
	Array: 2,
	Property: 4,
	Integer: 6,
	Float: 7,
	String: 8,
	Boolean: 9,
	Null: 10,
	Date: 12,
	Guid: 15,
	TimeSpan: 17,
};
const token = typeNamed('JToken');

export function addJsonMembers(table: MemberTable): void {
	addTokens(table);
	addObjects(table);
	addArrays(table);
	addConvert(table);
}

function text(run: Run, value: JsonToken, isIndented: boolean): string {
	const made = value.kind === 'JValue' ? textOf(value.value) : jsonText(value, isIndented);
	run.make(made.length);
	run.look(made.length);
	return made;
}

/** `token["name"]` of an object, `token[0]` of an array; null where it is not there, an error where it cannot be. */
function element(value: JsonToken, key: Value): Value {
	if (typeof key === 'string' && value.kind === 'JObject') return value.members.get(key) ?? null;
	if (typeof key === 'number' && value.kind === 'JArray') {
		const item = value.items[key];
		if (item === undefined) throw argumentRange('index');
		return item;
	}
	if (value.kind === 'JProperty') throw invalidOperation('Cannot access child value on a property.');
	if (value.kind === 'JValue') throw invalidOperation('Cannot access child value on Newtonsoft.Json.Linq.JValue.');
	throw exception('ArgumentException', `Accessed ${value.kind} values with invalid key value: ${textOf(key)}.`);
}

function addTokens(table: MemberTable): void {
	table.add('JToken', {
		'JToken this[string key]': (_: Run, value: JsonToken, key: string) => element(value, key),
		'JToken this[int key]': (_: Run, value: JsonToken, key: number) => element(value, key),
		'JToken this[object key]': (_: Run, value: JsonToken, key: Value) => element(value, key),
		'JToken set(string key, JToken? value)': (run: Run, value: JsonToken, key: string, next: JsonToken | null) => {
			if (value.kind !== 'JObject') throw invalidOperation('Cannot set child value.');
			run.make(1);
			value.members.set(key, own(value, next));
			return next;
		},
		'string ToString()': (run: Run, value: JsonToken) => text(run, value, true),
		'string ToString(Formatting formatting)': (run: Run, value: JsonToken, how: EnumValue) =>
			text(run, value, how.value === 1),
		'bool HasValues': (_: Run, value: JsonToken) => children(value).length > 0,
		'JTokenType Type': (_: Run, value: JsonToken) => enumValue('JTokenType', tokenTypes[tokenTypeName(value)] ?? 0),
		'JEnumerable<JToken> Children()': (_: Run, value: JsonToken) => new SequenceValue(token, () => children(value)),
		'JEnumerable<R> Children<R>()': withTypes(
			(of) => (_: Run, value: JsonToken) =>
				new SequenceValue(of('R'), () =>
					children(value).filter((child) => of('R') === token || child.kind === of('R').name),
				),
		),
		'IEnumerable<JToken> Values()': (_: Run, value: JsonToken) => new SequenceValue(token, () => children(value)),
		'IEnumerable<R> Values<R>()': withTypes(
			(of) => (run: Run, value: JsonToken) =>
				new SequenceValue(of('R'), () => children(value).map((child) => fromJson(run, child, of('R')))),
		),
		'R Value<R>(object key)': withTypes((of) => (run: Run, value: JsonToken, key: Value) => {
			const found = element(value, key);
			return found === null ? castToken(null, of('R')) : fromJson(run, found as JsonToken, of('R'));
		}),
		'R ToObject<R>()': withTypes((of) => (run: Run, value: JsonToken) => fromJson(run, value, of('R'))),
		'JToken SelectToken(string path)': (run: Run, value: JsonToken, path: string) =>
			selectTokens(run, value, path)[0] ?? null,
		'IEnumerable<JToken> SelectTokens(string path)': (run: Run, value: JsonToken, path: string) =>
			new SequenceValue(token, () => selectTokens(run, value, path)),
		'JToken First': (_: Run, value: JsonToken) => children(value)[0] ?? null,
		'JToken Last': (_: Run, value: JsonToken) => children(value).at(-1) ?? null,
		'JToken DeepClone()': (run: Run, value: JsonToken) => parseJson(run, text(run, toJson(run, value), false)),
		'static JToken Parse(string json)': (run: Run, json: string) => parseJson(run, json),
		'static JToken FromObject(object o)': (run: Run, value: Value) => toJson(run, value),
		'static bool DeepEquals(JToken? t1, JToken? t2)': (run: Run, a: JsonToken | null, b: JsonToken | null) =>
			a === b || (a !== null && b !== null && text(run, a, false) === text(run, b, false)),
	});
	table.add('JValue', {
		'object Value': (_: Run, value: JsonScalar) => value.value,
		'static JValue new(object? value)': (run: Run, value: Value) => {
			const made = toJson(run, value);
			if (made.kind !== 'JValue') throw exception('ArgumentException', 'Could not determine JSON object type.');
			return made;
		},
	});
}

/** A token cannot hold itself, at any depth: nothing that is written or walked through would end. */
function own(holder: JsonToken, value: JsonToken | null): JsonToken {
	if (value === null) return new JsonScalar(null);
	if (value.kind !== 'JValue' && contains(value, holder))
		throw exception('ArgumentException', 'A token cannot hold itself.');
	return value;
}

function contains(value: JsonToken, wanted: JsonToken, seen = new Set<JsonToken>()): boolean {
	if (value === wanted) return true;
	if (seen.has(value)) return false;
	seen.add(value);
	return children(value).some((child) => contains(child, wanted, seen));
}

function children(value: JsonToken): readonly JsonToken[] {
	return value.kind === 'JValue' ? [] : ([...elementsOf(value)] as JsonToken[]);
}

function addObjects(table: MemberTable): void {
	const fill = (run: Run, object: JsonObjectValue, content: Value): void => {
		const parts =
			content !== null && typeof content === 'object' && content.kind !== 'JProperty' && content.kind !== 'JObject'
				? [...elementsOf(content)]
				: [content];
		for (const part of parts) {
			if (part instanceof JsonObjectValue) for (const [name, member] of part.members) object.members.set(name, member);
			else if (part instanceof JsonProperty) {
				run.make(1);
				if (object.members.has(part.name))
					throw exception('ArgumentException', `Can not add property ${part.name}: it exists already.`);
				object.members.set(part.name, part.value);
			} else throw exception('ArgumentException', 'Can not add this to a JObject.');
		}
	};
	table.add('JObject', {
		'static JObject new()': () => new JsonObjectValue(new Map()),
		'static JObject new(params object[] content)': (run: Run, content: ListValue) => {
			const object = new JsonObjectValue(new Map());
			for (const part of content.items) fill(run, object, part);
			return object;
		},
		'static JObject Parse(string json)': (run: Run, json: string) => {
			const value = parseJson(run, json);
			if (value.kind !== 'JObject') throw badJson();
			return value;
		},
		'static JObject FromObject(object o)': (run: Run, source: Value) => {
			const value = toJson(run, source);
			if (value.kind !== 'JObject')
				throw exception('ArgumentException', 'Object serialized to another type: a JObject was wanted.');
			return value;
		},
		'bool ContainsKey(string propertyName)': (_: Run, { members }: JsonObjectValue, name: string) => members.has(name),
		'bool TryGetValue(string propertyName, out JToken value)': (
			_: Run,
			{ members }: JsonObjectValue,
			name: string,
			out: Out,
		) => {
			out.value = members.get(name) ?? null;
			return members.has(name);
		},
		'JToken GetValue(string propertyName)': (_: Run, { members }: JsonObjectValue, name: string) =>
			members.get(name) ?? null,
		'JToken GetValue(string propertyName, StringComparison comparison)': (
			_: Run,
			{ members }: JsonObjectValue,
			name: string,
			how: EnumValue,
		) => {
			const exact = members.get(name);
			if (exact !== undefined || how.value % 2 === 0) return exact ?? null;
			return [...members].find(([each]) => each.toUpperCase() === name.toUpperCase())?.[1] ?? null;
		},
		'JProperty Property(string name)': (_: Run, { members }: JsonObjectValue, name: string) => {
			const value = members.get(name);
			return value === undefined ? null : new JsonProperty(name, value);
		},
		'IEnumerable<JProperty> Properties()': (_: Run, value: JsonObjectValue) =>
			new SequenceValue(typeNamed('JProperty'), () => elementsOf(value)),
		'int Count': (_: Run, { members }: JsonObjectValue) => members.size,
		'void Add(string propertyName, JToken? value)': (
			run: Run,
			object: JsonObjectValue,
			name: string,
			value: JsonToken | null,
		) => {
			fill(run, object, new JsonProperty(name, own(object, value)));
			return null;
		},
		'void Add(object content)': (run: Run, object: JsonObjectValue, content: Value) => {
			if (content instanceof JsonProperty) own(object, content.value);
			fill(run, object, content);
			return null;
		},
		'bool Remove(string propertyName)': (_: Run, { members }: JsonObjectValue, name: string) => members.delete(name),
	});
	table.add('JProperty', {
		'static JProperty new(string name, object? content)': (run: Run, name: string, content: Value) =>
			new JsonProperty(name, toJson(run, content)),
		'static JProperty new(string name, params object[] content)': (run: Run, name: string, content: ListValue) =>
			new JsonProperty(name, toJson(run, content)),
		'string Name': (_: Run, property: JsonProperty) => property.name,
		'JToken Value': (_: Run, property: JsonProperty) => property.value,
	});
}

function addArrays(table: MemberTable): void {
	table.add('JArray', {
		'static JArray new()': () => new JsonArray([]),
		'static JArray new(params object[] content)': (run: Run, content: ListValue) => {
			const [only] = content.items;
			// One sequence is the elements, not an element.
			const isSequence =
				content.items.length === 1 &&
				typeof only === 'object' &&
				only !== null &&
				['array', 'List', 'sequence', 'JArray'].includes(only.kind);
			const items = isSequence ? elementsOf(only) : content.items;
			return new JsonArray(Array.from(items, (item) => contentToken(run, item)));
		},
		'static JArray Parse(string json)': (run: Run, json: string) => {
			const value = parseJson(run, json);
			if (value.kind !== 'JArray') throw badJson();
			return value;
		},
		'static JArray FromObject(object o)': (run: Run, source: Value) => {
			const value = toJson(run, source);
			if (value.kind !== 'JArray')
				throw exception('ArgumentException', 'Object serialized to another type: a JArray was wanted.');
			return value;
		},
		'int Count': (_: Run, { items }: JsonArray) => items.length,
		'void Add(JToken? item)': (run: Run, array: JsonArray, value: JsonToken | null) => {
			run.make(1);
			array.items.push(own(array, value));
			return null;
		},
	});
}

function addConvert(table: MemberTable): void {
	table.add('JsonConvert', {
		'static string SerializeObject(object? value)': (run: Run, value: Value) => serialized(run, value, false),
		'static string SerializeObject(object? value, Formatting formatting)': (run: Run, value: Value, how: EnumValue) =>
			serialized(run, value, how.value === 1),
		'static R DeserializeObject<R>(string value)': withTypes(
			(of) => (run: Run, json: string) => fromJson(run, parseJson(run, json), of('R')),
		),
		'static object DeserializeObject(string value)': (run: Run, json: string) => parseJson(run, json),
	});
}

function serialized(run: Run, value: Value, isIndented: boolean): string {
	const json = jsonText(toJson(run, value), isIndented);
	run.make(json.length);
	return json;
}
