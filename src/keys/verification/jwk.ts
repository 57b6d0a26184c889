/**
 * One JWK of a key set (RFC 7517 §4): is it strong and well-formed, and what may it verify? A key is bound to the
 * algorithms that its type, curve, `alg`, `use` and `key_ops` leave (RFC 8725 §3.1). Trust comes from where the key set
 * was got; `x5c`, `x5t` and `x5u` say nothing about that and are not looked at.
 */
import {
	type Algorithm,
	type Cryptography,
	isJsonObject,
	type JsonObject,
	type JsonValue,
	member,
	type VerificationKey,
} from '#core/index';
import { decodeBase64url, encodeBase64url } from '#formats/base64url';
import { thumbprintInput } from '#formats/thumbprint';
import { isSmallOrder } from './edwards25519.ts';
import { rsaWeakness } from './rsa-strength.ts';

export interface AdmittedKey {
	readonly key: VerificationKey;
	/** All of the entry that counts here, without private members: admitted again, it gives the same key. */
	readonly publicJwk: JsonObject;
	/** What an operator should know of it although it was admitted; safe for logs. */
	readonly notes: readonly string[];
}

interface Family {
	readonly algorithms: readonly Algorithm[];
	/** Public members only: nothing else reaches the runtime. */
	readonly publicJwk: JsonObject;
	readonly notes: readonly string[];
}

const rsaAlgorithms: readonly Algorithm[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];

const curves: ReadonlyMap<JsonValue | undefined, { readonly algorithm: Algorithm; readonly octets: number }> = new Map([
	['P-256', { algorithm: 'ES256', octets: 32 }],
	['P-384', { algorithm: 'ES384', octets: 48 }],
	['P-521', { algorithm: 'ES512', octets: 66 }],
]);

/** RFC 9864 §2.2: on this curve the two names mean one algorithm. */
const edwardsAlgorithms: readonly Algorithm[] = ['EdDSA', 'Ed25519'];

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/**
 * Makes a verification key of one entry of a key set, or says why not (safe for logs: no key material, no values but
 * clipped names). `RSA` (2048 to 16384 bits, RFC 7518 §6.3), `EC` on P-256, P-384, P-521 (§6.2) and `OKP` Ed25519
 * (RFC 8037 §2) only. The key is bound by `alg`, by `use` and `key_ops` where present; private members are stripped and
 * noted; `issuer` (Entra's JWKs) is kept. That an EC point lies on its curve is the runtime's check on import.
 * Not checked: `x5c` and its relatives. `usableUntil` is Infinity: the source bounds it.
 */
export function admitJwk(jwk: JsonValue, crypto: Pick<Cryptography, 'digest' | 'importJwk'>): AdmittedKey | string {
	if (!isJsonObject(jwk)) return 'not a JSON object';
	const kid = member(jwk, 'kid');
	if (kid !== undefined && typeof kid !== 'string') return 'a kid that is not a string';
	const issuer = member(jwk, 'issuer');
	if (issuer !== undefined && typeof issuer !== 'string') return 'an issuer that is not a string';
	const purpose = purposeProblem(jwk);
	if (purpose !== undefined) return purpose;

	const family = familyOf(jwk);
	if (typeof family === 'string') return family;
	const algorithms = boundAlgorithms(member(jwk, 'alg'), family.algorithms);
	if (typeof algorithms === 'string') return algorithms;
	const canonical = thumbprintInput(family.publicJwk);
	if (canonical === undefined) return 'members that its kty does not have';

	const notes = [...family.notes];
	if (privateMembers.some((name) => Object.hasOwn(jwk, name))) {
		notes.push('it holds private members: whoever can read the key set can sign. Only its public part is used');
	}
	try {
		const key: VerificationKey = {
			kid,
			algorithms,
			issuer,
			thumbprint: crypto.digest(canonical),
			public: crypto.importJwk(family.publicJwk),
			retired: false,
			usableUntil: Number.POSITIVE_INFINITY,
		};
		const alg = member(jwk, 'alg');
		const publicJwk: JsonObject = {
			...family.publicJwk,
			...(kid === undefined ? {} : { kid }),
			...(alg === undefined ? {} : { alg }),
			...(issuer === undefined ? {} : { issuer }),
		};
		return { key, publicJwk, notes };
	} catch {
		return 'a key that the runtime refuses (a point that is not on its curve?)';
	}
}

/** True for an entry that is plainly meant for encryption: ordinary in a key set, and not worth a word. */
export function isForEncryption(jwk: JsonValue): boolean {
	return isJsonObject(jwk) && member(jwk, 'use') === 'enc';
}

/** A name out of a key set, fit for a message: quoted, escaped and short. */
export function quoted(name: string): string {
	return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name);
}

function purposeProblem(jwk: JsonObject): string | undefined {
	const use = member(jwk, 'use');
	if (use !== undefined && use !== 'sig')
		return `use is ${typeof use === 'string' ? quoted(use) : 'not a string'}, not "sig"`;
	const operations = member(jwk, 'key_ops');
	if (operations === undefined) return undefined;
	return Array.isArray(operations) && operations.includes('verify') ? undefined : 'key_ops without "verify"';
}

function boundAlgorithms(alg: JsonValue | undefined, family: readonly Algorithm[]): ReadonlySet<Algorithm> | string {
	if (alg === undefined) return new Set(family);
	if (typeof alg !== 'string') return 'an alg that is not a string';
	const named = family.filter((algorithm) => algorithm === alg);
	if (named.length === 0) return `alg ${quoted(alg)} is not one that a key of this kty and crv verifies here`;
	return new Set(family === edwardsAlgorithms ? family : named);
}

function familyOf(jwk: JsonObject): Family | string {
	const kty = member(jwk, 'kty');
	if (kty === 'RSA') return rsaFamily(jwk);
	if (kty === 'EC') return ecFamily(jwk);
	if (kty === 'OKP') return okpFamily(jwk);
	if (kty === 'oct') return 'a shared secret (oct)';
	return `kty ${typeof kty === 'string' ? quoted(kty) : 'missing'}: only RSA, EC and OKP verify here`;
}

function rsaFamily(jwk: JsonObject): Family | string {
	const modulus = octets(jwk, 'n');
	const exponent = octets(jwk, 'e');
	if (modulus === null || exponent === null) return 'n or e missing, or not base64url';
	const weakness = rsaWeakness(modulus, exponent);
	if (weakness !== undefined) return weakness;
	// RFC 7518 §6.3.1.1 forbids the extra zero octet that some writers prepend; one key must have one thumbprint.
	const n = encodeBase64url(withoutLeadingZeros(modulus));
	const e = encodeBase64url(withoutLeadingZeros(exponent));
	const padded = n !== member(jwk, 'n') || e !== member(jwk, 'e');
	return {
		algorithms: rsaAlgorithms,
		publicJwk: { kty: 'RSA', n, e },
		notes: padded ? ['n or e has leading zero octets (RFC 7518 §6.3.1.1)'] : [],
	};
}

function ecFamily(jwk: JsonObject): Family | string {
	const crv = member(jwk, 'crv');
	const curve = curves.get(crv);
	if (curve === undefined || crv === undefined) {
		return `crv ${typeof crv === 'string' ? quoted(crv) : 'missing'}: only P-256, P-384 and P-521 verify here`;
	}
	const x = octets(jwk, 'x');
	const y = octets(jwk, 'y');
	if (x?.length !== curve.octets || y?.length !== curve.octets)
		return `coordinates that are not ${curve.octets} octets long`;
	return {
		algorithms: [curve.algorithm],
		publicJwk: { kty: 'EC', crv, x: encodeBase64url(x), y: encodeBase64url(y) },
		notes: [],
	};
}

function okpFamily(jwk: JsonObject): Family | string {
	const crv = member(jwk, 'crv');
	if (crv !== 'Ed25519') return `crv ${typeof crv === 'string' ? quoted(crv) : 'missing'}: only Ed25519 verifies here`;
	const x = octets(jwk, 'x');
	if (x?.length !== 32) return 'a public key that is not 32 octets long';
	if (isSmallOrder(x)) return 'a point of small order, under which anybody can sign';
	return { algorithms: edwardsAlgorithms, publicJwk: { kty: 'OKP', crv, x: encodeBase64url(x) }, notes: [] };
}

function octets(jwk: JsonObject, name: string): Uint8Array | null {
	const text = member(jwk, name);
	return typeof text === 'string' && text !== '' ? decodeBase64url(text) : null;
}

function withoutLeadingZeros(number: Uint8Array): Uint8Array {
	const first = number.findIndex((octet) => octet !== 0);
	return first <= 0 ? number : number.subarray(first);
}
