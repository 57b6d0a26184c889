/** Bodies of messages. They are read at once, so somebody must have collected them before: see `facts.readsBody`. */
import { decodeUtf8 } from '#formats/utf8';
import type { Run } from '../run/run.ts';
import { type Type, type as typeNamed, types } from '../types/type.ts';
import { DictionaryValue, ListValue } from '../values/collection.ts';
import type { BodyObject } from '../values/context.ts';
import { exception, invalidOperation } from '../values/exception.ts';
import { fromJson } from '../values/from-json.ts';
import { parseJson } from '../values/json-parse.ts';
import { NumberValue } from '../values/number.ts';
import { urlQuery } from '../values/url-query.ts';
import type { Value } from '../values/value.ts';
import { type MemberTable, withTypes } from './table.ts';

export function addBodyMembers(table: MemberTable): void {
	table.add('IMessageBody', {
		'R As<R>(bool preserveContent = false)': withTypes(
			(of) => (run: Run, body: BodyObject, isKept: boolean) => readAs(run, body, of('R'), isKept),
		),
		'IDictionary<string, IList<string>> AsFormUrlEncodedContent(bool preserveContent = false)': (
			run: Run,
			body: BodyObject,
			isKept: boolean,
		) => {
			const form = new DictionaryValue(types.string, typeNamed('IList', types.string));
			for (const [name, values] of urlQuery(readText(run, body, isKept))) {
				run.make(values.length);
				form.entries.set(name, { key: name, value: new ListValue('List', types.string, [...values]) });
			}
			return form;
		},
	});
}

/** The types that API Management lists: string, byte[], JObject, JToken, JArray. XML is not read. */
function readAs(run: Run, body: BodyObject, to: Type, isKept: boolean): Value {
	switch (to.text) {
		case 'string':
			return readText(run, body, isKept);
		case 'byte[]': {
			const octets = take(run, body, isKept);
			return new ListValue(
				'array',
				typeNamed('byte'),
				Array.from(octets, (octet) => new NumberValue('byte', octet)),
			);
		}
		case 'JObject':
		case 'JToken':
		case 'JArray':
		case 'object': {
			const text = readText(run, body, isKept);
			return text === '' ? null : fromJson(run, parseJson(run, text), to);
		}
		default:
			throw exception('NotSupportedException', `A body cannot be read as '${to.text}'.`);
	}
}

function readText(run: Run, body: BodyObject, isKept: boolean): string {
	const text = decodeUtf8(take(run, body, isKept));
	if (text === null) throw exception('FormatException', 'The body is not UTF-8.');
	return text;
}

function take(run: Run, body: BodyObject, isKept: boolean): Uint8Array {
	if (body.octets === undefined) throw invalidOperation('The body was not collected.');
	if (body.isConsumed) throw invalidOperation('The body was read already, without preserveContent.');
	run.make(body.octets.length);
	if (!isKept) body.isConsumed = true;
	return body.octets;
}
