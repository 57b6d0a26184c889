/** Tokens to values of a type: `token.ToObject<T>()`, `JsonConvert.DeserializeObject<T>(text)`, `Body.As<T>()`. */
import type { Run } from '../run/run.ts';
import { type Type, types, underlying } from '../types/type.ts';
import { DictionaryValue, ListValue } from './collection.ts';
import { exception } from './exception.ts';
import type { JsonToken } from './json.ts';
import { castToken } from './json-cast.ts';
import { jsonText } from './json-text.ts';
import type { Value } from './value.ts';

/** Throws a JsonException for a token of another shape. */
export function fromJson(run: Run, token: JsonToken, to: Type): Value {
	run.step();
	if (isNull(token)) return castOrNull(token, to);
	switch (to.name) {
		case 'JToken':
		case 'object':
			return token;
		case 'JObject':
		case 'JArray':
		case 'JValue':
			if (token.kind !== to.name) throw exception('JsonException', `The token is no ${to.name}.`);
			return token;
		case 'array':
		case 'List':
		case 'IEnumerable':
		case 'IList':
		case 'ICollection':
		case 'IReadOnlyList':
		case 'IReadOnlyCollection':
			return list(run, token, to);
		case 'Dictionary':
		case 'IDictionary':
		case 'IReadOnlyDictionary':
			return dictionary(run, token, to);
		case 'string':
			if (token.kind !== 'JValue')
				throw exception('JsonReaderException', `Unexpected token: ${jsonText(token, false).slice(0, 1)}`);
			return castToken(token, to);
		default:
			return castToken(token, to);
	}
}

function isNull(token: JsonToken): boolean {
	return token.kind === 'JValue' && token.value === null;
}

function castOrNull(token: JsonToken, to: Type): Value {
	return to.name === 'JToken' || to.name === 'JValue'
		? token
		: to.args.length > 0 || /^(?:object|JObject|JArray)$/.test(to.name)
			? null
			: castToken(token, to);
}

function list(run: Run, token: JsonToken, to: Type): ListValue {
	if (token.kind !== 'JArray') throw exception('JsonException', 'The token is no array.');
	const element = to.args[0] ?? types.object;
	return new ListValue(
		to.name === 'array' ? 'array' : 'List',
		element,
		token.items.map((item) => fromJson(run, item, element)),
	);
}

function dictionary(run: Run, token: JsonToken, to: Type): DictionaryValue {
	if (token.kind !== 'JObject') throw exception('JsonException', 'The token is no object.');
	const made = new DictionaryValue(to.args[0] ?? types.string, to.args[1] ?? types.object);
	if (underlying(made.keyType) !== types.string) throw exception('JsonException', 'Only texts can be keys.');
	for (const [name, member] of token.members)
		made.entries.set(name, { key: name, value: fromJson(run, member, made.valueType) });
	return made;
}
