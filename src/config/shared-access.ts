/**
 * Providers of shared access signatures: a set of named key pairs, and what each key is allowed. Nothing is fetched and
 * nobody issues anything, so most of what is said of an OAuth provider has no meaning here, and is refused.
 */
import type { SharedAccessFormat } from '#core/index';
import { sharedAccessKeyOctets, sharedAccessTraits } from '#formats/shared-access/format';
import { isIdentifier } from '#formats/shared-access/identifier';
import { parseResource } from '#formats/shared-access/resource';
import { templateNames } from '#formats/template';
import { defaults } from './defaults.ts';
import type { ProviderDefinition, SharedKeyDefinition } from './definition.ts';
import { type ConfigPath, listWords, type Report, suggest } from './diagnostics.ts';
import { generationOf } from './generation.ts';
import type { ReadProvider } from './providers.ts';
import { asList, checkClaimName, type Reading, readClaims, readTokenFrom, seconds } from './reading.ts';
import type { ProviderFile } from './schema.ts';
import type { ShapedProvider } from './shape.ts';
import { checkSecret } from './shared-secret.ts';
import { checkTokenFrom } from './token-from.ts';

const ownKeys = ['format', 'keys', 'stored_keys', 'unnamed_key'] as const satisfies readonly (keyof ProviderFile)[];
const sensibleKeys: ReadonlySet<string> = new Set<keyof ProviderFile>([
	...ownKeys,
	'tokens',
	'audience',
	'clients',
	'clock_skew',
	'max_lifetime',
	'required_claims',
	'claims',
	'token_from',
]);
/** Said by the signature itself, or about things that it has not got. */
const takenClaims: ReadonlySet<string> = new Set([
	'iss',
	'aud',
	'exp',
	'nbf',
	'iat',
	'jti',
	'client_id',
	'scope',
	'cnf',
]);

/** Keys of signatures have no meaning with any other kind of token. */
export function checkNoSharedAccess({ path, present }: ShapedProvider, { report }: Reading): void {
	for (const key of ownKeys) {
		if (!present.has(key)) continue;
		report.error([...path, key], `${key} is for shared access signatures`, {
			at: 'key',
			fix: 'Say tokens: [shared_access] for a provider of these.',
		});
	}
}

export function readSharedAccessProvider(shaped: ShapedProvider, reading: Reading): ReadProvider {
	const { name, path, values, present } = shaped;
	const { report } = reading;
	checkKeysOfProvider(shaped, report);
	if (values.format === undefined && !present.has('format')) {
		report.error(path, 'format is missing: what do the signatures look like?', {
			at: 'key',
			fix: `Say ${listWords(Object.keys(sharedAccessTraits))}.`,
		});
	}
	const format = values.format ?? 'service_bus';
	const keys = readKeys(shaped, reading);
	const { resource } = sharedAccessTraits[format];
	if (!resource && present.has('audience')) {
		report.error([...path, 'audience'], `a signature of the format ${format} names no resource`, { at: 'key' });
	}
	checkRoots(values.audience, format, [...path, 'audience'], report);
	checkUnnamedKey(shaped, format, keys, report);
	if (values.token_from !== undefined) checkTokenFrom(values.token_from, [...path, 'token_from'], report);
	for (const [index, claim] of (values.required_claims ?? []).entries()) {
		checkClaimName(claim, [...path, 'required_claims', index], report);
	}

	const parts: Omit<ProviderDefinition, 'generation'> = {
		name,
		preset: undefined,
		tokens: ['shared_access'],
		issuers: [],
		issuerTemplate: undefined,
		keys: { from: 'none' },
		sharedAccess: { format, keys, storedKeys: values.stored_keys ?? false, unnamedKey: values.unnamed_key },
		decryptionKeys: [],
		introspection: undefined,
		algorithms: [],
		typ: [],
		clockSkew: seconds(values.clock_skew ?? defaults.clockSkew) ?? 0,
		maxLifetime: seconds(values.max_lifetime),
		maxAge: undefined,
		requiredClaims: values.required_claims ?? [],
		claims: readClaims(values.claims, [...path, 'claims'], report),
		scopeClaims: [],
		extraScopeClaims: [],
		clientClaims: [],
		audienceClaims: [],
		tokenFrom: readTokenFrom(values.token_from ?? { header: 'Authorization' }),
	};
	return {
		name,
		path,
		definition: { ...parts, generation: generationOf(parts) },
		audience: values.audience === undefined ? undefined : asList(values.audience),
		clients: values.clients ?? [],
		withoutAudience: !resource,
		// Keys are given to this gateway alone: whoever signs with one means nobody else.
		needsClients: false,
		audienceBroken: present.has('audience') && values.audience === undefined,
	};
}

function checkKeysOfProvider({ path, values, present }: ShapedProvider, report: Report): void {
	const senseless = [...present].filter((key) => !sensibleKeys.has(key));
	for (const key of senseless) {
		report.error([...path, key], `${key} has no meaning for shared access signatures`, {
			at: 'key',
			...(key === 'max_age'
				? { fix: 'They do not say when they were made. max_lifetime bounds the time to their end.' }
				: {}),
		});
	}
	if ((values.tokens?.length ?? 0) > 1) {
		report.error([...path, 'tokens'], 'shared_access stands alone', { fix: 'Make one provider for each kind.' });
	}
}

function readKeys({ path, values, present }: ShapedProvider, { report }: Reading): readonly SharedKeyDefinition[] {
	const { format, keys } = values;
	const entries = Object.entries(keys ?? {});
	if (entries.length === 0 && values.stored_keys !== true && (keys !== undefined || !present.has('keys'))) {
		report.error(keys === undefined ? path : [...path, 'keys'], 'no keys: nobody could sign anything', {
			at: 'key',
			fix: 'For example: keys: { RootManage: { primary: "${env:KEY}" } }, or stored_keys: true',
		});
	}
	const seen = new Map<string, string>();
	return entries.map(([name, key]) => {
		const at = [...path, 'keys', name];
		const nameProblem = format === undefined ? undefined : keyNameProblem(name, format);
		if (nameProblem !== undefined) report.error(at, nameProblem, { at: 'key' });
		for (const half of ['primary', 'secondary'] as const) {
			const text = key[half];
			if (text === undefined) continue;
			const problem = format === undefined ? undefined : keyProblem(text, format);
			if (problem !== undefined) {
				report.error([...at, half], problem, { fix: 'Make one with: openssl rand -base64 32' });
				continue;
			}
			const owner = seen.get(text);
			if (owner === name) report.error([...at, half], 'primary and secondary are the same key');
			else if (owner !== undefined) {
				report.error([...at, half], `${owner} has the same key: whoever holds it could use either name`);
			}
			seen.set(text, name);
		}
		checkClaims(key.claims, [...at, 'claims'], report);
		const { primary, secondary, disabled = false, scopes = [], claims = {} } = key;
		return { name, primary, secondary, disabled, scopes, claims };
	});
}

function keyNameProblem(name: string, format: SharedAccessFormat): string | undefined {
	if (name === '' || name.length > 256 || /\p{Cc}/u.test(name)) {
		return 'a key name has 1 to 256 characters, none of them a control character';
	}
	if (sharedAccessTraits[format].resource || isIdentifier(name)) return undefined;
	return `with ${format} a key name has letters, digits, ".", "_", "~" and "-"`;
}

/** Strength as octets, then what makes any secret guessable. */
function keyProblem(text: string, format: SharedAccessFormat): string | undefined {
	const octets = sharedAccessKeyOctets(format, text);
	return typeof octets === 'string' ? octets : checkSecret(text, [])?.replace('the secret', 'the key');
}

function checkClaims(claims: object | undefined, path: ConfigPath, report: Report): void {
	for (const [claim, value] of Object.entries(claims ?? {})) {
		if (takenClaims.has(claim)) {
			report.error([...path, claim], `${claim} is what the signature says itself`, { at: 'key' });
		}
		if (claim.startsWith('/')) report.error([...path, claim], 'a claim is set by its name', { at: 'key' });
		if (claim === 'sub' && typeof value !== 'string') report.error([...path, claim], 'sub is text');
	}
}

function checkUnnamedKey(
	{ path, values }: ShapedProvider,
	format: SharedAccessFormat,
	keys: readonly SharedKeyDefinition[],
	report: Report,
): void {
	const { unnamed_key: unnamed } = values;
	if (unnamed === undefined) return;
	const at = [...path, 'unnamed_key'];
	if (!sharedAccessTraits[format].resource) {
		report.error(at, `a signature of the format ${format} always names its key`, { at: 'key' });
		return;
	}
	if (values.stored_keys === true || keys.some(({ name }) => name === unnamed)) return;
	const fix = suggest(
		unnamed,
		keys.map(({ name }) => name),
	);
	report.error(at, 'there is no key of this name', fix === undefined ? {} : { fix });
}

/** A root must be readable once its parameters are filled in, and one that the format's clients could sign for. */
export function checkRoots(
	audience: string | readonly string[] | undefined,
	format: SharedAccessFormat,
	path: ConfigPath,
	report: Report,
): void {
	for (const text of asList(audience)) {
		const filled = templateNames(text).reduce((rest, name) => rest.replaceAll(`{${name}}`, 'x'), text);
		const root = parseResource(filled);
		if (root === undefined) {
			report.error(path, 'this is no root of resources that a signature could name', {
				fix: 'For example: sb://bus.example.net/, https://api.example.com/orders or hub.example.net.',
			});
			return;
		}
		if (format === 'service_bus' && root.scheme === '') {
			report.warning(
				path,
				'clients of service_bus sign for resources with a scheme: none of them is within this root',
				{
					fix: 'Write the scheme, such as sb://bus.example.net/; a route can give each provider an audience of its own.',
				},
			);
		}
	}
}
