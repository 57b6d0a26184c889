/** Enumerations, with the values that .NET gives their members. */
import { EnumValue } from '../values/plain.ts';
import type { MemberTable } from './table.ts';

const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
	StringComparison: {
		CurrentCulture: 0,
		CurrentCultureIgnoreCase: 1,
		InvariantCulture: 2,
		InvariantCultureIgnoreCase: 3,
		Ordinal: 4,
		OrdinalIgnoreCase: 5,
	},
	StringSplitOptions: { None: 0, RemoveEmptyEntries: 1, TrimEntries: 2 },
	DateTimeKind: { Unspecified: 0, Utc: 1, Local: 2 },
	DayOfWeek: { Sunday: 0, Monday: 1, Tuesday: 2, Wednesday: 3, Thursday: 4, Friday: 5, Saturday: 6 },
	RegexOptions: {
		None: 0,
		IgnoreCase: 1,
		Multiline: 2,
		ExplicitCapture: 4,
		Compiled: 8,
		Singleline: 16,
		CultureInvariant: 512,
	},
	Formatting: { None: 0, Indented: 1 },
	UriKind: { RelativeOrAbsolute: 0, Absolute: 1, Relative: 2 },
	NumberStyles: { None: 0, AllowLeadingWhite: 1, Integer: 7, Number: 111, Any: 511, HexNumber: 515, Float: 167 },
	DateTimeStyles: { None: 0, AssumeLocal: 32, AssumeUniversal: 64, AdjustToUniversal: 16, RoundtripKind: 128 },
	JTokenType: {
		None: 0,
		Object: 1,
		Array: 2,
		Constructor: 3,
		Property: 4,
		Comment: 5,
		Integer: 6,
		Float: 7,
		String: 8,
		Boolean: 9,
		Null: 10,
		Undefined: 11,
		Date: 12,
		Raw: 13,
		Bytes: 14,
		Guid: 15,
		Uri: 16,
		TimeSpan: 17,
	},
};

export function addEnums(table: MemberTable): void {
	for (const [name, members] of Object.entries(enums)) {
		for (const [member, value] of Object.entries(members)) {
			const made = new EnumValue(name, member, value);
			table.add(name, { [`static ${name} ${member}`]: () => made });
		}
	}
}

/** The member of `name` with this value. */
export function enumValue(name: string, value: number): EnumValue {
	const found = Object.entries(enums[name] ?? {}).find(([, each]) => each === value);
	return new EnumValue(name, found?.[0] ?? value.toString(), value);
}

export function isEnum(name: string): boolean {
	return Object.hasOwn(enums, name);
}
