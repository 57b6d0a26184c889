/**
 * The backend token of a route that mints: the gateway's own word about the client's token, signed once and kept for
 * exactly that token and what of the request goes in. It never outlives the client's token, is renewed ahead while
 * requests go on, and counts only as long as its key is published.
 */
import { LRUCache } from 'lru-cache';
import type {
	BackendToken,
	Clock,
	Cryptography,
	Evidence,
	JsonObject,
	Principal,
	Provided,
	Reason,
	Timers,
} from '#core/index';
import { encodeBase64url } from '#formats/base64url';
import { jwsSigningInput } from '#formats/jws-signing-input';
import { encodeUtf8 } from '#formats/utf8';
import type { MintingKey } from '#keys/signing/minting-key';
import type { MintingKeys } from '#keys/signing/minting-keys';
import { compileMintedClaims, type MintedClaimTerms } from './claims.ts';

export interface MintTerms extends MintedClaimTerms {
	/** Seconds. */
	readonly lifetime: number;
	/** `typ` of the header. */
	readonly typ: string;
	/** Field in which the upstream gets it, and what stands before the token. */
	readonly field: { readonly name: string; readonly prefix: string };
}

export interface MinterPorts {
	readonly keys: Pick<MintingKeys, 'signer'>;
	readonly cache: MintedTokens;
	readonly clock: Clock;
	readonly timers: Timers;
	readonly randomBytes: Cryptography['randomBytes'];
	/** Keyed digest of a token, for audit records. */
	readonly tokenId: (token: string) => string;
	/** Told of each signature. */
	readonly onSigned?: () => void;
}

/** Tokens of all routes, bounded together. Another route's are told apart by what is asked for: `terms`. */
export type MintedTokens = LRUCache<string, Kept>;

interface Kept {
	readonly provided: Provided;
	/** Whose it is. Known again by identity; another reading of the same token must come to the same claims. */
	principal: Principal;
	readonly claims: string;
	readonly key: MintingKey;
	/** Seconds since the epoch. */
	readonly expiresAt: number;
	/** Monotonic milliseconds. */
	readonly usableUntil: number;
	renewAt: number;
}

/** `maxBytes`: estimated. */
export function createMintedTokens(maxBytes: number): MintedTokens {
	return new LRUCache<string, Kept>({ maxSize: maxBytes });
}

/** What an entry takes beside its texts. */
const overhead = 900;
/** Characters: a head with more than that is refused by many servers. */
const longestToken = 16_384;

/** `name`: tells these terms from others in the cache. Throws an Error as `compileMintedClaims` does. */
export function createMintedToken(terms: MintTerms, name: string, ports: MinterPorts): BackendToken {
	const { lifetime, typ, field } = terms;
	const { keys, cache, clock, timers, randomBytes, tokenId, onSigned } = ports;
	const claimsOf = compileMintedClaims(terms);
	const { uses } = claimsOf;

	function keyOf(digest: string, parameters: readonly string[]): string {
		let key = `${name} ${digest}`;
		for (const position of uses) key += `/${parameters[position] ?? ''}`;
		return key;
	}

	/** What signs it, how long it lives: never longer than the client's token (`now`: seconds since the epoch). */
	function sign(
		claims: JsonObject,
		key: MintingKey,
		{ now, expiresAt }: { readonly now: number; readonly expiresAt: number },
	): string | Promise<string> {
		const input = jwsSigningInput(
			{ alg: key.algorithm, typ, kid: key.kid },
			{ ...claims, iat: Math.floor(now), exp: expiresAt, jti: encodeBase64url(randomBytes(16)) },
		);
		onSigned?.();
		const signature = key.key.sign(key.algorithm, encodeUtf8(input));
		const join = (octets: Uint8Array) => `${input}.${encodeBase64url(octets)}`;
		return signature instanceof Promise ? signature.then(join) : join(signature);
	}

	/** Signs and keeps one. A text says why there is none. */
	function mint(asked: Asked): Minted | Promise<Minted> {
		const { principal, claims, now, monotonic, cacheKey } = asked;
		const signer = keys.signer(now);
		if (signer === undefined) return { unavailable: 'there is no key to sign with yet' };
		const end = principal.expiresAt ?? Number.POSITIVE_INFINITY;
		const expiresAt = Math.floor(Math.min(now + lifetime, end));
		const signed = sign(claims, signer, { now, expiresAt });

		const keep = (token: string): Minted => {
			if (token.length > longestToken) return { unavailable: 'the minted token would be larger than 16 KiB' };
			const provided: Provided = {
				set: [[field.name, field.prefix + token]],
				tokenId: tokenId(token),
				renew: undefined,
			};
			const life = (expiresAt - now) * 1000;
			// One that ends with the client's token cannot be had for longer, so it serves to the end.
			const isLast = end <= now + lifetime;
			const text = JSON.stringify(claims);
			const entry: Kept = {
				provided,
				principal,
				claims: text,
				key: signer,
				expiresAt,
				usableUntil: monotonic + (isLast ? life : life - Math.min(5_000, life / 10)),
				renewAt: isLast ? Number.POSITIVE_INFINITY : monotonic + life * 0.8,
			};
			cache.set(cacheKey, entry, { size: token.length * 2 + text.length * 3 + cacheKey.length + overhead });
			return { provided };
		};
		return signed instanceof Promise ? signed.then(keep) : keep(signed);
	}

	/** In the background, by the clock of then; the one that is kept serves meanwhile. */
	function renewLater(entry: Kept, cacheKey: string, claims: JsonObject): void {
		entry.renewAt = Number.POSITIVE_INFINITY;
		timers.after(0, () => {
			const now = clock.now() / 1000;
			if ((entry.principal.expiresAt ?? Number.POSITIVE_INFINITY) <= now) return;
			const minted = mint({ principal: entry.principal, claims, now, monotonic: clock.monotonic(), cacheKey });
			// Whoever needs one next finds out what is wrong.
			if (minted instanceof Promise) minted.catch(() => {});
		});
	}

	/** What the token would say; a reason for one that cannot be minted of this. */
	function claimsFor(principal: Principal, evidence: Evidence): JsonObject | Reason {
		const made = claimsOf(principal, evidence.parameters);
		if (made.kind === 'claims') return made.claims;
		evidence.expected = made.expected;
		evidence.found = made.found;
		return made.reason;
	}

	function isTooLate({ expiresAt = Number.POSITIVE_INFINITY }: Principal, evidence: Evidence): boolean {
		if (expiresAt > evidence.now) return false;
		evidence.expected = 'a token that has not expired: one that is minted lives no longer';
		evidence.found = 'within the clock skew after its expiry';
		return true;
	}

	return {
		look(evidence) {
			const { principal } = evidence;
			if (principal === undefined) throw new Error('nobody in whose name a token could be minted');
			const claims = claimsFor(principal, evidence);
			if (typeof claims === 'string') return claims;
			return isTooLate(principal, evidence) ? 'token_expired' : null;
		},
		provide(evidence) {
			const { principal, digest, now, monotonic } = evidence;
			if (principal === undefined || digest === undefined)
				throw new Error('nobody in whose name a token could be minted');
			const cacheKey = keyOf(digest, evidence.parameters);
			const kept = cache.get(cacheKey);
			const isUsable = kept !== undefined && monotonic < kept.usableUntil && !kept.key.retired;
			if (isUsable && kept.principal === principal && monotonic < kept.renewAt) return kept.provided;

			const claims = claimsFor(principal, evidence);
			if (typeof claims === 'string') return claims;
			const end = principal.expiresAt ?? Number.POSITIVE_INFINITY;
			if (isUsable && kept.expiresAt <= end && isSameReading(kept, principal, claims)) {
				kept.principal = principal;
				if (monotonic >= kept.renewAt) renewLater(kept, cacheKey, claims);
				return kept.provided;
			}
			if (isTooLate(principal, evidence)) return 'token_expired';
			const minted = mint({ principal, claims, now, monotonic, cacheKey });
			return minted instanceof Promise ? minted.then((late) => settle(evidence, late)) : settle(evidence, minted);
		},
	};
}

interface Asked {
	readonly principal: Principal;
	readonly claims: JsonObject;
	readonly now: number;
	readonly monotonic: number;
	readonly cacheKey: string;
}

type Minted = { readonly provided: Provided } | { readonly unavailable: string };

/** A token that is read anew (nothing was kept of it, or its server was asked again) may say something else now. */
function isSameReading(kept: Kept, principal: Principal, claims: JsonObject): boolean {
	return kept.principal === principal || kept.claims === JSON.stringify(claims);
}

function settle(evidence: Evidence, minted: Minted): Provided | Reason {
	if ('provided' in minted) return minted.provided;
	evidence.found = minted.unavailable;
	evidence.cause = new Error(minted.unavailable);
	evidence.retryAfter = 1;
	return 'backend_token_unavailable';
}
