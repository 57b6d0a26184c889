/**
 * Where a provider's keys come from. Exactly one source; what is given in the file beats the preset, and with neither the
 * keys are found by discovery from the issuer. Keys that are part of the configuration are judged here, at load.
 */
import type { Algorithm, JsonObject, JsonValue } from '#core/index';
import { isJsonObject } from '#core/index';
import { decodeBase64 } from '#formats/base64';
import { parseStrictJsonObject } from '#formats/strict-json';
import { defaults } from './defaults.ts';
import type { KeysDefinition } from './definition.ts';
import { type ConfigPath, listWords } from './diagnostics.ts';
import { checkUrl, parseUrl, type Reading, readNamedFile, seconds } from './reading.ts';
import type { ProviderFile } from './schema.ts';
import { checkSecret, checkSecretOctets } from './shared-secret.ts';

const sources = [
	'jwks_uri',
	'jwks',
	'jwks_file',
	'public_key_file',
	'secret',
	'secret_base64',
	'discovery_uri',
] as const;

export interface KeySourceInput {
	readonly path: ConfigPath;
	readonly values: ProviderFile;
	readonly present: ReadonlySet<string>;
	/** As they will count: from the file, else from the preset. */
	readonly issuers: readonly string[];
	readonly presetJwksUri: string | undefined;
	readonly algorithms: readonly Algorithm[];
}

/** Undefined after reporting why there is none. */
export function readKeySource(input: KeySourceInput, reading: Reading): KeysDefinition | undefined {
	const { path, values, present, presetJwksUri } = input;
	const { report } = reading;
	const given = sources.filter((key) => present.has(key));
	const [source, second] = given;
	if (second !== undefined) {
		report.error(
			[...path, second],
			`${listWords(given, 'and')} exclude each other: a provider has one source of keys`,
			{ at: 'key' },
		);
		return undefined;
	}
	const fetched = { insecureHttp: values.insecure_http === true, staleFor: readStaleFor(input, reading) };
	const {
		jwks_uri: jwksUri,
		discovery_uri: metadata,
		jwks,
		jwks_file: jwksFile,
		public_key_file: pemFile,
		secret,
		secret_base64: secretBase64,
	} = values;
	if (jwksUri !== undefined) return fetchFrom(jwksUri, fetched, [...path, 'jwks_uri'], reading);
	if (metadata !== undefined) return discoverAt(metadata, input, fetched, reading);
	if (jwks !== undefined) return judge(inlineJwks(jwks), [...path, 'jwks'], reading);
	if (jwksFile !== undefined) return readJwksFile(jwksFile, [...path, 'jwks_file'], reading);
	if (pemFile !== undefined) return readPem(pemFile, [...path, 'public_key_file'], reading);
	if (secret !== undefined) return readSecret(secret, input, reading);
	if (secretBase64 !== undefined) return readBase64Secret(secretBase64, input, reading);
	// A source stands in the file, but did not pass: that was reported.
	if (source !== undefined) return undefined;
	if (presetJwksUri === undefined) return discover(input, fetched, reading);
	return fetchFrom(presetJwksUri, fetched, present.has('base_url') ? [...path, 'base_url'] : path, reading);
}

/** How keys are got that are not part of the configuration. */
interface Fetched {
	readonly insecureHttp: boolean;
	/** Seconds. */
	readonly staleFor: number;
}

/** Below five minutes a provider that restarts would take its routes along. */
const staleForBounds = { least: 300, most: 30 * 86_400 };

function readStaleFor({ path, values, present }: KeySourceInput, { report }: Reading): number {
	const staleFor = seconds(values.stale_for ?? defaults.staleFor) ?? 0;
	const at = [...path, 'stale_for'];
	if (staleFor < staleForBounds.least || staleFor > staleForBounds.most) report.error(at, 'from 5m to 30d');
	const local = (['jwks', 'jwks_file', 'public_key_file', 'secret', 'secret_base64'] as const).find((key) =>
		present.has(key),
	);
	if (values.stale_for !== undefined && local !== undefined) {
		report.error(at, `stale_for is for keys that are fetched; those of ${local} never grow stale`, { at: 'key' });
	}
	return staleFor;
}

function readSecret(secret: string, { path, algorithms }: KeySourceInput, { report }: Reading): KeysDefinition {
	const problem = checkSecret(secret, algorithms);
	if (problem !== undefined) {
		report.error([...path, 'secret'], problem, { fix: 'Make one with: openssl rand -base64 48' });
	}
	return { from: 'secret', secret };
}

function readBase64Secret(written: string, { path, algorithms }: KeySourceInput, { report }: Reading): KeysDefinition {
	const secret = written.replaceAll(/\s/g, '');
	const octets = decodeBase64(secret);
	const problem = octets === null ? 'expected Base64 (RFC 4648 §4)' : checkSecretOctets(octets, algorithms);
	if (problem !== undefined) {
		report.error([...path, 'secret_base64'], problem, { fix: 'Make one with: openssl rand -base64 48' });
	}
	return { from: 'secret', secret, encoding: 'base64' };
}

function discoverAt(
	url: string,
	{ path, values, issuers }: KeySourceInput,
	fetched: Fetched,
	{ report }: Reading,
): KeysDefinition | undefined {
	const problem = checkUrl(url, fetched);
	if (problem !== undefined) report.error([...path, 'discovery_uri'], problem);
	const [issuer] = issuers;
	if (issuer === undefined) {
		if (values.insecure_any_tenant === true) {
			report.error([...path, 'discovery_uri'], 'has no issuer to compare with under insecure_any_tenant', {
				fix: 'Leave it out: the preset knows where the keys of all tenants are.',
			});
		}
		return undefined;
	}
	return { from: 'discovery', issuer, urls: [url], ...fetched, checkIssuer: values.preset !== 'entra' };
}

function fetchFrom(url: string, fetched: Fetched, path: ConfigPath, reading: Reading): KeysDefinition {
	const problem = checkUrl(url, fetched);
	if (problem !== undefined) reading.report.error(path, problem);
	return { from: 'url', url, ...fetched };
}

function discover(
	{ path, issuers, present }: KeySourceInput,
	fetched: Fetched,
	reading: Reading,
): KeysDefinition | undefined {
	const { report } = reading;
	const [issuer, second] = issuers;
	if (issuer === undefined) return undefined;
	const at = present.has('issuer') ? [...path, 'issuer'] : path;
	if (second !== undefined) {
		report.error(at, 'with several issuers, a key source is needed', {
			fix: 'Give jwks_uri, or make one provider for each issuer.',
		});
		return undefined;
	}
	const problem = checkUrl(issuer, fetched) ?? (issuer.includes('?') ? 'an issuer has no query' : undefined);
	if (problem !== undefined) {
		report.error(at, `keys cannot be discovered from this issuer: ${problem}`, {
			fix: 'Give the issuer exactly as the tokens have it, or a key source such as jwks_uri.',
		});
		return undefined;
	}
	return { from: 'discovery', issuer, urls: metadataUrls(issuer), ...fetched, checkIssuer: true };
}

/** OpenID Connect Discovery §4 puts its suffix after the issuer's path, RFC 8414 §3.1 before it. */
export function metadataUrls(issuer: string): readonly string[] {
	const bare = issuer.replace(/\/$/, '');
	const url = parseUrl(issuer);
	const path = bare.slice((url?.protocol.length ?? 0) + 2).replace(/^[^/]*/, '');
	const origin = bare.slice(0, bare.length - path.length);
	return [`${bare}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-authorization-server${path}`];
}

function readJwksFile(name: string, path: ConfigPath, reading: Reading): KeysDefinition | undefined {
	const file = readNamedFile(reading, name, path);
	if (file === undefined) return undefined;
	const jwks = parseStrictJsonObject(file.text);
	if (jwks === undefined) {
		reading.report.error(path, `the file ${name} is not a JSON object (or repeats a member)`);
		return undefined;
	}
	if (!Array.isArray(jwks['keys'])) {
		reading.report.error(path, `the file ${name} is no JSON Web Key Set: it has no list keys`);
		return undefined;
	}
	return judge({ from: 'jwks', jwks, file: file.path }, path, reading);
}

function inlineJwks(jwks: object): KeysDefinition {
	return { from: 'jwks', jwks: jwks as JsonObject, file: undefined };
}

function readPem(name: string, path: ConfigPath, reading: Reading): KeysDefinition | undefined {
	const file = readNamedFile(reading, name, path);
	if (file === undefined) return undefined;
	const problem = checkPem(file.text, name);
	if (problem !== undefined) {
		reading.report.error(path, problem.message, { fix: problem.fix });
		return undefined;
	}
	return judge({ from: 'pem', pem: file.text, file: file.path }, path, reading);
}

function checkPem(pem: string, name: string): { readonly message: string; readonly fix: string } | undefined {
	const fix = 'It must hold one PEM block: BEGIN PUBLIC KEY, BEGIN RSA PUBLIC KEY or BEGIN CERTIFICATE.';
	if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
		return {
			message: `the file ${name} holds a private key`,
			fix: `A verifier needs the public key alone: openssl pkey -in ${name} -pubout`,
		};
	}
	const blocks = pem.match(/-----BEGIN [A-Z0-9 ]+-----/g) ?? [];
	if (blocks.length === 1) return undefined;
	return {
		message: `the file ${name} holds ${blocks.length === 0 ? 'no PEM block' : `${blocks.length} PEM blocks`}`,
		fix,
	};
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Reports private keys, and whatever the runtime finds wrong with the keys. */
function judge(keys: KeysDefinition, path: ConfigPath, reading: Reading): KeysDefinition {
	const { report } = reading;
	if (keys.from === 'jwks') {
		const list: readonly JsonValue[] = Array.isArray(keys.jwks['keys']) ? keys.jwks['keys'] : [];
		for (const [index, key] of list.entries()) {
			if (!isJsonObject(key) || !privateMembers.some((member) => Object.hasOwn(key, member))) continue;
			const symmetric = key['kty'] === 'oct';
			report.error(path, `key ${index + 1} ${symmetric ? 'is a shared secret' : 'is a private key'}`, {
				fix: symmetric
					? 'Use secret for a shared secret.'
					: `Keep its public members alone: remove ${listWords(privateMembers.slice(0, 7), 'and')}.`,
			});
			return keys;
		}
	}
	for (const problem of reading.checkKeys?.(keys) ?? []) report.error(path, problem);
	return keys;
}
