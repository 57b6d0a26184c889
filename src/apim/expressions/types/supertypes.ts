/** What a type is besides itself. A method of a supertype is found on the type, and a value of the type converts to it. */
import { type Type, type, typeParameter, types } from './type.ts';

const T = typeParameter('T');
const K = typeParameter('K');
const V = typeParameter('V');
const pair = type('KeyValuePair', K, V);

interface Entry {
	readonly parameters: readonly Type[];
	readonly supertypes: readonly Type[];
}

const table: ReadonlyMap<string, Entry> = new Map([
	...generic([T], {
		array: [type('IReadOnlyList', T), type('IList', T)],
		List: [type('IReadOnlyList', T), type('IList', T)],
		HashSet: [type('ICollection', T)],
		Queue: [type('IReadOnlyCollection', T)],
		Stack: [type('IReadOnlyCollection', T)],
		IReadOnlyList: [type('IReadOnlyCollection', T)],
		IList: [type('ICollection', T)],
		IReadOnlyCollection: [type('IEnumerable', T)],
		ICollection: [type('IEnumerable', T)],
		IOrderedEnumerable: [type('IEnumerable', T)],
		JEnumerable: [type('IEnumerable', T)],
	}),
	...generic([K, V], {
		Dictionary: [type('IDictionary', K, V), type('IReadOnlyDictionary', K, V)],
		IDictionary: [type('ICollection', pair)],
		IReadOnlyDictionary: [type('IReadOnlyCollection', pair)],
		IGrouping: [type('IEnumerable', V)],
	}),
	...generic([], {
		string: [type('IEnumerable', types.char)],
		JObject: [type('JContainer')],
		JArray: [type('JContainer'), type('ICollection', type('JToken'))],
		JProperty: [type('JContainer')],
		JContainer: [type('JToken')],
		JValue: [type('JToken')],
		JToken: [type('IEnumerable', type('JToken'))],
		Headers: [type('IReadOnlyDictionary', types.string, type('array', types.string))],
		Variables: [
			type('IDictionary', types.string, types.object),
			type('IReadOnlyDictionary', types.string, types.object),
		],
		GroupCollection: [type('IReadOnlyCollection', type('Group'))],
		MatchCollection: [type('IReadOnlyCollection', type('Match'))],
		Match: [type('Group')],
		StringComparer: [type('IEqualityComparer', types.string)],
		ArgumentException: [type('Exception')],
		ArgumentNullException: [type('ArgumentException')],
		ArgumentOutOfRangeException: [type('ArgumentException')],
		ArithmeticException: [type('Exception')],
		DivideByZeroException: [type('ArithmeticException')],
		OverflowException: [type('ArithmeticException')],
		FormatException: [type('Exception')],
		IndexOutOfRangeException: [type('Exception')],
		InvalidCastException: [type('Exception')],
		InvalidOperationException: [type('Exception')],
		JsonException: [type('Exception')],
		JsonReaderException: [type('JsonException')],
		KeyNotFoundException: [type('Exception')],
		NotSupportedException: [type('Exception')],
		NotImplementedException: [type('Exception')],
		NullReferenceException: [type('Exception')],
		UnauthorizedAccessException: [type('Exception')],
		UriFormatException: [type('FormatException')],
	}),
]);

function generic(parameters: readonly Type[], entries: Readonly<Record<string, readonly Type[]>>): [string, Entry][] {
	return Object.entries(entries).map(([name, supertypes]) => [name, { parameters, supertypes }]);
}

/** The direct ones; none for most types, whose only other type is `object`. */
export function supertypes(of: Type): readonly Type[] {
	const entry = table.get(of.name);
	if (entry === undefined) return [];
	const bindings = new Map(entry.parameters.map((parameter, index) => [parameter, of.args[index] ?? types.object]));
	return entry.supertypes.map((supertype) => substitute(supertype, bindings));
}

/** `of` itself or the first of its supertypes with this name. */
export function asNamed(of: Type, name: string): Type | undefined {
	if (of.name === name && !of.isParameter) return of;
	for (const supertype of supertypes(of)) {
		const found = asNamed(supertype, name);
		if (found !== undefined) return found;
	}
	return undefined;
}

/** `of` with the type parameters of `bindings` put in; those that are not bound stay. */
export function substitute(of: Type, bindings: ReadonlyMap<Type, Type>): Type {
	if (of.isParameter) return bindings.get(of) ?? of;
	if (of.args.length === 0) return of;
	return type(of.name, ...of.args.map((arg) => substitute(arg, bindings)));
}

/** `Exception` and all that are one. */
export const exceptionNames: readonly string[] = [
	'Exception',
	...[...table.keys()].filter((name) => name.endsWith('Exception')),
];
