/** The providers of the file → their definitions: preset expanded, defaults filled in, weakenings named. */
import type { Algorithm } from '#core/index';
import { readDecryptionKeys } from './decryption-keys.ts';
import { defaults } from './defaults.ts';
import type { KeysDefinition, ProviderDefinition } from './definition.ts';
import { type ConfigPath, listWords } from './diagnostics.ts';
import { generationOf } from './generation.ts';
import { checkNoIntrospection, isIntrospected, readIntrospection, warnOfUnusedKeys } from './introspection.ts';
import { readKeySource } from './key-sources.ts';
import { presets } from './presets/index.ts';
import { isProblems, type PresetSettings } from './presets/preset.ts';
import { asList, checkClaimName, type Reading, readClaims, readTokenFrom, seconds } from './reading.ts';
import type { ProviderFile } from './schema.ts';
import type { ShapedProvider } from './shape.ts';
import { checkNoSharedAccess, readSharedAccessProvider } from './shared-access.ts';
import { checkTokenFrom } from './token-from.ts';

/** A provider as routes see it: its definition, and what a route's rules start from. */
export interface ReadProvider {
	readonly name: string;
	readonly path: ConfigPath;
	readonly definition: ProviderDefinition;
	readonly audience: readonly string[] | undefined;
	readonly clients: readonly string[];
	/** True where its tokens have no audience, so that a route cannot ask for one. */
	readonly withoutAudience: boolean;
	/** True where nothing but `clients` can take the place of an audience. */
	readonly needsClients: boolean;
	/** An audience or a preset stands in the file but did not pass: what follows from its absence is not worth a word. */
	readonly audienceBroken: boolean;
}

export function readProvider(shaped: ShapedProvider, reading: Reading): ReadProvider {
	const { name, path, values, present } = shaped;
	const { report } = reading;
	if (values.tokens?.includes('shared_access') === true) return readSharedAccessProvider(shaped, reading);
	checkNoSharedAccess(shaped, reading);
	const preset = expandPreset(shaped, reading);
	const issuers = values.issuer === undefined ? (preset?.issuers ?? []) : asList(values.issuer);
	if (issuers.length === 0 && preset === undefined && !present.has('issuer') && !present.has('preset')) {
		report.error(path, 'issuer is missing', { at: 'key', fix: 'Give the exact iss of its tokens, or a preset.' });
	}
	const algorithms = readAlgorithms(shaped, preset);
	const input = { path, values, present, issuers, presetJwksUri: preset?.jwksUri, algorithms };
	const tokens = values.tokens ?? ['jwt'];
	const needsKeys = tokens.includes('jwt') || values.introspection?.signed === true;
	const keys: KeysDefinition = needsKeys
		? (readKeySource(input, reading) ?? { from: 'jwks', jwks: { keys: [] }, file: undefined })
		: { from: 'none' };
	if (!needsKeys) warnOfUnusedKeys(shaped, reading);
	checkAlgorithms(shaped, algorithms, keys, reading);
	if (!isIntrospected(shaped)) checkNoIntrospection(shaped, reading);
	if (values.token_from !== undefined) checkTokenFrom(values.token_from, [...path, 'token_from'], report);
	for (const key of ['required_claims', 'scope_claims', 'extra_scope_claims', 'client_claims'] as const) {
		for (const [index, claim] of (values[key] ?? []).entries()) checkClaimName(claim, [...path, key, index], report);
	}

	const own = readClaims(values.claims, [...path, 'claims'], report);
	const replaced = new Set(own.map(({ claim }) => claim));
	const parts = {
		name,
		preset: values.preset,
		tokens,
		issuers,
		issuerTemplate: values.issuer === undefined ? preset?.issuerTemplate : undefined,
		keys,
		sharedAccess: undefined,
		decryptionKeys: readDecryptionKeys(shaped, reading),
		introspection: isIntrospected(shaped) ? readIntrospection(shaped, issuers, reading) : undefined,
		algorithms,
		typ: readTypes(shaped, reading),
		clockSkew: seconds(values.clock_skew ?? defaults.clockSkew) ?? 0,
		maxLifetime: seconds(values.max_lifetime),
		maxAge: seconds(values.max_age),
		requiredClaims: values.required_claims ?? [],
		claims: [...(preset?.claims ?? []).filter(({ claim }) => !replaced.has(claim)), ...own],
		scopeClaims: values.scope_claims ?? preset?.scopeClaims ?? defaults.scopeClaims,
		extraScopeClaims: values.extra_scope_claims ?? preset?.extraScopeClaims ?? [],
		clientClaims: values.client_claims ?? preset?.clientClaims ?? defaults.clientClaims,
		audienceClaims: preset?.audienceClaims ?? ['aud'],
		tokenFrom: readTokenFrom(values.token_from ?? { header: 'Authorization' }),
	};
	advise(path, values, parts.clockSkew, reading);
	return {
		name,
		path,
		definition: { ...parts, generation: generationOf(parts) },
		audience: values.audience === undefined ? undefined : asList(values.audience),
		clients: values.clients ?? [],
		withoutAudience: parts.audienceClaims.length === 0,
		needsClients: parts.audienceClaims.length === 0,
		audienceBroken:
			(present.has('audience') && values.audience === undefined) || (present.has('preset') && preset === undefined),
	};
}

function expandPreset({ path, values, present }: ShapedProvider, { report }: Reading): PresetSettings | undefined {
	const name = values.preset;
	const mine: readonly string[] = name === undefined ? [] : presets[name].keys;
	if (name !== undefined || !present.has('preset')) {
		for (const key of new Set(Object.values(presets).flatMap((preset): readonly string[] => preset.keys))) {
			if (!present.has(key) || mine.includes(key)) continue;
			const owners = Object.entries(presets).filter(([, preset]) => preset.keys.some((own) => own === key));
			report.error([...path, key], `${key} belongs to the preset ${listWords(owners.map(([owner]) => owner))}`, {
				at: 'key',
			});
		}
	}
	if (name === undefined) return undefined;
	const result = presets[name].expand(values);
	if (!isProblems(result)) return result;
	for (const { key, message, fix } of result) {
		// The file has the key, but its value did not pass: that was reported.
		if (present.has(key) && values[key as keyof ProviderFile] === undefined) continue;
		report.error(present.has(key) ? [...path, key] : [...path, 'preset'], message, fix === undefined ? {} : { fix });
	}
	return undefined;
}

function readAlgorithms({ values }: ShapedProvider, preset: PresetSettings | undefined): readonly Algorithm[] {
	if (values.algorithms !== undefined) return values.algorithms;
	const isShared = values.secret !== undefined || values.secret_base64 !== undefined;
	return isShared ? defaults.secretAlgorithms : (preset?.algorithms ?? defaults.algorithms);
}

function checkAlgorithms(
	{ path, values, present }: ShapedProvider,
	algorithms: readonly Algorithm[],
	keys: KeysDefinition,
	{ report }: Reading,
): void {
	if (values.algorithms === undefined) return;
	const shared = algorithms.filter((algorithm) => algorithm.startsWith('HS'));
	const at = [...path, 'algorithms'];
	if (keys.from === 'secret' && shared.length < algorithms.length) {
		report.error(at, 'a provider with a secret takes only HS256, HS384 and HS512');
	}
	if (keys.from !== 'secret' && shared.length > 0 && !present.has('secret') && !present.has('secret_base64')) {
		report.error(at, `${listWords(shared, 'and')} ${shared.length === 1 ? 'needs' : 'need'} a secret`, {
			fix: 'A public key must never serve as a shared secret (RFC 8725 §3.1).',
		});
	}
}

function readTypes({ path, values, present }: ShapedProvider, { report }: Reading): readonly string[] {
	if (values.profile === 'rfc9068') {
		if (present.has('typ')) report.error([...path, 'typ'], 'profile and typ exclude each other', { at: 'key' });
		return ['at+jwt'];
	}
	return asList(values.typ ?? defaults.typ).map((type) => {
		const name = type.toLowerCase().replace(/^application\//, '');
		return name === 'absent' ? '' : name;
	});
}

function advise(path: ConfigPath, values: ProviderFile, clockSkew: number, { report }: Reading): void {
	if (clockSkew > 60) {
		report.hint([...path, 'clock_skew'], 'more than 60 seconds: expired tokens live that much longer', {
			fix: 'Synchronise the clocks (NTP); 5 to 30 seconds are usual.',
		});
	}
	if (values.insecure_http === true) {
		report.warning([...path, 'insecure_http'], 'keys are fetched without TLS: whoever is on the way can replace them', {
			at: 'key',
		});
	}
	if (values.insecure_any_tenant === true) {
		report.warning(
			[...path, 'insecure_any_tenant'],
			'every Entra tenant in the world can issue tokens for this provider',
			{ at: 'key' },
		);
	}
}
