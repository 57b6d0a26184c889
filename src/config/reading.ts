/** What every part of the semantic reading has at hand, and small readings of single values that several parts share. */
import type { CredentialLocation } from '#core/index';
import { parseDuration } from '#formats/duration';
import { isLoopbackHost } from '#formats/ip';
import { parseSize } from '#formats/size';
import type {
	ApimContextDefinition,
	ApimDefinition,
	ApimPolicyDefinition,
	ClaimRule,
	ClientDefinition,
	DecryptionKeyDefinition,
	KeysDefinition,
	MintingKeyDefinition,
} from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import type { ClaimTestsFile, TokenFromFile } from './schema.ts';
import type { FoundSecret } from './secret-ages.ts';
import { resolvePath } from './secrets.ts';

export interface Reading {
	readonly report: Report;
	/** Absolute folder of the configuration file. */
	readonly folder: string;
	/** Files that the configuration names, by absolute path: their text, or why they cannot be read. */
	readonly files: ReadonlyMap<string, FileContent>;
	/** Secrets and keys of the file, and when it is read, milliseconds since the epoch. */
	readonly secrets: readonly FoundSecret[];
	readonly now: number;
	/** Problems of keys that are part of the configuration; empty: none. */
	readonly checkKeys: ((keys: KeysDefinition) => readonly string[]) | undefined;
	/** Problems of keys that decrypt tokens; empty: none. */
	readonly checkDecryptionKey: ((key: DecryptionKeyDefinition) => readonly string[]) | undefined;
	/** What is wrong or risky in a policy of Azure API Management. */
	readonly checkPolicy: CheckPolicy | undefined;
	/** Problems of our own keys towards authorization servers; empty: none. */
	readonly checkClient: ((client: ClientDefinition) => readonly string[]) | undefined;
	/** The name of a key that signs minted tokens, or what is wrong with it. */
	readonly checkMintingKey: CheckMintingKey | undefined;
}

/** `context`: what the route says of itself to the policy's expressions. */
export type CheckPolicy = (
	policy: ApimPolicyDefinition,
	apim: ApimDefinition,
	context: ApimContextDefinition | undefined,
) => readonly PolicyProblem[];

/** `place`: file, line and column. */
export interface PolicyProblem {
	readonly severity: 'error' | 'warning';
	readonly place: string;
	readonly message: string;
}

export type CheckMintingKey = (key: MintingKeyDefinition) => { readonly kid: string } | { readonly problem: string };

export type FileContent = { readonly text: string } | { readonly problem: string };

/** The text of a file that the configuration names; reports and gives undefined when it cannot be read. */
export function readNamedFile(
	reading: Reading,
	name: string,
	path: ConfigPath,
): { text: string; path: string } | undefined {
	const file = resolvePath(reading.folder, name);
	const content = reading.files.get(file);
	if (content !== undefined && 'text' in content) return { text: content.text, path: file };
	reading.report.error(path, `the file ${name} cannot be read: ${content?.problem ?? 'it was not loaded'}`);
	return undefined;
}

/** Seconds. The schema has checked the shape. */
export function seconds(text: string | undefined): number | undefined {
	const duration = text === undefined ? undefined : parseDuration(text);
	return duration === undefined ? undefined : duration / 1000;
}

/** Timers count milliseconds in 31 bits; what is longer would fire at once. */
const longestTimer = 2 ** 31 - 1;

/** Milliseconds for a timer; reports what no timer can count. */
export function timerMilliseconds(text: string, path: ConfigPath, report: Report): number {
	const time = parseDuration(text) ?? 0;
	if (time > longestTimer) report.error(path, 'at most 24d');
	return time;
}

/** Bytes. */
export function bytes(size: string | number | undefined): number | undefined {
	if (typeof size !== 'string') return size;
	return parseSize(size);
}

export function asList<T>(value: T | readonly T[] | undefined): readonly T[] {
	if (value === undefined) return [];
	return isList(value) ? value : [value];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
	return Array.isArray(value);
}

/** The stricter of two bounds, of which either may be absent. */
export function stricter(a: number | undefined, b: number | undefined): number | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	return Math.min(a, b);
}

/** Why a URL may not be fetched, or undefined. https, or http to this machine; no credentials, no fragment. */
export function checkUrl(text: string, options: { readonly insecureHttp: boolean }): string | undefined {
	const url = parseUrl(text);
	if (url === undefined) return 'expected an absolute https: URL';
	if (url.protocol === 'http:' && !options.insecureHttp && !isLoopbackHost(bareHost(url))) {
		return 'expected https: (http: only to this machine, or with insecure_http)';
	}
	if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'expected an https: URL';
	if (url.username !== '' || url.password !== '') return 'a URL with a user name or password is not allowed';
	return text.includes('#') ? 'a URL with a fragment (#) is not allowed' : undefined;
}

/** Undefined for what is no absolute URL, and for the odd spellings that the URL parser would repair. */
export function parseUrl(text: string): URL | undefined {
	if (!/^[a-z]+:\/\/[!-~]+$/.test(text) || text.includes('\\')) return undefined;
	return URL.canParse(text) ? new URL(text) : undefined;
}

/** Host name without the brackets of IPv6. */
export function bareHost(url: URL): string {
	return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

export function readTokenFrom(value: TokenFromFile): readonly CredentialLocation[] {
	return asList(value).map((place): CredentialLocation => {
		if ('header' in place) {
			const { header, scheme } = place;
			return { in: 'header', name: header.toLowerCase(), ...(scheme === undefined ? {} : { scheme }) };
		}
		return 'cookie' in place ? { in: 'cookie', name: place.cookie } : { in: 'query', name: place.insecure_query };
	});
}

/** Claim rules in the order of the file; reports pointers that are none, and tests that say nothing. */
export function readClaims(value: ClaimTestsFile | undefined, path: ConfigPath, report: Report): readonly ClaimRule[] {
	return Object.entries(value ?? {}).flatMap(([claim, test]): ClaimRule[] => {
		const at = [...path, claim];
		checkClaimName(claim, at, report);
		if (typeof test !== 'object') return [{ claim, test: { kind: 'equals', value: test } }];
		const { any_of: anyOf, all_of: allOf } = test;
		if (anyOf === undefined && allOf === undefined) report.error(at, 'expected any_of or all_of');
		return [
			...(allOf === undefined ? [] : [{ claim, test: { kind: 'all_of' as const, values: allOf } }]),
			...(anyOf === undefined ? [] : [{ claim, test: { kind: 'any_of' as const, values: anyOf } }]),
		];
	});
}

/** RFC 6901 §3: `~` only as `~0` or `~1`. */
export function checkClaimName(claim: string, path: ConfigPath, report: Report): void {
	if (claim.startsWith('/') && /~(?![01])/.test(claim)) {
		report.error(path, 'not a JSON Pointer: "~" is written ~0, "/" in a name ~1', { at: 'key' });
	}
}
