/** What every value has. */
import type { Run } from '../run/run.ts';
import { equalValues } from '../values/equality.ts';
import { formatValue } from '../values/format.ts';
import { textOf } from '../values/text.ts';
import type { Value } from '../values/value.ts';
import type { MemberTable } from './table.ts';

export function addObjectMembers(table: MemberTable): void {
	table.add('object', {
		'string ToString()': (run: Run, value: Value) => made(run, textOf(value)),
		'bool Equals(object? obj)': (_: Run, value: Value, other: Value) => equalValues(value, other),
		'static bool Equals(object? objA, object? objB)': (_: Run, a: Value, b: Value) => equalValues(a, b),
		'static bool ReferenceEquals(object? objA, object? objB)': (_: Run, a: Value, b: Value) => a === b,
	});
	for (const name of [
		'int',
		'long',
		'double',
		'decimal',
		'float',
		'short',
		'byte',
		'uint',
		'ulong',
		'Guid',
		'DateTime',
		'DateTimeOffset',
		'TimeSpan',
	]) {
		table.add(name, {
			'string ToString(string? format)': (_: Run, value: Value, format: string | null) =>
				formatValue(value, format ?? ''),
			'string ToString(CultureInfo? provider)': (_: Run, value: Value) => textOf(value),
			'string ToString(string? format, CultureInfo? provider)': (_: Run, value: Value, format: string | null) =>
				formatValue(value, format ?? ''),
			'string ToString()': (_: Run, value: Value) => textOf(value),
		});
	}
}

function made(run: Run, text: string): string {
	run.make(text.length);
	return text;
}
