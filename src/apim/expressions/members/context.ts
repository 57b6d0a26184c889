/** `context` and what it leads to, as the reference of policy expressions lists it. */

import type { Run } from '../run/run.ts';
import { defaultValue } from '../types/default-value.ts';
import { arrayOf, types } from '../types/type.ts';
import { unbox } from '../types/unbox.ts';
import { DictionaryValue, ListValue } from '../values/collection.ts';
import type * as C from '../values/context.ts';
import { keyNotFound } from '../values/exception.ts';
import { headerDictionary, headerValues } from '../values/header-dictionary.ts';
import { folded } from '../values/string-comparison.ts';
import { urlQuery } from '../values/url-query.ts';
import { urlText } from '../values/url-text.ts';
import type { Value } from '../values/value.ts';
import type { Out } from './signature.ts';
import { type MemberTable, withTypes } from './table.ts';

export function addContextMembers(table: MemberTable): void {
	table.add('IProxyContext', {
		'IRequest Request': (_: Run, context: C.ExpressionContext) => context.request,
		'IResponse Response': (_: Run, context: C.ExpressionContext) => context.response,
		'Variables Variables': (_: Run, context: C.ExpressionContext) => context.variables,
		'IApi Api': (_: Run, context: C.ExpressionContext) => context.api,
		'IOperation Operation': (_: Run, context: C.ExpressionContext) => context.operation,
		'IProduct Product': (_: Run, context: C.ExpressionContext) => context.product,
		'ISubscription Subscription': (_: Run, context: C.ExpressionContext) => context.subscription,
		'IUser User': (_: Run, context: C.ExpressionContext) => context.user,
		'IDeployment Deployment': (_: Run, context: C.ExpressionContext) => context.deployment,
		'ILastError LastError': (_: Run, context: C.ExpressionContext) => context.lastError,
		'Guid RequestId': (_: Run, context: C.ExpressionContext) => context.requestId,
		'DateTime Timestamp': (_: Run, context: C.ExpressionContext) => context.timestamp,
		'TimeSpan Elapsed': (_: Run, context: C.ExpressionContext) => context.elapsed,
		'bool Tracing': () => false,
		'void Trace(string? message)': (run: Run, _: C.ExpressionContext, message: string | null) => {
			run.context.trace(message ?? '');
			return null;
		},
	});
	addMessages(table);
	addHeaders(table);
	addVariables(table);
}

function addMessages(table: MemberTable): void {
	table.add('IRequest', {
		'string Method': (_: Run, request: C.RequestObject) => request.method,
		'IUrl Url': (_: Run, request: C.RequestObject) => request.url,
		'IUrl OriginalUrl': (_: Run, request: C.RequestObject) => request.originalUrl,
		'Headers Headers': (_: Run, request: C.RequestObject) => request.headers,
		'string IpAddress': (_: Run, request: C.RequestObject) => request.ipAddress,
		'IReadOnlyDictionary<string, string> MatchedParameters': (_: Run, request: C.RequestObject) =>
			textDictionary(request.matchedParameters),
		'X509Certificate2 Certificate': (_: Run, request: C.RequestObject) => request.certificate,
		'IMessageBody Body': (_: Run, request: C.RequestObject) => request.body,
	});
	table.add('IResponse', {
		'int StatusCode': (_: Run, response: C.ResponseObject) => response.statusCode,
		'string StatusReason': (_: Run, response: C.ResponseObject) => response.statusReason,
		'Headers Headers': (_: Run, response: C.ResponseObject) => response.headers,
		'IMessageBody Body': (_: Run, response: C.ResponseObject) => response.body,
	});
	table.add('IUrl', {
		'string Scheme': (_: Run, url: C.UrlObject) => url.scheme,
		'string Host': (_: Run, url: C.UrlObject) => url.host,
		'int Port': (_: Run, url: C.UrlObject) => url.port,
		'string Path': (_: Run, url: C.UrlObject) => url.path,
		'string QueryString': (_: Run, url: C.UrlObject) => url.queryString,
		'IReadOnlyDictionary<string, string[]> Query': (_: Run, url: C.UrlObject) => queryDictionary(url),
		'string ToString()': (_: Run, url: C.UrlObject) => urlText(url),
	});
}

function textDictionary(values: ReadonlyMap<string, string>): DictionaryValue {
	const dictionary = new DictionaryValue(types.string, types.string);
	for (const [key, value] of values) dictionary.entries.set(key, { key, value });
	return dictionary;
}

/** Parameters of the query, names without regard to case. */
function queryDictionary(url: C.UrlObject): DictionaryValue {
	const dictionary = new DictionaryValue(types.string, arrayOf(types.string), true);
	for (const [name, values] of urlQuery(url.queryString)) {
		const list = new ListValue('array', types.string, [...values]);
		dictionary.entries.set(folded(name), { key: name, value: list });
	}
	return dictionary;
}

/** `GetValueOrDefault` joins the values of one field with commas, as API Management does. */
function addHeaders(table: MemberTable): void {
	table.add('Headers', {
		'string GetValueOrDefault(string headerName)': (_: Run, headers: C.HeadersObject, name: string) =>
			joined(headers, name),
		'string GetValueOrDefault(string headerName, string? defaultValue)': (
			_: Run,
			headers: C.HeadersObject,
			name: string,
			fallback: string | null,
		) => joined(headers, name) ?? fallback,
		'string[] this[string key]': (_: Run, headers: C.HeadersObject, name: string) => {
			const values = headerValues(headers, name);
			if (values.length === 0) throw keyNotFound(name);
			return new ListValue('array', types.string, [...values]);
		},
		'bool ContainsKey(string key)': (_: Run, headers: C.HeadersObject, name: string) =>
			headerValues(headers, name).length > 0,
		'bool TryGetValue(string key, out string[] value)': (_: Run, headers: C.HeadersObject, name: string, out: Out) => {
			const values = headerValues(headers, name);
			if (values.length > 0) out.value = new ListValue('array', types.string, [...values]);
			return values.length > 0;
		},
		'int Count': (_: Run, headers: C.HeadersObject) => headerDictionary(headers).size,
		'IEnumerable<string> Keys': (_: Run, headers: C.HeadersObject) =>
			new ListValue('array', types.string, [...headerDictionary(headers).keys()]),
		'IEnumerable<string[]> Values': (_: Run, headers: C.HeadersObject) =>
			new ListValue('array', arrayOf(types.string), [...headerDictionary(headers).values()]),
	});
}

function joined(headers: C.HeadersObject, name: string): string | null {
	const values = headerValues(headers, name);
	return values.length === 0 ? null : values.length === 1 ? (values[0] ?? null) : values.join(',');
}

/** Variables by exact name. `T` must be what the variable is: nothing is converted. */
function addVariables(table: MemberTable): void {
	table.add('Variables', {
		'object this[string key]': (_: Run, { values }: C.VariablesObject, name: string) => {
			const value = values.get(name);
			if (value === undefined) throw keyNotFound(name);
			return value;
		},
		'bool ContainsKey(string key)': (_: Run, { values }: C.VariablesObject, name: string) => values.has(name),
		'bool TryGetValue(string key, out object value)': (
			_: Run,
			{ values }: C.VariablesObject,
			name: string,
			out: Out,
		) => {
			out.value = values.get(name) ?? null;
			return values.has(name);
		},
		'object GetValueOrDefault(string variableName)': (_: Run, { values }: C.VariablesObject, name: string) =>
			values.get(name) ?? null,
		'T GetValueOrDefault<T>(string variableName)': withTypes((of) => {
			const wanted = of('T');
			return (_: Run, { values }: C.VariablesObject, name: string) => {
				const value = values.get(name);
				return value === undefined ? defaultValue(wanted) : unbox(value, wanted);
			};
		}),
		'T GetValueOrDefault<T>(string variableName, T defaultValue)': withTypes((of) => {
			const wanted = of('T');
			return (_: Run, { values }: C.VariablesObject, name: string, fallback: Value) => {
				const value = values.get(name);
				return value === undefined ? fallback : unbox(value, wanted);
			};
		}),
		'int Count': (_: Run, { values }: C.VariablesObject) => values.size,
		'IEnumerable<string> Keys': (_: Run, { values }: C.VariablesObject) =>
			new ListValue('array', types.string, [...values.keys()]),
	});
}
