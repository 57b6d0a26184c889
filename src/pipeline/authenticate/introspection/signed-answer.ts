/**
 * A signed introspection answer (RFC 9701 §5), verified whole: its type, who says it, to whom, when, and that the server
 * really said it. An answer that fails any of this is no answer.
 */
import { type Algorithm, algorithms, isJsonObject, type JsonObject, member, type UnverifiedJws } from '#core/index';
import { parseCompactJws } from '#formats/compact-jws';
import type { KeySource } from '#keys/verification/key-source';

export const signedAnswerType = 'application/token-introspection+jwt';

export interface SignedAnswers {
	/** Accepted `iss`, exact. */
	readonly issuers: readonly string[];
	/** Our `client_id`: `aud` must name it. */
	readonly audience: string;
	readonly algorithms: ReadonlySet<Algorithm>;
	readonly keys: KeySource;
	/** Seconds by which the server's clock may differ. */
	readonly clockSkew: number;
}

/** When the question was asked and answered, seconds since the epoch; `monotonic`: milliseconds, of the answer. */
export interface AnswerTimes {
	readonly asked: number;
	readonly answered: number;
	readonly monotonic: number;
}

/**
 * The `token_introspection` member, or what is wrong, for the operator. `iat` must lie between question and answer, give
 * or take the clock skew: an older answer is one that somebody kept. An `exp`, if there is one, must be ahead. Encrypted
 * answers are not read.
 */
export async function readSignedAnswer(
	text: string,
	times: AnswerTimes,
	accepted: SignedAnswers,
): Promise<JsonObject | string> {
	const jws = parseCompactJws(text);
	if (typeof jws === 'string') return `the signed answer: ${jws}`;
	const fault = headerFault(jws, accepted) ?? claimsFault(jws.claims, times, accepted);
	if (fault !== undefined) return `the signed answer ${fault}`;
	if (!(await isGenuine(jws, times.monotonic, accepted.keys))) {
		return 'the signed answer has a signature that no key of the provider verifies';
	}
	const answer = member(jws.claims, 'token_introspection');
	return isJsonObject(answer) ? answer : 'the signed answer has no token_introspection';
}

function headerFault({ header }: UnverifiedJws, accepted: SignedAnswers): string | undefined {
	const type = member(header, 'typ');
	// RFC 9701 §5, RFC 8725 §3.11: an ID token or access token of the same keys must not pass for an answer.
	if (typeof type !== 'string' || type.toLowerCase().replace(/^application\//, '') !== 'token-introspection+jwt') {
		return 'has not the typ token-introspection+jwt';
	}
	const algorithm = algorithmOf(header);
	return algorithm === undefined || !accepted.algorithms.has(algorithm)
		? 'is signed with an algorithm that is not accepted'
		: undefined;
}

function claimsFault(claims: JsonObject, times: AnswerTimes, accepted: SignedAnswers): string | undefined {
	const { clockSkew, audience } = accepted;
	const issuer = member(claims, 'iss');
	if (typeof issuer !== 'string' || !accepted.issuers.includes(issuer)) return 'is from another issuer';
	const named = member(claims, 'aud');
	if (named !== audience && !(Array.isArray(named) && named.includes(audience))) return 'is for another client';
	const issuedAt = member(claims, 'iat');
	if (typeof issuedAt !== 'number' || !Number.isFinite(issuedAt)) return 'has no iat';
	// NumericDate is as a rule whole seconds, cut off.
	if (issuedAt < Math.floor(times.asked) - clockSkew) return 'is older than the question';
	if (issuedAt > times.answered + clockSkew) return 'is from the future';
	const expiresAt = member(claims, 'exp');
	if (expiresAt === undefined) return undefined;
	return typeof expiresAt === 'number' && times.answered < expiresAt + clockSkew ? undefined : 'has expired';
}

async function isGenuine(jws: UnverifiedJws, monotonic: number, keys: KeySource): Promise<boolean> {
	const algorithm = algorithmOf(jws.header);
	if (algorithm === undefined) return false;
	const named = member(jws.header, 'kid');
	const kid = typeof named === 'string' ? named : undefined;
	let found = keys.candidates(algorithm, kid, monotonic);
	if (typeof found === 'string') {
		await keys.refresh(kid);
		found = keys.candidates(algorithm, kid, monotonic);
	}
	if (typeof found === 'string') return false;
	for (const key of found) {
		if (!key.algorithms.has(algorithm)) continue;
		if (await key.public.verify(algorithm, jws.signingInput, jws.signature)) return true;
	}
	return false;
}

const known: ReadonlySet<unknown> = new Set(algorithms);

function algorithmOf(header: JsonObject): Algorithm | undefined {
	const name = member(header, 'alg');
	return isAlgorithm(name) ? name : undefined;
}

function isAlgorithm(name: unknown): name is Algorithm {
	return known.has(name);
}
