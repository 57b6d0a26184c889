/** The types that an expression may name. Everything else, and with it files, network and reflection, is unknown. */
import type { TypeName } from '../syntax/ast.ts';
import { SyntaxProblem } from '../syntax/problem.ts';
import { holdsNull, type Type, type, typeParameter } from './type.ts';

const namespaces: ReadonlySet<string> = new Set([
	'System',
	'System.Collections.Generic',
	'System.Globalization',
	'System.Linq',
	'System.Net',
	'System.Security.Cryptography',
	'System.Security.Cryptography.X509Certificates',
	'System.Text',
	'System.Text.RegularExpressions',
	'System.Web',
	'Newtonsoft.Json',
	'Newtonsoft.Json.Linq',
]);

const aliases: ReadonlyMap<string, string> = new Map([
	['String', 'string'],
	['Boolean', 'bool'],
	['Char', 'char'],
	['SByte', 'sbyte'],
	['Byte', 'byte'],
	['Int16', 'short'],
	['UInt16', 'ushort'],
	['Int32', 'int'],
	['UInt32', 'uint'],
	['Int64', 'long'],
	['UInt64', 'ulong'],
	['Single', 'float'],
	['Double', 'double'],
	['Decimal', 'decimal'],
	['Object', 'object'],
]);

const plain =
	'object string bool char sbyte byte short ushort int uint long ulong float double decimal void ' +
	'DateTime DateTimeOffset TimeSpan Guid DayOfWeek DateTimeKind Convert Math BitConverter Enumerable Random Array ' +
	'StringComparison StringComparer StringSplitOptions StringBuilder Encoding CultureInfo NumberStyles DateTimeStyles ' +
	'Regex RegexOptions Match Group GroupCollection MatchCollection Uri UriKind WebUtility HttpUtility ' +
	'JObject JArray JToken JValue JProperty JContainer JTokenType JsonConvert Formatting ' +
	'IProxyContext IRequest IResponse IUrl IMessageBody IApi IOperation IProduct ISubscription IUser IGroup IUserIdentity ' +
	'IDeployment ILastError Jwt BasicAuthCredentials X509Certificate2 ' +
	'Exception ArgumentException ArgumentNullException ArgumentOutOfRangeException ArithmeticException ' +
	'DivideByZeroException OverflowException FormatException IndexOutOfRangeException InvalidCastException ' +
	'InvalidOperationException JsonException JsonReaderException KeyNotFoundException NotSupportedException ' +
	'NotImplementedException NullReferenceException UnauthorizedAccessException UriFormatException';

/** Names without type arguments, in the tables of members too, that an expression cannot write. */
const internal = 'Headers Variables anonymous';

const generic: ReadonlyMap<string, number> = new Map([
	['Nullable', 1],
	['IEnumerable', 1],
	['IOrderedEnumerable', 1],
	['JEnumerable', 1],
	['ICollection', 1],
	['IReadOnlyCollection', 1],
	['IList', 1],
	['IReadOnlyList', 1],
	['List', 1],
	['HashSet', 1],
	['Queue', 1],
	['Stack', 1],
	['IEqualityComparer', 1],
	['Dictionary', 2],
	['IDictionary', 2],
	['IReadOnlyDictionary', 2],
	['KeyValuePair', 2],
	['IGrouping', 2],
]);

const names: ReadonlySet<string> = new Set(plain.split(' '));
const tableNames: ReadonlySet<string> = new Set(`${plain} ${internal}`.split(' '));

/** `T` of signatures, by convention. */
const parameterNames: ReadonlySet<string> = new Set(['T', 'K', 'V', 'R', 'A', 'B']);

/** The known name that `written` stands for, its namespace taken off; undefined when there is none. */
export function knownTypeName(written: string, known: ReadonlySet<string> = names): string | undefined {
	const dot = written.lastIndexOf('.');
	if (dot >= 0 && !namespaces.has(written.slice(0, dot))) return undefined;
	const name = written.slice(dot + 1);
	const meant = aliases.get(name) ?? name;
	return known.has(meant) || isGeneric(meant) ? meant : undefined;
}

function isGeneric(name: string): boolean {
	return generic.has(name) || name === 'Func' || name === 'Action' || name === 'Predicate';
}

/** Whether `written` can begin the name of a type: a part of a namespace. */
export function isNamespacePart(written: string): boolean {
	return [...namespaces].some((namespace) => namespace === written || namespace.startsWith(`${written}.`));
}

/** The type of the expression's own text. Throws a SyntaxProblem for one that is not known. */
export function resolveType(written: TypeName): Type {
	return resolve(written, names, false);
}

/** The type of a signature in the tables of members. */
export function resolveSignatureType(written: TypeName): Type {
	return resolve(written, tableNames, true);
}

function resolve(written: TypeName, known: ReadonlySet<string>, hasParameters: boolean): Type {
	const args = written.args.map((arg) => resolve(arg, known, hasParameters));
	const [first] = args;
	if (written.name === '[]' && first !== undefined) return type('array', first);
	if (written.name === '?' && first !== undefined)
		return holdsNull(first) || first.isParameter ? first : type('Nullable', first);
	if (hasParameters && args.length === 0 && parameterNames.has(written.name)) return typeParameter(written.name);
	const name = knownTypeName(written.name, known);
	if (name === undefined) throw new SyntaxProblem(`the type '${written.name}' is not supported`, written.at);
	const wanted = generic.get(name) ?? (name === 'Predicate' ? 1 : name === 'Func' || name === 'Action' ? undefined : 0);
	if (wanted !== undefined ? args.length !== wanted : name === 'Func' && args.length === 0) {
		throw new SyntaxProblem(`the type '${name}' takes ${wanted ?? 'at least one'} type arguments`, written.at);
	}
	// One shape for all delegates: what they answer is last.
	if (name === 'Predicate') return type('Func', ...args, type('bool'));
	if (name === 'Action') return type('Func', ...args, type('void'));
	return type(name, ...args);
}
