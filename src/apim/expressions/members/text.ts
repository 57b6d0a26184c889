/** What makes texts out of other things: encodings, URLs, comparers, builders, chance; and exceptions. */
import { decodeUtf8, encodeUtf8 } from '#formats/utf8';
import type { Run } from '../run/run.ts';
import { exceptionNames } from '../types/supertypes.ts';
import type { ListValue } from '../values/collection.ts';
import { composite } from '../values/composite-format.ts';
import type { UriObject } from '../values/context.ts';
import { argumentRange, ExceptionValue, exception } from '../values/exception.ts';
import { NumberValue } from '../values/number.ts';
import { octetsOf, octetsValue } from '../values/octets.ts';
import { ComparerValue, type EnumValue, MarkerValue, StringBuilderValue } from '../values/plain.ts';
import { folded } from '../values/string-comparison.ts';
import { textOf } from '../values/text.ts';
import type { Value } from '../values/value.ts';
import type { Out } from './signature.ts';
import type { MemberTable } from './table.ts';

export function addTextMembers(table: MemberTable): void {
	addEncodings(table);
	addUris(table);
	addComparers(table);
	addBuilder(table);
	addExceptions(table);
	table.add('Random', {
		'static Random new()': () => new MarkerValue('Random', ''),
		'int Next()': (run: Run) => Math.floor(run.context.random() * 0x7fffffff),
		'int Next(int maxValue)': (run: Run, _: MarkerValue, most: number) => between(run, 0, most),
		'int Next(int minValue, int maxValue)': (run: Run, _: MarkerValue, least: number, most: number) =>
			between(run, least, most),
		'double NextDouble()': (run: Run) => new NumberValue('double', run.context.random()),
	});
	table.add('CultureInfo', { 'static CultureInfo InvariantCulture': () => new MarkerValue('CultureInfo', '') });
}

function between(run: Run, least: number, most: number): number {
	if (most < least) throw argumentRange('maxValue');
	return least + Math.floor(run.context.random() * (most - least));
}

function addEncodings(table: MemberTable): void {
	for (const name of ['UTF8', 'ASCII'] as const) {
		const encoding = new MarkerValue('Encoding', name);
		table.add('Encoding', { [`static Encoding ${name}`]: () => encoding });
	}
	table.add('Encoding', {
		'byte[] GetBytes(string s)': (run: Run, { variant }: MarkerValue, text: string) => {
			run.make(text.length * 3);
			return octetsValue(encodeUtf8(variant === 'ASCII' ? text.replace(/[^\0-\x7f]/g, '?') : text.toWellFormed()));
		},
		'string GetString(byte[] bytes)': (run: Run, { variant }: MarkerValue, bytes: ListValue) => {
			const octets = octetsOf(run, bytes);
			if (variant === 'ASCII')
				return Array.from(octets, (octet) => (octet < 128 ? String.fromCharCode(octet) : '?')).join('');
			// What is no UTF-8 becomes replacement characters, as there.
			return decodeUtf8(octets) ?? new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
		},
	});
}

/** RFC 3986 §2.3: only the unreserved stay. */
function escapeData(run: Run, text: string): string {
	run.make(text.length * 9);
	return encodeURIComponent(text.toWellFormed()).replace(
		/[!'()*]/g,
		(char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

function unescapeData(run: Run, text: string): string {
	run.make(text.length);
	return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escaped) => {
		const octets = Uint8Array.from(escaped.slice(1).split('%'), (digits) => Number.parseInt(digits, 16));
		return decodeUtf8(octets) ?? escaped;
	});
}

/** Form encoding as .NET writes it: `-_.!*()` stay, a space is a plus. `digits` makes the case of the digits. */
function formEncode(run: Run, text: string, digits: (escaped: string) => string): string {
	run.make(text.length * 9);
	return encodeURIComponent(text.toWellFormed())
		.replace(/['~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
		.replace(/%[0-9A-F]{2}/g, digits)
		.replaceAll('%20', '+');
}

function addUris(table: MemberTable): void {
	const uri = (text: string): UriObject => {
		if (text.length > 65_000 || !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) || !URL.canParse(text)) {
			throw exception('UriFormatException', 'Invalid URI: The format of the URI could not be determined.');
		}
		return { kind: 'Uri', original: text, absolute: new URL(text) };
	};
	table.add('Uri', {
		'static string EscapeDataString(string stringToEscape)': (run: Run, text: string) => escapeData(run, text),
		'static string UnescapeDataString(string stringToUnescape)': (run: Run, text: string) => unescapeData(run, text),
		'static bool IsWellFormedUriString(string? uriString, UriKind uriKind)': (
			_: Run,
			text: string | null,
			how: EnumValue,
		) => text !== null && how.member === 'Absolute' && URL.canParse(text) && /^[\x21-\x7e]+$/.test(text),
		'static Uri new(string uriString)': (run: Run, text: string) => {
			run.make(text.length);
			return uri(text);
		},
		'static bool TryCreate(string? uriString, UriKind uriKind, out Uri result)': (
			_: Run,
			text: string | null,
			how: EnumValue,
			out: Out,
		) => {
			if (how.member !== 'Absolute') throw exception('NotSupportedException', 'Only absolute URIs are supported.');
			const isUri =
				text !== null && text.length <= 65_000 && /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && URL.canParse(text);
			out.value = isUri ? uri(text) : null;
			return isUri;
		},
		'string Host': (_: Run, { absolute }: UriObject) => (absolute?.hostname ?? '').replace(/^\[|\]$/g, ''),
		'string Scheme': (_: Run, { absolute }: UriObject) => (absolute?.protocol ?? '').slice(0, -1),
		'int Port': (_: Run, { absolute }: UriObject) => portOf(absolute),
		'string AbsolutePath': (_: Run, { absolute }: UriObject) => absolute?.pathname ?? '',
		'string PathAndQuery': (_: Run, { absolute }: UriObject) => (absolute?.pathname ?? '') + (absolute?.search ?? ''),
		'string Query': (_: Run, { absolute }: UriObject) => absolute?.search ?? '',
		'string Authority': (_: Run, { absolute }: UriObject) => absolute?.host ?? '',
		'string AbsoluteUri': (_: Run, { absolute }: UriObject) => absolute?.href ?? '',
		'string OriginalString': (_: Run, { original }: UriObject) => original,
	});
	for (const owner of ['WebUtility', 'HttpUtility']) {
		const isLower = owner === 'HttpUtility';
		table.add(owner, {
			'static string UrlEncode(string? value)': (run: Run, text: string | null) =>
				text === null ? null : formEncode(run, text, (escaped) => (isLower ? escaped.toLowerCase() : escaped)),
			'static string UrlDecode(string? encodedValue)': (run: Run, text: string | null) =>
				text === null ? null : unescapeData(run, text.replaceAll('+', ' ')),
			'static string HtmlEncode(string? value)': (run: Run, text: string | null) => {
				if (text === null) return null;
				run.make(text.length * 6);
				const entities: Readonly<Record<string, string>> = {
					'&': '&amp;',
					'<': '&lt;',
					'>': '&gt;',
					'"': '&quot;',
					"'": '&#39;',
				};
				return text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
			},
		});
	}
}

function portOf(url: URL | undefined): number {
	if (url === undefined || url.port !== '') return Number(url?.port ?? -1);
	return (
		({ 'http:': 80, 'https:': 443, 'ftp:': 21, 'ws:': 80, 'wss:': 443 } as Readonly<Record<string, number>>)[
			url.protocol
		] ?? -1
	);
}

function addComparers(table: MemberTable): void {
	for (const name of [
		'Ordinal',
		'OrdinalIgnoreCase',
		'InvariantCulture',
		'InvariantCultureIgnoreCase',
		'CurrentCulture',
		'CurrentCultureIgnoreCase',
	]) {
		const comparer = new ComparerValue(name.endsWith('IgnoreCase'));
		table.add('StringComparer', { [`static StringComparer ${name}`]: () => comparer });
	}
	table.add('StringComparer', {
		'bool Equals(string? x, string? y)': (_: Run, { ignoresCase }: ComparerValue, a: string | null, b: string | null) =>
			a === b || (ignoresCase && a !== null && b !== null && folded(a) === folded(b)),
	});
}

function addBuilder(table: MemberTable): void {
	const append = (run: Run, builder: StringBuilderValue, text: string): StringBuilderValue => {
		run.make(text.length);
		builder.text += text;
		return builder;
	};
	table.add('StringBuilder', {
		'static StringBuilder new()': () => new StringBuilderValue(''),
		'static StringBuilder new(string? value)': (_: Run, text: string | null) => new StringBuilderValue(text ?? ''),
		'static StringBuilder new(int capacity)': () => new StringBuilderValue(''),
		'StringBuilder Append(object? value)': (run: Run, builder: StringBuilderValue, value: Value) =>
			append(run, builder, textOf(value)),
		'StringBuilder AppendLine()': (run: Run, builder: StringBuilderValue) => append(run, builder, '\n'),
		'StringBuilder AppendLine(string? value)': (run: Run, builder: StringBuilderValue, text: string | null) =>
			append(run, builder, `${text ?? ''}\n`),
		'StringBuilder AppendFormat(string format, params object[] args)': (
			run: Run,
			builder: StringBuilderValue,
			format: string,
			args: ListValue,
		) => append(run, builder, composite(run, format, args.items)),
		'int Length': (_: Run, builder: StringBuilderValue) => builder.text.length,
		'string ToString()': (run: Run, builder: StringBuilderValue) => {
			run.make(builder.text.length);
			return builder.text;
		},
	});
}

function addExceptions(table: MemberTable): void {
	table.add('Exception', { 'string Message': (_: Run, thrown: ExceptionValue) => thrown.message });
	for (const name of exceptionNames) {
		table.add(name, {
			[`static ${name} new()`]: () => new ExceptionValue(name, `Exception of type 'System.${name}' was thrown.`),
			[`static ${name} new(string? message)`]: (_: Run, message: string | null) =>
				new ExceptionValue(name, message ?? ''),
		});
	}
}
