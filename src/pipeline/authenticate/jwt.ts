/**
 * Is this JWT genuine? What is encrypted is opened first; then form, provider, algorithm, key, signature, in that order (RFC 7519 §7.2, RFC 8725 §3). Only a
 * token that passed all five becomes a principal; whether it is good for the route is judged elsewhere.
 */
import {
	type Algorithm,
	algorithms,
	type Check,
	type Evidence,
	member,
	type Reason,
	type UnverifiedJws,
	type VerificationKey,
} from '#core/index';
import { looksLikeCompactJws, parseCompactJws } from '#formats/compact-jws';
import { jwtPrincipal } from './claims-principal.ts';
import { createDecryptionCheck } from './decryption.ts';
import type { JwtProvider } from './jwt-provider.ts';
import { registeredClaimsFault } from './registered-claims.ts';

const known: ReadonlySet<unknown> = new Set(algorithms);

/** The checks of this authenticator, in their order, for the providers of one route. Issuers must be unique among them. */
export function createJwtAuthenticator(providers: readonly JwtProvider[]): readonly Check[] {
	const byName = new Map(providers.map((provider) => [provider.name, provider]));
	const byIssuer = new Map(providers.flatMap((provider) => provider.issuers.map((issuer) => [issuer, provider])));
	const templated = providers.filter((provider) => provider.issuerTemplate !== undefined);
	const providerOf = (evidence: Evidence) => byName.get(evidence.provider ?? '');

	const decryption = [...new Set(providers.flatMap((provider) => provider.decryption))];
	return [
		...(decryption.length === 0 ? [] : [createDecryptionCheck(decryption)]),
		formCheck(),
		providerCheck(providers, byIssuer, templated),
		algorithmCheck(providerOf),
		keyCheck(providerOf),
		signatureCheck(),
	];
}

/**
 * The same for one source of keys, whatever issuer the token names, or none: who uses this judges `iss` afterwards, by the
 * key that verified. `issuers` and `tokenFrom` of the provider are not looked at.
 */
export function createKeyedAuthenticator(provider: JwtProvider): readonly Check[] {
	const { decryption } = provider;
	return [
		...(decryption.length === 0 ? [] : [createDecryptionCheck(decryption)]),
		formCheck(),
		onlyProviderCheck(provider),
		algorithmCheck(() => provider),
		keyCheck(() => provider),
		signatureCheck(),
	];
}

function onlyProviderCheck(provider: JwtProvider): Check {
	return {
		name: 'provider',
		needs: 'token',
		judge(evidence) {
			if (evidence.token === undefined) return 'token_malformed';
			evidence.provider = provider.name;
			evidence.claimed = jwtPrincipal(evidence.token, provider);
			return null;
		},
		expected: () => 'a token for these keys',
		found: (evidence) => `iss: ${text(member(evidence.token?.claims ?? {}, 'iss')) ?? 'none'}`,
	};
}

function formCheck(): Check {
	return {
		name: 'form',
		needs: 'credential',
		judge(evidence) {
			const parsed = parseCompactJws(signedToken(evidence));
			if (typeof parsed === 'string') {
				evidence.found = parsed;
				return 'token_malformed';
			}
			const fault = registeredClaimsFault(parsed.claims);
			if (fault !== undefined) {
				evidence.found = fault;
				return 'token_malformed';
			}
			evidence.token = parsed;
			return null;
		},
		expected: () => 'a compact JWS (RFC 7515 §7.1) whose header and claims are JSON objects with the registered types',
		found(evidence) {
			if (evidence.token !== undefined) return 'a well-formed JWT';
			return evidence.found ?? (looksLikeCompactJws(signedToken(evidence)) ? 'a JWT' : 'no JWT');
		},
	};
}

/** What must be a signed JWT: the token, or what was within an encrypted one. */
function signedToken({ decrypted, credential }: Evidence): string {
	return decrypted ?? credential?.token ?? '';
}

function providerCheck(
	providers: readonly JwtProvider[],
	byIssuer: ReadonlyMap<string, JwtProvider>,
	templated: readonly JwtProvider[],
): Check {
	return {
		name: 'provider',
		needs: 'token',
		judge(evidence) {
			const { token, credential } = evidence;
			if (token === undefined || credential === undefined) return 'issuer_unknown';
			const issuer = member(token.claims, 'iss');
			if (typeof issuer !== 'string') return 'issuer_unknown';
			const provider =
				byIssuer.get(issuer) ?? templated.find((candidate) => templateIssuer(candidate, evidence) === issuer);
			if (provider === undefined || !provider.tokenFrom.includes(credential.location)) return 'issuer_unknown';
			// What was encrypted for one provider's tokens carries no other provider's.
			const { decryptedWith } = evidence;
			if (decryptedWith !== undefined && !provider.decryption.includes(decryptedWith)) return 'issuer_unknown';
			evidence.provider = provider.name;
			evidence.claimed = jwtPrincipal(token, provider);
			return null;
		},
		expected: () =>
			`iss: ${providers.flatMap((provider) => [...provider.issuers, ...(provider.issuerTemplate === undefined ? [] : [provider.issuerTemplate])]).join(' or ')}`,
		found: (evidence) => `iss: ${text(member(evidence.token?.claims ?? {}, 'iss')) ?? 'none'}`,
	};
}

/** The issuer that a token of this tenant must have; undefined when its `tid` cannot be part of a URL. */
function templateIssuer(provider: JwtProvider, evidence: Evidence): string | undefined {
	const tenant = member(evidence.token?.claims ?? {}, 'tid');
	if (typeof tenant !== 'string' || !/^[A-Za-z0-9.-]{1,64}$/.test(tenant)) return undefined;
	return provider.issuerTemplate?.replaceAll('{tenantid}', tenant);
}

function algorithmCheck(providerOf: (evidence: Evidence) => JwtProvider | undefined): Check {
	return {
		name: 'algorithm',
		needs: 'provider',
		judge(evidence) {
			// Compared exactly: `none` in any spelling is in no list.
			const name = member(evidence.token?.header ?? {}, 'alg');
			if (!isAlgorithm(name) || providerOf(evidence)?.algorithms.has(name) !== true) return 'algorithm_rejected';
			evidence.algorithm = name;
			return null;
		},
		expected: (evidence) => `alg: ${[...(providerOf(evidence)?.algorithms ?? [])].join(', ')}`,
		found: (evidence) => `alg: ${text(member(evidence.token?.header ?? {}, 'alg')) ?? 'none'}`,
	};
}

function isAlgorithm(name: unknown): name is Algorithm {
	return known.has(name);
}

function keyCheck(providerOf: (evidence: Evidence) => JwtProvider | undefined): Check {
	const kidOf = (evidence: Evidence) => text(member(evidence.token?.header ?? {}, 'kid'));

	function settle(evidence: Evidence, keys: readonly VerificationKey[]): Reason | null {
		evidence.candidates = keys;
		// The key is known but bound to another algorithm, use or operation (RFC 8725 §3.1).
		return keys.length === 0 ? 'algorithm_rejected' : null;
	}

	return {
		name: 'key',
		needs: 'algorithm',
		judge(evidence) {
			const { algorithm, monotonic } = evidence;
			const keys = providerOf(evidence)?.keys;
			if (keys === undefined || algorithm === undefined) return 'key_unknown';
			const first = keys.candidates(algorithm, kidOf(evidence), monotonic);
			if (typeof first !== 'string') return settle(evidence, first);
			return keys.refresh(kidOf(evidence)).then(() => {
				const second = keys.candidates(algorithm, kidOf(evidence), monotonic);
				if (typeof second !== 'string') return settle(evidence, second);
				const status = keys.status();
				// A provider that cannot be asked may well have rotated: that is its fault, not the token's (invariant 5).
				if (second === 'unknown' && status.lastError === undefined && !status.refreshing) return 'key_unknown';
				evidence.retryAfter = status.retryAfter;
				evidence.cause = status.lastError ?? 'the provider has not answered yet';
				return 'keys_unavailable';
			});
		},
		expected(evidence) {
			const status = providerOf(evidence)?.keys.status();
			if (status === undefined || status.state === 'unavailable') return 'a key set of the provider';
			const kids = status.kids.slice(0, 8).map((kid) => kid ?? 'none');
			return `kid: ${kids.join(', ')}`;
		},
		found: (evidence) => `kid: ${kidOf(evidence) ?? 'none'}`,
	};
}

const noOctets = new Uint8Array();

function signatureCheck(): Check {
	function accept(evidence: Evidence, { header, claims }: UnverifiedJws, key: VerificationKey): null {
		evidence.voucher = key;
		evidence.principal = evidence.claimed;
		// A request may last for hours, and the octets of its token would keep those of others alive (`formats/octets`).
		evidence.token = { header, claims, signingInput: noOctets, signature: noOctets };
		return null;
	}

	/** Tries the candidates in turn; waits only where the runtime's verification does. */
	function verifyFrom(evidence: Evidence, index: number): Reason | null | Promise<Reason | null> {
		const { token, algorithm, candidates } = evidence;
		if (token === undefined || algorithm === undefined) return 'signature_invalid';
		for (let i = index; i < candidates.length; i++) {
			const key = candidates[i];
			if (key === undefined || !key.algorithms.has(algorithm)) continue;
			const verified = key.public.verify(algorithm, token.signingInput, token.signature);
			if (verified === true) return accept(evidence, token, key);
			if (verified === false) continue;
			return verified.then((genuine: unknown) =>
				genuine === true ? accept(evidence, token, key) : verifyFrom(evidence, i + 1),
			);
		}
		return 'signature_invalid';
	}

	return {
		name: 'signature',
		needs: 'key',
		judge: (evidence) => verifyFrom(evidence, 0),
		expected: () => 'a signature that the key verifies',
		found: (evidence) => (evidence.voucher === undefined ? 'it does not verify' : 'it verifies'),
	};
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}
