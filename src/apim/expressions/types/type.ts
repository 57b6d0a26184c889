/**
 * Static types. Equal types are one object, so that `===` compares them; only objects without a type (`new { … }`) have
 * one of their own each time. `array` and `Nullable` are the names behind `T[]` and `T?`.
 */
export interface Type {
	readonly name: string;
	readonly args: readonly Type[];
	/** As C# writes it: `List<string>`, `string[]`, `int?`. */
	readonly text: string;
	/** A parameter of a generic signature, which no value has. */
	readonly isParameter: boolean;
	/** Members of an object without a type; undefined for every other. */
	readonly fields: ReadonlyMap<string, Type> | undefined;
}

const known = new Map<string, Type>();

export function type(name: string, ...args: readonly Type[]): Type {
	return intern(name, args, false);
}

/** `T` of a signature. */
export function typeParameter(name: string): Type {
	return intern(name, [], true);
}

export function arrayOf(element: Type): Type {
	return type('array', element);
}

export function nullable(underlying: Type): Type {
	return type('Nullable', underlying);
}

export function anonymousType(fields: ReadonlyMap<string, Type>): Type {
	const text = `{ ${[...fields].map(([name, field]) => `${field.text} ${name}`).join(', ')} }`;
	return { name: 'anonymous', args: [], text, isParameter: false, fields };
}

function intern(name: string, args: readonly Type[], isParameter: boolean): Type {
	const text = typeText(name, args);
	const key = isParameter ? `!${text}` : args.length === 0 ? text : `${name}<${args.map((arg) => keyOf(arg)).join()}>`;
	// What is made of an object without a type is as little the same as that is.
	const isShared = args.every((arg) => known.get(keyOf(arg)) === arg);
	const found = isShared ? known.get(key) : undefined;
	if (found !== undefined) return found;
	const made: Type = { name, args, text, isParameter, fields: undefined };
	if (isShared) known.set(key, made);
	return made;
}

function keyOf(part: Type): string {
	if (part.isParameter) return `!${part.text}`;
	return part.args.length === 0 ? part.text : `${part.name}<${part.args.map(keyOf).join()}>`;
}

function typeText(name: string, args: readonly Type[]): string {
	const [first] = args;
	if (name === 'array' && first !== undefined) return `${first.text}[]`;
	if (name === 'Nullable' && first !== undefined) return `${first.text}?`;
	return args.length === 0 ? name : `${name}<${args.map((arg) => arg.text).join(', ')}>`;
}

export const types = {
	object: type('object'),
	string: type('string'),
	bool: type('bool'),
	char: type('char'),
	int: type('int'),
	long: type('long'),
	double: type('double'),
	decimal: type('decimal'),
	void: type('void'),
	/** Of `null`, which becomes any type that has it. */
	null: type('null'),
	/** Of `throw …`, which becomes any type. */
	never: type('never'),
	/** Of a lambda before its parameters are known. */
	lambda: type('lambda'),
} as const;

/** Integers, smallest first, then the others; what stands later may hold what stands before, by the table of conversions. */
export const numericNames = [
	'sbyte',
	'byte',
	'short',
	'ushort',
	'int',
	'uint',
	'long',
	'ulong',
	'float',
	'double',
	'decimal',
] as const;
export type NumericName = (typeof numericNames)[number];

const numeric: ReadonlySet<string> = new Set(numericNames);
const valueTypes: ReadonlySet<string> = new Set([
	...numericNames,
	'bool',
	'char',
	'DateTime',
	'DateTimeOffset',
	'TimeSpan',
	'Guid',
	'KeyValuePair',
	'Nullable',
	'void',
	'DayOfWeek',
	'StringComparison',
	'StringSplitOptions',
	'RegexOptions',
	'DateTimeKind',
	'Formatting',
	'JTokenType',
	'UriKind',
	'UriComponents',
	'UriFormat',
	'UriPartial',
	'NumberStyles',
	'DateTimeStyles',
	'MidpointRounding',
	'HttpStatusCode',
	'Base64FormattingOptions',
	'X509NameType',
]);

export function isNumeric(of: Type): boolean {
	return numeric.has(of.name);
}

/** Whether a variable of it can hold null. */
export function holdsNull(of: Type): boolean {
	return of.name === 'Nullable' || !valueTypes.has(of.name);
}

/** `T` of `T?`, any other type itself. */
export function underlying(of: Type): Type {
	return of.name === 'Nullable' ? (of.args[0] ?? of) : of;
}
