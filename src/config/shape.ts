/**
 * Holds plain data against the schema, property by property, so that one fault hides no other: what passes is used on,
 * what does not is reported once and then left out. Words the faults for people; a value is never repeated.
 */
import { z } from 'zod';
import { isJsonObject, type JsonValue } from '#core/index';
import { type ConfigPath, listWords, nearest, type Report, suggest } from './diagnostics.ts';
import { type ConfigFile, configSchema, laterKeys, laterValues, type ProviderFile, type RouteFile } from './schema.ts';
import { providerSchema } from './schema-provider.ts';
import { routeSchema } from './schema-route.ts';

/** An entry of the file that passed in part or in whole. */
export interface Shaped<T> {
	readonly path: ConfigPath;
	readonly values: T;
	/** Keys that are in the file, whether or not their values passed. */
	readonly present: ReadonlySet<string>;
}

export interface ShapedProvider extends Shaped<ProviderFile> {
	readonly name: string;
}

export interface ShapedFile extends Shaped<Omit<ConfigFile, 'providers' | 'routes'>> {
	readonly providers: readonly ShapedProvider[];
	readonly routes: readonly Shaped<RouteFile>[];
}

/**
 * zod writes and compiles a function for each kind of object that it meets. A configuration with ten thousand routes is
 * read as fast without, and a megabyte less stays in memory for as long as the process runs.
 */
const withoutCode: z.core.ParseContext<z.core.$ZodIssue> = { jitless: true };

const providerName = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** Undefined when the file is no mapping. */
export function shapeFile(data: JsonValue | undefined, report: Report): ShapedFile | undefined {
	if (data === undefined || data === null) {
		report.error([], 'the file is empty', {
			fix: 'It needs at least listen, routes and, for guarded routes, providers.',
		});
		return undefined;
	}
	if (!isJsonObject(data)) {
		report.error([], `expected a mapping, got ${kindOf(data)}`);
		return undefined;
	}
	const { providers, routes, ...rest } = data;
	const file = shapeObject<Omit<ConfigFile, 'providers' | 'routes'>>(configSchema, rest, [], report);
	return {
		...file,
		present: new Set([...file.present, ...Object.keys(data)]),
		providers: shapeProviders(providers, report),
		routes: shapeRoutes(routes, report),
	};
}

function shapeProviders(data: JsonValue | undefined, report: Report): ShapedProvider[] {
	if (data === undefined) return [];
	if (!isJsonObject(data)) {
		report.error(['providers'], `expected a mapping of names to providers, got ${kindOf(data)}`);
		return [];
	}
	return Object.entries(data).map(([name, value]) => {
		const path = ['providers', name];
		if (!providerName.test(name)) {
			report.error(
				path,
				'a provider’s name begins with a letter and has at most 64 letters, digits, ".", "_" and "-"',
				{ at: 'key' },
			);
		}
		return { name, ...shapeEntry<ProviderFile>(providerSchema, value, path, ['issuer', 'audience'], report) };
	});
}

function shapeRoutes(data: JsonValue | undefined, report: Report): Shaped<RouteFile>[] {
	if (data === undefined) {
		report.error([], 'routes is missing');
		return [];
	}
	if (!isList(data)) {
		report.error(['routes'], `expected a list of routes, got ${kindOf(data)}`);
		return [];
	}
	return data.map((value, index) =>
		shapeEntry<RouteFile>(routeSchema, value, ['routes', index], ['path', 'providers', 'upstream'], report),
	);
}

/** `required`: keys that count as present in what is no mapping, so that their absence is no second fault. */
function shapeEntry<T>(
	schema: z.ZodObject,
	data: JsonValue,
	path: ConfigPath,
	required: readonly string[],
	report: Report,
): Shaped<T> {
	if (isJsonObject(data)) return shapeObject<T>(schema, data, path, report);
	report.error(path, `expected a mapping, got ${kindOf(data)}`);
	return { path, values: {} as T, present: new Set(required) };
}

function shapeObject<T>(
	schema: z.ZodObject,
	data: Readonly<Record<string, JsonValue>>,
	path: ConfigPath,
	report: Report,
): Shaped<T> {
	const values: Record<string, unknown> = {};
	const known = Object.keys(schema.shape);
	const unknown: string[] = [];
	for (const [key, value] of Object.entries(data)) {
		if (!Object.hasOwn(schema.shape, key)) {
			unknown.push(key);
			continue;
		}
		const property = schema.shape[key] as z.ZodType;
		const parsed = property.safeParse(value, withoutCode);
		if (parsed.success) {
			values[key] = parsed.data;
			continue;
		}
		const { issues } = parsed.error;
		reportIssues(issues, value, [...path, key], { schema: property, from: path.length + 1, report });
		const rest = withoutFaults(property, value, issues);
		if (rest !== undefined) values[key] = rest;
	}
	reportUnknownKeys(unknown, known, path, report);
	// A misspelt key is one fault, not also a missing one.
	const meant = unknown.flatMap((key) => nearest(key, known) ?? []);
	return { path, values: values as T, present: new Set([...Object.keys(data), ...meant]) };
}

/** The entries of a mapping with free keys (claims, headers, responses) that passed; each stands for itself. */
function withoutFaults(property: z.ZodType, value: JsonValue, issues: readonly Issue[]): unknown {
	const schema = property instanceof z.ZodOptional ? property.unwrap() : property;
	if (!(schema instanceof z.ZodRecord) || !isJsonObject(value)) return undefined;
	const faulty = new Set(
		issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : issue.path.slice(0, 1).map(String))),
	);
	const passed = Object.fromEntries(Object.entries(value).filter(([key]) => !faulty.has(key)));
	const parsed = property.safeParse(passed, withoutCode);
	return parsed.success ? parsed.data : undefined;
}

type Issue = z.core.$ZodIssue;

interface Reporting {
	/** Of the property in which the issues are, and how many steps down that is. */
	readonly schema: z.ZodType;
	readonly from: number;
	readonly report: Report;
}

function reportIssues(issues: readonly Issue[], data: JsonValue, path: ConfigPath, reporting: Reporting): void {
	const { report } = reporting;
	for (const issue of issues) {
		const steps = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
		const at = [...path, ...steps];
		const value = steps.reduce<JsonValue | undefined>(childOf, data);
		if (issue.code === 'unrecognized_keys') {
			reportUnknownKeys(issue.keys, knownKeys(reporting.schema, at.slice(reporting.from)), at, report);
			continue;
		}
		if (issue.code === 'invalid_union') {
			const branch = nearestBranch(issue.errors);
			if (branch !== undefined && value !== undefined) {
				reportIssues(branch, value, at, reporting);
				continue;
			}
			const types = typesOf(issue.errors);
			if (types.length > 1 && isJsonObject(value) && value['type'] !== undefined) {
				report.error([...at, 'type'], `expected ${listWords(types)}`, fixForValue(value['type'], types));
				continue;
			}
		}
		if (issue.code === 'invalid_key') {
			const [inner] = issue.issues;
			report.error(at, inner === undefined ? issue.message : wordIssue(inner, undefined), { at: 'key' });
			continue;
		}
		const fix = issue.code === 'invalid_value' ? fixForValue(value, issue.values.map(String)) : undefined;
		report.error(at, wordIssue(issue, value), fix);
	}
}

/** The one form of a union that the value was meant to have: the only one that it fails inside, not as a whole. */
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
	const inside = branches.filter((issues) => !issues.some(isWholly));
	// Of mappings that are told apart by `type`, the one that it names.
	const named = inside.filter((issues) => !issues.some(isOfType));
	const [meant, second] = named.length === 0 ? inside : named;
	return second === undefined ? meant : undefined;
}

/** What `type` may be, where every mapping of a union is refused for its own. */
function typesOf(branches: readonly (readonly Issue[])[]): readonly string[] {
	return branches.flatMap((issues) =>
		issues.flatMap((issue) => (isOfType(issue) && issue.code === 'invalid_value' ? issue.values.map(String) : [])),
	);
}

function isOfType({ path }: Issue): boolean {
	return path.length === 1 && path[0] === 'type';
}

function isWholly(issue: Issue): boolean {
	if (issue.path.length > 0) return false;
	if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isWholly));
	return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

const typeWords: Readonly<Record<string, string>> = {
	string: 'text',
	number: 'a number',
	int: 'a whole number',
	boolean: 'true or false',
	array: 'a list',
	object: 'a mapping',
	record: 'a mapping',
};

function wordIssue(issue: Issue, value: JsonValue | undefined): string {
	const ofKind = issue.code === 'invalid_type' || issue.code === 'invalid_union';
	if (ofKind && value === undefined) return 'this is missing';
	const got = value === undefined ? '' : `, got ${kindOf(value)}`;
	if (!generic.test(issue.message)) return ofKind ? `${issue.message}${got}` : issue.message;
	if (issue.code === 'invalid_type') return `expected ${typeWords[issue.expected] ?? issue.expected}${got}`;
	return issue.code === 'invalid_value'
		? `expected ${listWords(issue.values.map(String))}`
		: 'this value is not allowed here';
}

/** How the library words what the schema has no words for. */
const generic = /^(Invalid|Too |Unrecognized)/;

function fixForValue(value: JsonValue | undefined, allowed: readonly string[]): { readonly fix: string } | undefined {
	if (typeof value !== 'string') return undefined;
	if (laterValues.includes(value)) return { fix: 'This value is not available in this version.' };
	const fix = suggest(value, allowed);
	return fix === undefined ? undefined : { fix };
}

function reportUnknownKeys(
	unknown: readonly string[],
	known: readonly string[],
	path: ConfigPath,
	report: Report,
): void {
	const later = laterKeysAt(path);
	for (const key of unknown) {
		if (later.includes(key)) {
			report.error([...path, key], `${key} is not available in this version`, { at: 'key' });
			continue;
		}
		const fix =
			suggest(key, known) ??
			(known.length > 0 && known.length <= 8 ? `Known here: ${listWords(known, 'and')}.` : undefined);
		report.error([...path, key], `unknown key ${key}`, { at: 'key', ...(fix === undefined ? {} : { fix }) });
	}
}

function laterKeysAt(path: ConfigPath): readonly string[] {
	if (path.length === 0) return laterKeys.file;
	if (path.length === 2 && path[0] === 'providers') return laterKeys.provider;
	return path.length === 2 && path[0] === 'routes' ? laterKeys.route : [];
}

/** Keys that the schema knows at a place, whichever form of a union it is. */
function knownKeys(schema: unknown, steps: ConfigPath): readonly string[] {
	if (schema instanceof z.ZodOptional) return knownKeys(schema.unwrap(), steps);
	if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => knownKeys(option, steps));
	const [step, ...rest] = steps;
	if (schema instanceof z.ZodObject) {
		if (step === undefined) return Object.keys(schema.shape);
		return Object.hasOwn(schema.shape, step) ? knownKeys(schema.shape[step], rest) : [];
	}
	if (step === undefined)
		return schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum
			? schema.keyType.options.map(String)
			: [];
	if (schema instanceof z.ZodArray) return knownKeys(schema.element, rest);
	return schema instanceof z.ZodRecord ? knownKeys(schema.valueType, rest) : [];
}

function childOf(value: JsonValue | undefined, step: string | number): JsonValue | undefined {
	if (value === undefined || value === null || typeof value !== 'object') return undefined;
	if (isList(value)) return typeof step === 'number' ? value[step] : undefined;
	return Object.hasOwn(value, step) ? (value as Readonly<Record<string, JsonValue>>)[step] : undefined;
}

function kindOf(value: JsonValue): string {
	if (value === null) return 'nothing';
	if (isList(value)) return 'a list';
	if (typeof value === 'boolean') return String(value);
	if (typeof value === 'object') return 'a mapping';
	return typeof value === 'string' ? 'text' : 'a number';
}

function isList(value: JsonValue): value is readonly JsonValue[] {
	return Array.isArray(value);
}
