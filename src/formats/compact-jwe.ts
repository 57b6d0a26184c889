/**
 * The compact JWE (RFC 7516 §7.1) as the outer layer of a nested JWT (RFC 7519 §5.2, Appendix A.2), read with the same
 * strictness as the signed token within. Everything that can be refused without a key is refused here, before any work:
 * algorithms that are not in the list, compression, extensions, lengths that the algorithms do not allow.
 */
import {
	type ContentEncryption,
	contentEncryptions,
	type JsonObject,
	type KeyManagementAlgorithm,
	keyManagementAlgorithms,
	member,
	type UnverifiedJwe,
} from '#core/index';
import { decodeBase64url } from './base64url.ts';
import { isJoseObject } from './compact-jws.ts';
import { parseStrictJsonObject } from './strict-json.ts';
import { decodeUtf8 } from './utf8.ts';

/** Why a token is no JWE that could be decrypted; `fault` holds no part of the token. */
export interface JweFault {
	/** `algorithm`: well-formed so far, with an `alg` or `enc` that is not accepted. */
	readonly kind: 'form' | 'algorithm';
	readonly fault: string;
}

/** Octets of the initialization vector and of the authentication tag (RFC 7518 §5.2.2.1, §5.3). */
const sizes: Readonly<Record<ContentEncryption, { readonly iv: number; readonly tag: number }>> = {
	A128GCM: { iv: 12, tag: 16 },
	A256GCM: { iv: 12, tag: 16 },
	'A128CBC-HS256': { iv: 16, tag: 16 },
	'A256CBC-HS512': { iv: 16, tag: 32 },
};

/** Those in which the content key is agreed upon, not sent (RFC 7518 §4.5, §4.6). */
const withoutEncryptedKey: ReadonlySet<KeyManagementAlgorithm> = new Set(['dir', 'ECDH-ES']);

/** A nested JWT says so (RFC 7519 §5.2: `JWT`); access tokens of some servers say their own type (RFC 9068 §2.1). */
const nestedTypes: ReadonlySet<string> = new Set(['jwt', 'at+jwt']);

/**
 * Checked: five segments of strict base64url; a header in UTF-8 that is a JSON object without repeated members; `alg` and
 * `enc` from the lists; `cty` that says JWT; no `crit`, `zip`, `b64` or `p2c`; an `epk` with nothing private where there
 * must be one; the lengths of initialization vector and tag, so that no tag is cut short; an encrypted key exactly where
 * the algorithm has one. Not checked: anything that needs the key, and the length of the token. Never throws.
 */
export function parseCompactJwe(token: string): UnverifiedJwe | JweFault {
	const segments = token.split('.', 6);
	const [protectedHeader = '', encryptedKey = '', iv = '', ciphertext = '', tag = ''] = segments;
	if (segments.length !== 5) return form('an encrypted token (JWE) has five segments');
	const header = readHeader(protectedHeader);
	if (typeof header === 'string') return form(header);
	const fault = headerFault(header);
	if (fault !== undefined) return form(fault);

	const algorithm = keyManagementAlgorithms.find((known) => known === member(header, 'alg'));
	const encryption = contentEncryptions.find((known) => known === member(header, 'enc'));
	if (algorithm === undefined) return { kind: 'algorithm', fault: 'alg of an encrypted token that is not accepted' };
	if (encryption === undefined) return { kind: 'algorithm', fault: 'enc of an encrypted token that is not accepted' };
	const problem =
		keyFault(algorithm, header, encryptedKey) ??
		lengthFault(iv, sizes[encryption].iv, 'initialization vector') ??
		lengthFault(tag, sizes[encryption].tag, 'authentication tag') ??
		((decodeBase64url(ciphertext)?.length ?? 0) === 0 ? 'there is no ciphertext in base64url' : undefined);
	if (problem !== undefined) return form(problem);
	const kid = member(header, 'kid');
	return { algorithm, encryption, kid: typeof kid === 'string' ? kid : undefined };
}

/** Whether `token` has the shape of a compact JWE: five segments, the first of which begins with a `{` in base64url. */
export function looksLikeCompactJwe(token: string): boolean {
	if (!isJoseObject(token)) return false;
	let dots = 0;
	for (let dot = token.indexOf('.'); dot >= 0 && dots < 5; dot = token.indexOf('.', dot + 1)) dots++;
	return dots === 4;
}

function form(fault: string): JweFault {
	return { kind: 'form', fault };
}

function readHeader(segment: string): JsonObject | string {
	const bytes = decodeBase64url(segment);
	const text = bytes === null ? null : decodeUtf8(bytes);
	if (text === null) return 'the header of the encrypted token is not UTF-8 in base64url';
	return parseStrictJsonObject(text) ?? 'the header of the encrypted token is not a JSON object, or repeats a member';
}

function headerFault(header: JsonObject): string | undefined {
	for (const name of ['alg', 'enc'] as const) {
		if (typeof member(header, name) !== 'string') return `${name} of the encrypted token is missing, or not a string`;
	}
	const kid = member(header, 'kid');
	if (kid !== undefined && typeof kid !== 'string') return 'kid of the encrypted token is not a string';
	if (Object.hasOwn(header, 'zip')) return 'the encrypted token has zip: compression is not accepted';
	for (const name of ['crit', 'b64']) {
		if (Object.hasOwn(header, name)) return `the encrypted token has ${name}: no extension is understood`;
	}
	const type = member(header, 'cty');
	if (typeof type !== 'string' || !nestedTypes.has(type.toLowerCase().replace(/^application\//, ''))) {
		return 'cty of the encrypted token does not say JWT: only a signed JWT may be within';
	}
	return undefined;
}

function keyFault(algorithm: KeyManagementAlgorithm, header: JsonObject, encryptedKey: string): string | undefined {
	const octets = decodeBase64url(encryptedKey);
	if (octets === null) return 'the encrypted key is not base64url';
	if ((octets.length === 0) !== withoutEncryptedKey.has(algorithm)) {
		return octets.length === 0 ? 'there is no encrypted key' : `there is an encrypted key beside ${algorithm}`;
	}
	if (algorithm.startsWith('ECDH-ES')) {
		const epk = member(header, 'epk');
		if (typeof epk !== 'object' || epk === null || Array.isArray(epk)) return 'epk is missing, or no key';
		if (Object.hasOwn(epk, 'd')) return 'epk holds a private key';
		for (const name of ['apu', 'apv']) {
			const info = member(header, name);
			if (info === undefined) continue;
			if (typeof info !== 'string' || decodeBase64url(info) === null) return `${name} is not base64url`;
		}
	}
	if (algorithm === 'A256GCMKW') {
		return (
			lengthFault(member(header, 'iv'), 12, 'initialization vector of the key') ??
			lengthFault(member(header, 'tag'), 16, 'authentication tag of the key')
		);
	}
	return undefined;
}

function lengthFault(segment: unknown, length: number, what: string): string | undefined {
	const octets = typeof segment === 'string' ? decodeBase64url(segment) : null;
	return octets?.length === length ? undefined : `the ${what} is not ${length} octets in base64url`;
}
