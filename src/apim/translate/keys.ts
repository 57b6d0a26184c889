/** Keys that stand in a policy, as the one key source of a native provider and as its `decryption_keys`. */

import type { ProviderFile } from '#config/schema';
import { checkSecretOctets, secretAlgorithms } from '#config/shared-secret';
import type { Algorithm, JsonObject } from '#core/index';
import { decodeBase64 } from '#formats/base64';
import type { KeyText } from '../statements/validate-jwt.ts';
import type { Notes, Spot } from './notes.ts';
import { hasMark, type References } from './references.ts';

/** A certificate that a policy names, as far as a translation needs it. */
export interface KnownCertificate {
	/** As a configuration names the files. */
	readonly certificate: string;
	readonly key?: string | undefined;
	/** Its public key (RFC 7517); undefined where it cannot be read. */
	readonly jwk: JsonObject | undefined;
	/** Whether the file holds this one PEM block and nothing else. */
	readonly isAlone: boolean;
}

export interface KeySurroundings {
	readonly file: string;
	readonly certificates: ReadonlyMap<string, KnownCertificate>;
	readonly references: References;
	readonly notes: Notes;
}

export interface TranslatedKeys {
	readonly source: Pick<ProviderFile, 'secret_base64' | 'jwks' | 'public_key_file'>;
	readonly algorithms: readonly Algorithm[];
}

/** Signatures that are tried natively for a token without `kid`. */
const mostKeys = 4;

/** `marked`: the same keys with marks for named values. Undefined after saying why not. */
export function translateSigningKeys(
	keys: readonly KeyText[],
	marked: readonly KeyText[],
	around: KeySurroundings,
): TranslatedKeys | undefined {
	const { file, notes } = around;
	const [first, second] = keys;
	const [firstMarked] = marked;
	if (first === undefined || firstMarked === undefined || marked.length !== keys.length) return undefined;
	const spot = { file, position: first.position };
	if (keys.some(({ key }) => key.from === 'base64')) {
		if (second !== undefined) {
			return notes.keep(
				{ file, position: second.position },
				'several keys, and a shared secret among them: a provider has one',
			);
		}
		return sharedSecret(first, firstMarked, around);
	}
	if (first.id === undefined && second === undefined && first.key.from === 'certificate') {
		const certificate = around.certificates.get(first.key.id);
		const algorithms = algorithmsOf(certificate?.jwk);
		if (certificate?.isAlone === true && algorithms !== undefined) {
			return { source: { public_key_file: certificate.certificate }, algorithms };
		}
	}
	const ids = keys.map(({ id }) => id);
	if (second !== undefined && (ids.includes(undefined) || new Set(ids).size < ids.length || ids.length > mostKeys)) {
		return notes.keep(spot, `several keys: natively each has an id of its own, and there are ${mostKeys} at most`);
	}
	return keySet(keys, marked, around);
}

/** The reference to the named value that is the whole of the key. */
function sharedSecret(key: KeyText, marked: KeyText, around: KeySurroundings): TranslatedKeys | undefined {
	const { file, references, notes } = around;
	const spot = { file, position: key.position };
	if (key.key.from !== 'base64' || marked.key.from !== 'base64') return undefined;
	if (key.id !== undefined) return notes.keep(spot, 'the id of a shared secret: natively it serves tokens of any kid');
	if (!/^\uE000[^\uE000\uE001]+\uE001$/.test(marked.key.text)) {
		return notes.keep(
			spot,
			'the key itself stands in the policy: make it a named value, so that no configuration holds it',
		);
	}
	const octets = decodeBase64(key.key.text.replaceAll(/\s/g, '')) ?? new Uint8Array();
	const algorithms = secretAlgorithms(octets);
	const problem = checkSecretOctets(octets, algorithms);
	if (problem !== undefined) return notes.keep(spot, `natively ${problem}`);
	return { source: { secret_base64: references.filled(marked.key.text) }, algorithms };
}

function keySet(
	keys: readonly KeyText[],
	marked: readonly KeyText[],
	{ file, certificates, references, notes }: KeySurroundings,
): TranslatedKeys | undefined {
	const algorithms = new Set<Algorithm>();
	const list: JsonObject[] = [];
	for (const [index, { key, id, position }] of keys.entries()) {
		const other = marked[index];
		const jwk = key.from === 'certificate' ? certificates.get(key.id)?.jwk : rsaKey(other, references);
		const own = algorithmsOf(jwk);
		if (jwk === undefined || own === undefined || other === undefined) {
			return notes.keep({ file, position }, 'a key whose algorithms no policy takes');
		}
		const kid = other.id === undefined ? undefined : references.filled(other.id);
		for (const algorithm of own) algorithms.add(algorithm);
		list.push({ ...publicMembers(jwk), ...(id === undefined || kid === undefined ? {} : { kid }) });
	}
	return { source: { jwks: { keys: list } }, algorithms: [...algorithms] };
}

function rsaKey(marked: KeyText | undefined, references: References): JsonObject | undefined {
	if (marked?.key.from !== 'rsa') return undefined;
	return { kty: 'RSA', n: references.filled(marked.key.n), e: references.filled(marked.key.e) };
}

function publicMembers(jwk: JsonObject): JsonObject {
	return Object.fromEntries(Object.entries(jwk).filter(([name]) => ['kty', 'n', 'e', 'crv', 'x', 'y'].includes(name)));
}

/** Of those that policies take by default, the ones that fit; undefined: none. */
function algorithmsOf(jwk: JsonObject | undefined): readonly Algorithm[] | undefined {
	if (jwk?.['kty'] === 'RSA') return ['RS256', 'RS512', 'PS256'];
	return jwk?.['kty'] === 'EC' && jwk['crv'] === 'P-256' ? ['ES256'] : undefined;
}

/** Native keys at most. */
const mostDecryptionKeys = 8;

export function translateDecryptionKeys(
	keys: readonly KeyText[],
	marked: readonly KeyText[],
	{ file, certificates, notes }: KeySurroundings,
): ProviderFile['decryption_keys'] {
	const ids = new Set<string>();
	const list = keys.flatMap(({ key, id, position }, index) => {
		const spot: Spot = { file, position };
		const path = key.from === 'certificate' ? certificates.get(key.id)?.key : undefined;
		if (path === undefined) {
			notes.keep(spot, 'a key for decrypting that is no file');
			return [];
		}
		if ((id !== undefined && ids.has(id)) || hasMark(marked[index]?.id ?? '')) {
			notes.keep(spot, 'the id of a key for decrypting is there twice, or a named value');
			return [];
		}
		if (id !== undefined) ids.add(id);
		return [{ file: path, ...(id === undefined ? {} : { kid: id }) }];
	});
	const [first] = keys;
	if (first !== undefined && keys.length > mostDecryptionKeys) {
		notes.keep({ file, position: first.position }, `more than ${mostDecryptionKeys} keys for decrypting`);
	}
	return list.length === 0 ? undefined : list;
}
