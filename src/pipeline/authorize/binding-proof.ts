/**
 * Tokens that are bound to a DPoP key (RFC 9449 §4.3, §7): this request must bring a proof by that key, made for it and
 * for this token, lately. Whether the proof was used before is asked later, once nothing else refuses the request, so that
 * a proof that fails, or comes with a request that fails, can be used again.
 */
import {
	type Algorithm,
	algorithms,
	type Evidence,
	type JsonObject,
	type JsonValue,
	type Reason,
	type VerificationKey,
} from '#core/index';
import { parseDpopProof, type UnverifiedProof } from '#formats/dpop-proof';
import { normaliseHttpUri } from '#formats/http-uri';
import type { DpopNonces } from './dpop-nonces.ts';

/**
 * Keys whose proofs have been good, by the whole text of their JWK: to make a key of one costs as much as a signature, and
 * a client has the same one for all of its requests. What is known of a key says nothing about a proof.
 */
export interface ProofKeys {
	find(jwk: string): VerificationKey | undefined;
	/** `key` must be what `keyOf` makes of exactly this JWK. */
	keep(jwk: string, key: VerificationKey): void;
}

export interface ProofRules {
	/** Asymmetric ones only. */
	readonly algorithms: ReadonlySet<Algorithm>;
	/** Seconds that `iat` may lie back, and ahead. */
	readonly maxAge: number;
	readonly clockSkew: number;
	/** SHA-256 of the UTF-8 of a text, base64url. */
	readonly digest: (text: string) => string;
	/** The key of a proof, if it is strong and well-formed; or what is wrong with it. */
	readonly keyOf: (jwk: JsonObject) => VerificationKey | string;
	readonly known: ProofKeys;
	/** Undefined: proofs need no nonce, and one that they have is not looked at. */
	readonly nonces: DpopNonces | undefined;
	/** What this request is for, as clients call it: normalised, without query. */
	readonly urlOf: (evidence: Evidence) => string;
}

type Judged = Reason | null;

/** `thumbprint`: `cnf.jkt` of the token, in whatever form it is. Sets `evidence.proof` for a proof that is good. */
export function judgeProof(thumbprint: JsonValue, evidence: Evidence, rules: ProofRules): Judged | Promise<Judged> {
	const { request, credential } = evidence;
	const count = request.headerCount('dpop');
	if (count !== 1) return invalid(evidence, `${count} DPoP fields`);
	const proof = parseDpopProof(request.header('dpop') ?? '');
	if (typeof proof === 'string') return invalid(evidence, proof);
	const { algorithm } = proof;
	if (!isAlgorithm(algorithm) || !rules.algorithms.has(algorithm)) return invalid(evidence, 'alg is not accepted');
	const fault = claimsFault(proof, evidence, rules);
	if (fault !== undefined) return invalid(evidence, fault);
	if (proof.tokenDigest !== rules.digest(credential?.token ?? '')) {
		return invalid(evidence, proof.tokenDigest === undefined ? 'no ath' : 'ath is of another token');
	}
	const jwk = JSON.stringify(proof.jwk);
	const known = rules.known.find(jwk);
	const key = known ?? rules.keyOf(proof.jwk);
	if (typeof key === 'string') return invalid(evidence, `jwk: ${key}`);
	if (!key.algorithms.has(algorithm)) return invalid(evidence, 'alg is not one of this jwk');
	if (key.thumbprint === undefined || key.thumbprint !== thumbprint) {
		evidence.found = `a proof by the key ${key.thumbprint}, which is not the token’s`;
		return 'binding_mismatch';
	}
	const own = key.thumbprint;
	const settle = (isGenuine: boolean): Judged => {
		if (!isGenuine) return invalid(evidence, 'a signature that jwk does not verify');
		// Only now: a key that anybody could bring would push out those of clients.
		if (known === undefined) rules.known.keep(jwk, key);
		return judgeNonce(proof, evidence, rules) ?? used(evidence, own, proof.id);
	};
	const { signingInput, signature } = proof.jws;
	const verified = key.public.verify(algorithm, signingInput, signature);
	return typeof verified === 'boolean' ? settle(verified) : verified.then(settle);
}

/** Is it for this request, and of now? Found in order; nothing of the proof is quoted but the time. */
function claimsFault(
	{ method, url, issuedAt }: UnverifiedProof,
	evidence: Evidence,
	{ maxAge, clockSkew, urlOf }: ProofRules,
): string | undefined {
	if (method !== evidence.request.method) return 'htm is not the method of this request';
	if (normaliseHttpUri(url) !== urlOf(evidence)) return `htu is not ${urlOf(evidence)}`;
	const age = evidence.now - issuedAt;
	if (!(age <= maxAge)) return `iat was ${Math.round(age)} s ago`;
	if (!(age >= -clockSkew)) return `iat is ${Math.round(-age)} s ahead`;
	return undefined;
}

function judgeNonce({ nonce }: UnverifiedProof, evidence: Evidence, { nonces }: ProofRules): Judged {
	if (nonces === undefined) return null;
	const judged = nonce === undefined ? 'unknown' : nonces.judge(nonce);
	if (judged !== 'fresh') evidence.nonce = nonces.current();
	if (judged !== 'unknown') return null;
	evidence.found = nonce === undefined ? 'a proof without nonce' : 'a nonce that is not of this server, or too old';
	return 'dpop_nonce_required';
}

function used(evidence: Evidence, thumbprint: string, id: string): null {
	evidence.proof = { thumbprint, id };
	return null;
}

function invalid(evidence: Evidence, found: string): Reason {
	evidence.found = found;
	return 'dpop_proof_invalid';
}

const known: ReadonlySet<unknown> = new Set(algorithms);

function isAlgorithm(name: unknown): name is Algorithm {
	return known.has(name);
}
