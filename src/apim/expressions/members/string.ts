/** System.String: ordinal unless a comparison says otherwise, positions in UTF-16 units. */
import type { Run } from '../run/run.ts';
import { types } from '../types/type.ts';
import { ListValue } from '../values/collection.ts';
import { composite } from '../values/composite-format.ts';
import { elementsOf } from '../values/elements.ts';
import { argumentRange, exception, indexOutside } from '../values/exception.ts';
import { CharValue, type EnumValue } from '../values/plain.ts';
import { compareText, folded, ignoresCase, lowered } from '../values/string-comparison.ts';
import { textOf } from '../values/text.ts';
import type { Value } from '../values/value.ts';
import type { MemberTable } from './table.ts';

export function addStringMembers(table: MemberTable): void {
	addParts(table);
	addTests(table);
	addChanges(table);
	addStatics(table);
}

function addParts(table: MemberTable): void {
	table.add('string', {
		'int Length': (_: Run, text: string) => text.length,
		'char this[int index]': (_: Run, text: string, index: number) => {
			if (index < 0 || index >= text.length) throw indexOutside();
			return new CharValue(text.charCodeAt(index));
		},
		'string Substring(int startIndex)': (run: Run, text: string, start: number) =>
			part(run, text, start, text.length - start),
		'string Substring(int startIndex, int length)': (run: Run, text: string, start: number, length: number) =>
			part(run, text, start, length),
		'string Remove(int startIndex)': (run: Run, text: string, start: number) => part(run, text, 0, start),
		'string Remove(int startIndex, int count)': (run: Run, text: string, start: number, count: number) =>
			part(run, text, 0, start) + part(run, text, start + count, text.length - start - count),
		'string Insert(int startIndex, string value)': (run: Run, text: string, start: number, value: string) =>
			make(run, part(run, text, 0, start) + value + part(run, text, start, text.length - start)),
		'string[] Split(params char[] separator)': (run: Run, text: string, separators: ListValue) =>
			split(run, text, charTexts(separators), 0),
		'string[] Split(char separator, StringSplitOptions options)': (
			run: Run,
			text: string,
			separator: CharValue,
			options: EnumValue,
		) => split(run, text, [String.fromCharCode(separator.code)], options.value),
		'string[] Split(char[] separator, StringSplitOptions options)': (
			run: Run,
			text: string,
			separators: ListValue,
			options: EnumValue,
		) => split(run, text, charTexts(separators), options.value),
		'string[] Split(char[] separator, int count)': (run: Run, text: string, separators: ListValue, count: number) =>
			split(run, text, charTexts(separators), 0, count),
		'string[] Split(char separator, int count)': (run: Run, text: string, separator: CharValue, count: number) =>
			split(run, text, [String.fromCharCode(separator.code)], 0, count),
		'string[] Split(char separator, int count, StringSplitOptions options)': (
			run: Run,
			text: string,
			separator: CharValue,
			count: number,
			options: EnumValue,
		) => split(run, text, [String.fromCharCode(separator.code)], options.value, count),
		'string[] Split(string? separator)': (run: Run, text: string, separator: string | null) =>
			split(run, text, separator === null ? [] : [separator], 0),
		'string[] Split(string? separator, StringSplitOptions options)': (
			run: Run,
			text: string,
			separator: string | null,
			options: EnumValue,
		) => split(run, text, separator === null ? [] : [separator], options.value),
		'string[] Split(string[] separator, StringSplitOptions options)': (
			run: Run,
			text: string,
			separators: ListValue,
			options: EnumValue,
		) =>
			split(
				run,
				text,
				separators.items.map((each) => textOf(each)),
				options.value,
			),
		'string[] Split(string[] separator, int count, StringSplitOptions options)': (
			run: Run,
			text: string,
			separators: ListValue,
			count: number,
			options: EnumValue,
		) =>
			split(
				run,
				text,
				separators.items.map((each) => textOf(each)),
				options.value,
				count,
			),
		'char[] ToCharArray()': (run: Run, text: string) => {
			run.make(text.length);
			return new ListValue('array', types.char, [...elementsOf(text)]);
		},
	});
}

function part(run: Run, text: string, start: number, length: number): string {
	if (start < 0 || length < 0 || start + length > text.length) throw argumentRange('startIndex');
	run.make(length);
	return text.substring(start, start + length);
}

function make(run: Run, text: string): string {
	run.make(text.length);
	return text;
}

function charTexts(list: ListValue): readonly string[] {
	return list.items.map((each) => textOf(each));
}

/** Without separators at white space, as .NET does. `count` bounds the parts; the last one keeps the rest. */
function split(run: Run, text: string, separators: readonly string[], options: number, count = 2 ** 31): ListValue {
	const marks = separators.filter((separator) => separator !== '');
	run.look(text.length * (1 + marks.length));
	if (count < 0) throw argumentRange('count');
	const dropsEmpty = (options & 1) !== 0;
	const trims = (options & 2) !== 0;
	const parts: string[] = [];
	const add = (piece: string): void => {
		const kept = trims ? trim(piece, undefined) : piece;
		if (kept !== '' || !dropsEmpty) parts.push(kept);
	};
	let start = 0;
	let at = 0;
	while (count > 0 && at < text.length && parts.length < count - 1) {
		const mark =
			separators.length === 0
				? isSpace(text.charAt(at))
					? ' '
					: undefined
				: marks.find((each) => text.startsWith(each, at));
		if (mark === undefined) at++;
		else {
			add(text.slice(start, at));
			at += mark.length;
			start = at;
			run.step();
		}
	}
	if (count > 0) add(text.slice(start));
	run.make(text.length + parts.length);
	return new ListValue('array', types.string, parts);
}

function isSpace(char: string): boolean {
	return /[\s\u0085]/.test(char) && char !== '\ufeff';
}

function trim(text: string, chars: ReadonlySet<string> | undefined, isStart = true, isEnd = true): string {
	const isCut = (char: string): boolean => (chars === undefined ? isSpace(char) : chars.has(char));
	let start = 0;
	let end = text.length;
	while (isStart && start < end && isCut(text.charAt(start))) start++;
	while (isEnd && end > start && isCut(text.charAt(end - 1))) end--;
	return text.slice(start, end);
}

function addTests(table: MemberTable): void {
	const ordinal = (text: string): string => text;
	table.add('string', {
		'bool Equals(string? value)': (_: Run, text: string, other: string | null) => text === other,
		'bool Equals(object? obj)': (_: Run, text: string, other: Value) => text === other,
		'bool Equals(string? value, StringComparison comparisonType)': (
			run: Run,
			text: string,
			other: string | null,
			how: EnumValue,
		) => equal(run, text, other, how),
		'static bool Equals(string? a, string? b)': (_: Run, a: string | null, b: string | null) => a === b,
		'static bool Equals(string? a, string? b, StringComparison comparisonType)': (
			run: Run,
			a: string | null,
			b: string | null,
			how: EnumValue,
		) => equal(run, a, b, how),
		'static int Compare(string? strA, string? strB)': (_: Run, a: string | null, b: string | null) =>
			compareText(a, b, false),
		'static int Compare(string? strA, string? strB, bool ignoreCase)': (
			_: Run,
			a: string | null,
			b: string | null,
			ignoreCase: boolean,
		) => compareText(a, b, ignoreCase),
		'static int Compare(string? strA, string? strB, StringComparison comparisonType)': (
			_: Run,
			a: string | null,
			b: string | null,
			how: EnumValue,
		) => compareText(a, b, ignoresCase(how)),
		'static int CompareOrdinal(string? strA, string? strB)': (_: Run, a: string | null, b: string | null) =>
			compareText(a, b, false),
		'int CompareTo(string? strB)': (_: Run, text: string, other: string | null) => compareText(text, other, false),
		'bool Contains(string value)': (run: Run, text: string, value: string) => at(run, text, value, ordinal) >= 0,
		'bool Contains(char value)': (run: Run, text: string, value: CharValue) => at(run, text, char(value), ordinal) >= 0,
		'bool Contains(string value, StringComparison comparisonType)': (
			run: Run,
			text: string,
			value: string,
			how: EnumValue,
		) => at(run, text, value, folding(how)) >= 0,
		'bool StartsWith(string value)': (_: Run, text: string, value: string) => text.startsWith(value),
		'bool StartsWith(char value)': (_: Run, text: string, value: CharValue) => text.startsWith(char(value)),
		'bool StartsWith(string value, StringComparison comparisonType)': (
			run: Run,
			text: string,
			value: string,
			how: EnumValue,
		) => {
			run.look(value.length);
			return folding(how)(text.slice(0, value.length)) === folding(how)(value);
		},
		'bool EndsWith(string value)': (_: Run, text: string, value: string) => text.endsWith(value),
		'bool EndsWith(char value)': (_: Run, text: string, value: CharValue) => text.endsWith(char(value)),
		'bool EndsWith(string value, StringComparison comparisonType)': (
			run: Run,
			text: string,
			value: string,
			how: EnumValue,
		) => {
			run.look(value.length);
			return (
				value.length <= text.length && folding(how)(text.slice(text.length - value.length)) === folding(how)(value)
			);
		},
		'int IndexOf(string value)': (run: Run, text: string, value: string) => at(run, text, value, ordinal),
		'int IndexOf(char value)': (run: Run, text: string, value: CharValue) => at(run, text, char(value), ordinal),
		'int IndexOf(string value, int startIndex)': (run: Run, text: string, value: string, start: number) =>
			from(run, text, value, start),
		'int IndexOf(char value, int startIndex)': (run: Run, text: string, value: CharValue, start: number) =>
			from(run, text, char(value), start),
		'int IndexOf(string value, StringComparison comparisonType)': (
			run: Run,
			text: string,
			value: string,
			how: EnumValue,
		) => at(run, text, value, folding(how)),
		'int LastIndexOf(string value)': (run: Run, text: string, value: string) => {
			run.look(text.length);
			return text.lastIndexOf(value);
		},
		'int LastIndexOf(char value)': (run: Run, text: string, value: CharValue) => {
			run.look(text.length);
			return text.lastIndexOf(char(value));
		},
		'int IndexOfAny(char[] anyOf)': (run: Run, text: string, chars: ListValue) => {
			run.look(text.length);
			const wanted = new Set(charTexts(chars));
			for (let index = 0; index < text.length; index++) if (wanted.has(text.charAt(index))) return index;
			return -1;
		},
	});
}

function equal(run: Run, a: string | null, b: string | null, how: EnumValue): boolean {
	if (a === null || b === null || a.length !== b.length) return a === b;
	run.look(a.length);
	return a === b || (ignoresCase(how) && folded(a) === folded(b));
}

function char(value: CharValue): string {
	return String.fromCharCode(value.code);
}

function folding(how: EnumValue): (text: string) => string {
	return ignoresCase(how) ? folded : (text) => text;
}

function at(run: Run, text: string, value: string, fold: (text: string) => string): number {
	run.look(text.length + value.length);
	return fold(text).indexOf(fold(value));
}

function from(run: Run, text: string, value: string, start: number): number {
	if (start < 0 || start > text.length) throw argumentRange('startIndex');
	run.look(text.length);
	return text.indexOf(value, start);
}

function addChanges(table: MemberTable): void {
	table.add('string', {
		'string ToString()': (_: Run, text: string) => text,
		'string Trim()': (run: Run, text: string) => make(run, trim(text, undefined)),
		'string TrimStart()': (run: Run, text: string) => make(run, trim(text, undefined, true, false)),
		'string TrimEnd()': (run: Run, text: string) => make(run, trim(text, undefined, false, true)),
		'string Trim(params char[] trimChars)': (run: Run, text: string, chars: ListValue) =>
			make(run, trim(text, charSet(chars))),
		'string TrimStart(params char[] trimChars)': (run: Run, text: string, chars: ListValue) =>
			make(run, trim(text, charSet(chars), true, false)),
		'string TrimEnd(params char[] trimChars)': (run: Run, text: string, chars: ListValue) =>
			make(run, trim(text, charSet(chars), false, true)),
		'string ToLower()': (run: Run, text: string) => make(run, lowered(text)),
		'string ToUpper()': (run: Run, text: string) => make(run, folded(text)),
		'string ToLower(CultureInfo? culture)': (run: Run, text: string) => make(run, lowered(text)),
		'string ToUpper(CultureInfo? culture)': (run: Run, text: string) => make(run, folded(text)),
		'string ToLowerInvariant()': (run: Run, text: string) => make(run, lowered(text)),
		'string ToUpperInvariant()': (run: Run, text: string) => make(run, folded(text)),
		'string Replace(string oldValue, string? newValue)': (run: Run, text: string, old: string, next: string | null) => {
			if (old === '') throw exception('ArgumentException', "String cannot be of zero length. (Parameter 'oldValue')");
			return replace(run, text, old, next ?? '');
		},
		'string Replace(char oldChar, char newChar)': (run: Run, text: string, old: CharValue, next: CharValue) =>
			replace(run, text, char(old), char(next)),
		'string PadLeft(int totalWidth)': (run: Run, text: string, width: number) => pad(run, text, width, ' ', true),
		'string PadRight(int totalWidth)': (run: Run, text: string, width: number) => pad(run, text, width, ' ', false),
		'string PadLeft(int totalWidth, char paddingChar)': (run: Run, text: string, width: number, filler: CharValue) =>
			pad(run, text, width, char(filler), true),
		'string PadRight(int totalWidth, char paddingChar)': (run: Run, text: string, width: number, filler: CharValue) =>
			pad(run, text, width, char(filler), false),
	});
}

function charSet(list: ListValue): ReadonlySet<string> | undefined {
	return list.items.length === 0 ? undefined : new Set(charTexts(list));
}

function replace(run: Run, text: string, old: string, next: string): string {
	run.look(text.length);
	const pieces = text.split(old);
	run.make(text.length + (pieces.length - 1) * next.length);
	return pieces.join(next);
}

function pad(run: Run, text: string, width: number, filler: string, isLeft: boolean): string {
	if (width < 0) throw argumentRange('totalWidth');
	run.make(Math.max(width, text.length));
	return isLeft ? text.padStart(width, filler) : text.padEnd(width, filler);
}

function addStatics(table: MemberTable): void {
	table.add('string', {
		'static string Empty': () => '',
		'static bool IsNullOrEmpty(string? value)': (_: Run, value: string | null) => value === null || value === '',
		'static bool IsNullOrWhiteSpace(string? value)': (_: Run, value: string | null) =>
			value === null || trim(value, undefined) === '',
		'static string Join(string? separator, IEnumerable<string> values)': (
			run: Run,
			separator: string | null,
			values: Value,
		) => join(run, separator ?? '', values),
		'static string Join<T>(string? separator, IEnumerable<T> values)': (
			run: Run,
			separator: string | null,
			values: Value,
		) => join(run, separator ?? '', values),
		'static string Join(string? separator, params string[] value)': (
			run: Run,
			separator: string | null,
			values: Value,
		) => join(run, separator ?? '', values),
		'static string Join(string? separator, params object[] values)': (
			run: Run,
			separator: string | null,
			values: Value,
		) => join(run, separator ?? '', values),
		'static string Join<T>(char separator, IEnumerable<T> values)': (run: Run, separator: CharValue, values: Value) =>
			join(run, char(separator), values),
		'static string Join(char separator, params string[] value)': (run: Run, separator: CharValue, values: Value) =>
			join(run, char(separator), values),
		'static string Concat(params string[] values)': (run: Run, values: Value) => join(run, '', values),
		'static string Concat(params object[] args)': (run: Run, values: Value) => join(run, '', values),
		'static string Concat<T>(IEnumerable<T> values)': (run: Run, values: Value) => join(run, '', values),
		'static string Format(string format, params object[] args)': (run: Run, format: string, args: ListValue) =>
			composite(run, format, args.items),
		'static string Copy(string str)': (_: Run, text: string) => text,
		'static string new(char c, int count)': (run: Run, filler: CharValue, count: number) =>
			pad(run, '', count, char(filler), true),
		'static string new(char[]? value)': (run: Run, chars: ListValue | null) => join(run, '', chars ?? ''),
	});
}

function join(run: Run, separator: string, values: Value): string {
	const parts: string[] = [];
	let length = 0;
	for (const value of elementsOf(values as Exclude<Value, null>)) {
		run.step();
		const text = textOf(value);
		length += text.length + separator.length;
		run.make(text.length + separator.length);
		parts.push(text);
	}
	return length === 0 ? '' : parts.join(separator);
}
