/**
 * The keys of policies. Each metadata URL that stands in a policy becomes a provider of its own, with key source, rotation,
 * kept keys and metrics like any other; keys that stand in a policy are imported here.
 */
import { flatStatements } from '#apim/statements/flat-statements';
import type { ReadPolicy } from '#apim/statements/read-policy';
import type { Finding } from '#apim/statements/reading';
import type { Statement } from '#apim/statements/statement';
import type { KeyText, ValidateJwt } from '#apim/statements/validate-jwt';
import { defaults } from '#config/defaults';
import type { ApimDefinition, ProviderDefinition } from '#config/definition';
import type { Algorithm, CredentialLocation, Cryptography, DecryptionKey, VerificationKey } from '#core/index';
import { decodeBase64 } from '#formats/base64';
import { parseDuration } from '#formats/duration';
import { admitJwk } from '#keys/verification/jwk';
import { checkOutboundUrl } from '#keys/verification/url';

export type Validation = Statement & { readonly kind: 'validate-jwt' | 'validate-azure-ad-token' };

/** Every `validate-jwt` and `validate-azure-ad-token` of these statements, in their order, at any depth. */
export function validationsIn(statements: readonly Statement[]): readonly Validation[] {
	return flatStatements(statements).filter(
		(statement): statement is Validation =>
			statement.kind === 'validate-jwt' || statement.kind === 'validate-azure-ad-token',
	);
}

const entra = 'https://login.microsoftonline.com';

/** Metadata of a tenant: an id, a domain name, or a URL that ends in one; undefined: it is neither. */
export function tenantUrl(tenant: string): string | undefined {
	const match = /^(?:(https:\/\/[a-z0-9.-]+)\/)?([A-Za-z0-9][A-Za-z0-9.-]{0,127})\/?$/.exec(tenant);
	return match === null ? undefined : `${match[1] ?? entra}/${match[2]}/v2.0/.well-known/openid-configuration`;
}

/** URLs that a statement names as they stand; `isDynamic`: there are others that depend on the request. */
export function metadataOf(spec: ValidateJwt): { readonly urls: readonly string[]; readonly isDynamic: boolean } {
	const { configurations, tenant } = spec;
	const urls = configurations.flatMap((value) => (value.kind === 'constant' ? [value.text] : []));
	const ofTenant = tenant?.kind === 'constant' ? tenantUrl(tenant.text) : undefined;
	return {
		urls: [...new Set(ofTenant === undefined ? urls : [...urls, ofTenant])],
		isDynamic: configurations.some(({ kind }) => kind === 'expression') || tenant?.kind === 'expression',
	};
}

/** Host and port of a URL that may be asked; undefined otherwise. */
export function hostOfUrl(url: string): string | undefined {
	if (checkOutboundUrl(url, { insecureHttp: false }) !== undefined) return undefined;
	return /^https?:\/\/([^/?#]+)/.exec(url)?.[1]?.toLowerCase();
}

/** Name of the provider for a metadata URL: short, and another one for another URL. */
export function metadataProvider(url: string, cryptography: Pick<Cryptography, 'hexDigest'>): string {
	const host = (hostOfUrl(url) ?? 'unknown').replaceAll(/[^a-z0-9.-]/g, '-').slice(0, 40);
	return `apim.${host}.${cryptography.hexDigest(url).slice(0, 8)}`;
}

/** Keys that stand in a statement. Faults are words without anything of a key. */
export function importKeys(
	spec: ValidateJwt,
	apim: ApimDefinition,
	cryptography: Cryptography,
	fault: (key: KeyText, message: string) => void,
): { readonly signing: readonly VerificationKey[]; readonly decryption: readonly DecryptionKey[] } {
	const each = <T>(keys: readonly KeyText[], read: (key: KeyText) => T | string): readonly T[] =>
		keys.flatMap((key) => {
			let imported: T | string;
			try {
				imported = read(key);
			} catch (error) {
				imported = error instanceof Error ? error.message : 'the key cannot be used';
			}
			if (typeof imported !== 'string') return [imported];
			fault(key, imported);
			return [];
		});
	return {
		signing: each(spec.signingKeys, (key) => signingKey(key, apim, cryptography)),
		decryption: each(
			spec.decryptionKeys.filter((key) => inertSecret(key) === undefined),
			(key) => decryptionKey(key, apim, cryptography),
		),
	};
}

/** RFC 7518 §3.2: as long as the hash, in octets. */
const secretOctets: readonly (readonly [Algorithm, number])[] = [
	['HS256', 32],
	['HS384', 48],
	['HS512', 64],
];

function signingKey({ id, key }: KeyText, apim: ApimDefinition, cryptography: Cryptography): VerificationKey | string {
	switch (key.from) {
		case 'base64': {
			const octets = decodeBase64(key.text.replaceAll(/\s/g, ''));
			if (octets === null) return 'the key is not Base64 (RFC 4648 §4)';
			const algorithms = secretOctets.flatMap(([name, least]) => (octets.length >= least ? [name] : []));
			if (algorithms.length === 0) {
				return `the key has ${octets.length} octets: HS256 needs 32, HS384 48, HS512 64 (RFC 7518 §3.2)`;
			}
			return {
				kid: id,
				algorithms: new Set(algorithms),
				issuer: undefined,
				thumbprint: undefined,
				public: cryptography.importSecret(octets),
				retired: false,
				usableUntil: Number.POSITIVE_INFINITY,
			};
		}
		case 'certificate': {
			const found = apim.certificates.find((certificate) => certificate.id === key.id);
			if (found === undefined) return `the certificate ${key.id} is not defined`;
			return admitted(cryptography.pemToJwk(found.certificate), id, cryptography);
		}
		case 'rsa':
			return admitted({ kty: 'RSA', n: key.n, e: key.e }, id, cryptography);
	}
}

function admitted(
	jwk: Parameters<typeof admitJwk>[0],
	id: string | undefined,
	cryptography: Cryptography,
): VerificationKey | string {
	const read = admitJwk(jwk, cryptography);
	return typeof read === 'string' ? `the key is refused: ${read}` : { ...read.key, kid: id };
}

/** Octets that a key which is used directly may have: those of the content encryption algorithms (RFC 7518 §5.1). */
const contentKeyOctets: readonly number[] = [16, 24, 32, 48, 64];

/** Octets of a Base64 key for decrypting that is no key of any algorithm; undefined for any other key. */
function inertSecret({ key }: KeyText): number | undefined {
	if (key.from !== 'base64') return undefined;
	const octets = decodeBase64(key.text.replaceAll(/\s/g, ''));
	return octets === null || contentKeyOctets.includes(octets.length) ? undefined : octets.length;
}

function decryptionKey({ id, key }: KeyText, apim: ApimDefinition, cryptography: Cryptography): DecryptionKey | string {
	const binding = { kid: id, algorithms: undefined };
	switch (key.from) {
		case 'base64': {
			const octets = decodeBase64(key.text.replaceAll(/\s/g, ''));
			return octets === null
				? 'the key is not Base64 (RFC 4648 §4)'
				: cryptography.importDecryptionSecret(octets, { ...binding, algorithms: ['dir'] });
		}
		case 'certificate': {
			const found = apim.certificates.find((certificate) => certificate.id === key.id);
			if (found === undefined) return `the certificate ${key.id} is not defined`;
			if (found.key === undefined) return `the certificate ${key.id} has no private key, which decrypting needs`;
			return cryptography.importDecryptionKey(found.key, binding);
		}
		case 'rsa':
			return 'a public key decrypts nothing: name a certificate with its private key';
	}
}

/** Adds what keeps the tokens of a policy from being verified as they should be. */
export function checkVerifiers(
	{ sections }: ReadPolicy,
	apim: ApimDefinition,
	cryptography: Cryptography,
	findings: Finding[],
): void {
	for (const spec of validationsIn(sections.inbound)) {
		const { file, position } = spec.place;
		const report = (severity: Finding['severity'], rule: string, at: Finding['position'], message: string) =>
			findings.push({ severity, rule, file, position: at, message });
		importKeys(spec, apim, cryptography, (key, message) => report('error', 'key_unusable', key.position, message));
		for (const key of spec.decryptionKeys) {
			const octets = inertSecret(key);
			if (octets === undefined) continue;
			const message = `the key has ${octets} octets: no algorithm takes it, so it decrypts nothing (RFC 7518 §4.5, §5)`;
			report('warning', 'key_inert', key.position, message);
		}
		for (const value of spec.configurations) {
			if (value.kind === 'expression') continue;
			const problem = checkOutboundUrl(value.text, { insecureHttp: false });
			if (problem !== undefined) report('error', 'openid_config_url', value.position, `openid-config: ${problem}`);
		}
		if (spec.tenant?.kind === 'constant' && tenantUrl(spec.tenant.text) === undefined) {
			report('error', 'tenant_invalid', spec.tenant.position, 'tenant-id: expected a tenant’s id or domain name');
		}
		const { urls, isDynamic } = metadataOf(spec);
		if (isDynamic && apim.allowedOpenidHosts.length === 0) {
			report(
				'error',
				'openid_hosts_missing',
				position,
				'a metadata URL that depends on the request needs apim.allowed_openid_hosts',
			);
		}
		if (urls.length === 0 && !isDynamic && spec.signingKeys.length === 0) {
			report('warning', 'no_keys', position, 'there is neither openid-config nor a key: every token is refused');
		}
	}
}

/** The providers that policies come to: one for each metadata URL, and one for each statement that has more than one source. */
export function policyProviders(
	policies: readonly ReadPolicy[],
	apim: ApimDefinition,
	cryptography: Cryptography,
): readonly ProviderDefinition[] {
	const providers = new Map<string, ProviderDefinition>();
	for (const { sections } of policies) {
		for (const spec of validationsIn(sections.inbound)) {
			for (const url of metadataOf(spec).urls) {
				const name = metadataProvider(url, cryptography);
				if (!providers.has(name)) providers.set(name, providerOf(name, discoveryOf(url), [], apim));
			}
			const name = statementProvider(spec, cryptography);
			const tokenFrom = locationsOf(spec);
			const known = providers.get(name);
			providers.set(name, {
				...(known ?? providerOf(name, { from: 'none' }, [], apim)),
				tokenFrom: [...(known?.tokenFrom ?? []), ...tokenFrom],
			});
		}
	}
	return [...providers.values()];
}

/** That of the metadata where nothing else can verify; else one of its own. */
export function statementProvider(spec: Validation, cryptography: Pick<Cryptography, 'hexDigest'>): string {
	const { urls, isDynamic } = metadataOf(spec);
	const [only, second] = urls;
	if (
		only !== undefined &&
		second === undefined &&
		!isDynamic &&
		spec.signingKeys.length + spec.decryptionKeys.length === 0
	) {
		return metadataProvider(only, cryptography);
	}
	const { file, position } = spec.place;
	const base = (file.split(/[\\/]/).at(-1) ?? '').replaceAll(/[^A-Za-z0-9.-]/g, '-').slice(0, 30);
	return `apim.${base}.${position.line}.${cryptography.hexDigest(keyContent(spec)).slice(0, 8)}`;
}

/** All that decides which keys a statement has. */
export function keyContent(spec: Validation): string {
	const { urls } = metadataOf(spec);
	const keys = [...spec.signingKeys, ...spec.decryptionKeys].map(({ id, key }) => [id ?? null, key]);
	return JSON.stringify([spec.place.file, spec.place.position, urls, spec.signingKeys.length, keys]);
}

function locationsOf({ token }: ValidateJwt): readonly CredentialLocation[] {
	if (token.in === 'value' || token.name.kind === 'expression') return [];
	return token.in === 'header'
		? [{ in: 'header', name: token.name.text.toLowerCase() }]
		: [{ in: 'query', name: token.name.text }];
}

export function discoveryOf(url: string): ProviderDefinition['keys'] & { from: 'discovery' } {
	const staleFor = (parseDuration(defaults.staleFor) ?? 0) / 1000;
	return { from: 'discovery', issuer: '', urls: [url], insecureHttp: false, checkIssuer: false, staleFor };
}

function providerOf(
	name: string,
	keys: ProviderDefinition['keys'],
	tokenFrom: readonly CredentialLocation[],
	apim: ApimDefinition,
): ProviderDefinition {
	return {
		name,
		preset: undefined,
		tokens: ['jwt'],
		issuers: [],
		issuerTemplate: undefined,
		keys,
		sharedAccess: undefined,
		decryptionKeys: [],
		introspection: undefined,
		algorithms: apim.algorithms,
		typ: [],
		clockSkew: 0,
		maxLifetime: undefined,
		maxAge: undefined,
		requiredClaims: [],
		claims: [],
		scopeClaims: defaults.scopeClaims,
		extraScopeClaims: [],
		clientClaims: defaults.clientClaims,
		audienceClaims: ['aud'],
		tokenFrom,
		generation: name,
	};
}
