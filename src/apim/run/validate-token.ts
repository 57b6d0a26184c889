/**
 * `validate-jwt` over the project's own authenticator: who made this token is found out by the same checks, keys and cache
 * of genuine tokens as on every other route; what it must say is judged here, in the order of the documented semantics:
 * lifetime, audience, issuer, claims. On top comes what no policy can leave out: revocation, and proof of a bound key.
 */
import {
	type Check,
	type DenyReason,
	Evidence,
	isFaultReason,
	type KnownToken,
	member,
	type Principal,
	type Reason,
} from '#core/index';
import type { Place } from '../statements/statement.ts';
import type { ValidateJwt } from '../statements/validate-jwt.ts';
import {
	type Breakdown,
	type ErrorReason,
	EvaluationFailure,
	type Failure,
	type Signal,
	type Step,
} from './failure.ts';
import { judgeIssuer } from './issuer-rule.ts';
import type { JoinedKeys } from './joined-keys.ts';
import type { PolicyRun } from './policy-run.ts';
import { findClaimFault } from './required-claims.ts';
import { findToken } from './token-place.ts';

/** What the tokens of one statement are verified with. */
export interface Verifier {
	/** Name under which audit records, metrics and the cache of genuine tokens know its tokens. */
	readonly provider: string;
	/** Changes with the keys' definition. */
	readonly generation: string;
	readonly keys: JoinedKeys;
	/** Form, algorithm, key, signature; and decryption before that. */
	readonly authenticate: readonly Check[];
}

export interface TokenRules {
	readonly spec: ValidateJwt;
	readonly place: Place;
	/** By its metadata URLs where these are expressions; a text says why they cannot be used. */
	readonly verifierOf: (run: PolicyRun) => Verifier | string;
	readonly maxTokenLength: number;
	readonly jwtOf: (token: string, run: PolicyRun) => unknown;
}

export function validateToken(rules: TokenRules, run: PolicyRun): Step {
	const { spec, maxTokenLength } = rules;
	const { evidence: outer, around } = run;
	const evidence = innerEvidence(outer);
	const found = findToken(spec.token, spec.requireScheme, run);
	if ('missing' in found) {
		note(evidence, 'credential', 'a token where the policy looks for one', found.missing);
		return found.repeated
			? refuse(rules, run, evidence, 'JwtInvalid', 'credential_repeated')
			: refuse(rules, run, evidence, 'TokenNotPresent', 'credential_missing');
	}
	evidence.credential = found;
	evidence.kind = 'jwt';
	if (found.token.length > maxTokenLength) {
		note(evidence, 'form', `a token of ${maxTokenLength} octets at most`, 'a longer one');
		return refuse(rules, run, evidence, 'JwtInvalid', 'token_malformed');
	}
	const verifier = rules.verifierOf(run);
	if (typeof verifier === 'string') throw new EvaluationFailure(verifier);
	evidence.provider = verifier.provider;
	const digest = around.digest(found.token);
	evidence.digest = digest;
	const known = recall(run, verifier, evidence, digest);
	if (known !== undefined) {
		evidence.cached = true;
		evidence.principal = known.principal;
		evidence.voucher = known.voucher;
		evidence.expiresMonotonic = known.expiresMonotonic;
		evidence.tokenId = known.tokenId;
		return judge(rules, run, evidence, verifier);
	}
	evidence.tokenId = around.tokenId(digest);
	const reason = around.evaluate(verifier.authenticate, evidence);
	return reason instanceof Promise
		? reason.then((late) => verified(rules, run, evidence, verifier, late))
		: verified(rules, run, evidence, verifier, reason);
}

/** Its own, because a policy may look at several tokens of one request. */
function innerEvidence(outer: Evidence): Evidence {
	const evidence = new Evidence(outer.request, outer.now, outer.monotonic);
	evidence.route = outer.route;
	evidence.path = outer.path;
	evidence.query = outer.query;
	evidence.urlHost = outer.urlHost;
	evidence.parameters = outer.parameters;
	return evidence;
}

function recall(run: PolicyRun, verifier: Verifier, evidence: Evidence, digest: string): KnownToken | undefined {
	return run.around.recall(digest)?.find(
		({ principal, scheme, voucher, generation, endsAt }) =>
			principal.provider === verifier.provider &&
			generation === verifier.generation &&
			scheme === evidence.credential?.scheme &&
			!voucher.retired &&
			// A key of before a reload may be another one now, and whose it was is not known any more.
			verifier.keys.knows(voucher) &&
			evidence.monotonic < voucher.usableUntil &&
			evidence.now < endsAt,
	);
}

function verified(
	rules: TokenRules,
	run: PolicyRun,
	evidence: Evidence,
	verifier: Verifier,
	reason: Reason | null,
): Step {
	if (reason === 'signature_invalid' && isUndecided(evidence, verifier)) {
		copy(evidence, run.evidence);
		return keysUnavailable(verifier, run);
	}
	if (reason !== null) return failed(rules, run, evidence, reason);
	const { principal, voucher, digest, tokenId, credential } = evidence;
	if (principal === undefined || voucher === undefined || credential === undefined) {
		throw new Error('authenticated without a principal');
	}
	const { expiresAt } = principal;
	if (expiresAt !== undefined && digest !== undefined && tokenId !== undefined) {
		// The clock skew is the statement's, and judged with each request; here it only bounds how long it is remembered.
		const endsAt = expiresAt + clockSkewOf(rules, run);
		if (evidence.now < endsAt && evidence.monotonic < voucher.usableUntil) {
			const expiresMonotonic = evidence.monotonic + (endsAt - evidence.now) * 1000;
			const { scheme } = credential;
			const { generation } = verifier;
			run.around.admit(digest, { principal, scheme, voucher, generation, endsAt, expiresMonotonic, tokenId });
		}
	}
	return judge(rules, run, evidence, verifier);
}

/** None of the keys at hand made the signature, and others cannot be had: that is not the token's fault. */
function isUndecided({ algorithm, token, monotonic }: Evidence, { keys }: Verifier): boolean {
	const kid = member(token?.header ?? {}, 'kid');
	return algorithm !== undefined && keys.isPartial(algorithm, typeof kid === 'string' ? kid : undefined, monotonic);
}

function keysUnavailable({ keys }: Verifier, run: PolicyRun): Breakdown {
	const { retryAfter, lastError } = keys.source.status();
	run.evidence.retryAfter = retryAfter;
	return breakdown('keys_unavailable', lastError ?? 'the metadata has not been read yet');
}

function clockSkewOf({ spec }: TokenRules, run: PolicyRun): number {
	return run.number(spec.clockSkew, { least: 0, most: 86_400 });
}

/** A genuine token against what the statement asks of it. */
function judge(rules: TokenRules, run: PolicyRun, evidence: Evidence, verifier: Verifier): Step {
	const { principal } = evidence;
	if (principal === undefined) throw new Error('judged without a principal');
	const refused =
		judgeTime(rules, run, evidence, principal) ??
		judgeAudience(rules, run, evidence, principal) ??
		judgeIssuerOf(rules, run, evidence, principal, verifier) ??
		judgeClient(rules, run, evidence, principal) ??
		judgeClaims(rules, run, evidence, principal);
	if (refused !== null) return refused;
	const reason = run.around.evaluate(run.around.tokenChecks, evidence);
	return reason instanceof Promise
		? reason.then((late) => (late === null ? accept(rules, run, evidence) : failed(rules, run, evidence, late)))
		: reason === null
			? accept(rules, run, evidence)
			: failed(rules, run, evidence, reason);
}

/** RFC 7519 §4.1.4, §4.1.5. `iat` is not looked at, as there. */
function judgeTime(
	rules: TokenRules,
	run: PolicyRun,
	evidence: Evidence,
	{ expiresAt, notBefore }: Principal,
): Signal | null {
	const { now, monotonic, expiresMonotonic } = evidence;
	const skew = clockSkewOf(rules, run);
	const expected = `exp ahead, nbf not ahead (clock-skew ${skew} s)`;
	if (expiresAt === undefined && run.boolean(rules.spec.requireExpiration)) {
		note(evidence, 'time', expected, 'no exp');
		return refuse(
			rules,
			run,
			evidence,
			'JwtInvalid',
			'token_malformed',
			'The token has no expiration time. Access denied.',
		);
	}
	if ((expiresAt !== undefined && now >= expiresAt + skew) || monotonic >= expiresMonotonic) {
		note(evidence, 'time', expected, `exp ${Math.round(now - (expiresAt ?? now))} s ago`);
		return refuse(rules, run, evidence, 'TokenExpired', 'token_expired');
	}
	if (notBefore !== undefined && notBefore > now + skew) {
		note(evidence, 'time', expected, `nbf in ${Math.round(notBefore - now)} s`);
		return refuse(
			rules,
			run,
			evidence,
			'JwtInvalid',
			'token_not_yet_valid',
			'The token is not yet valid. Access denied.',
		);
	}
	return null;
}

function judgeAudience(
	{ spec, ...rest }: TokenRules,
	run: PolicyRun,
	evidence: Evidence,
	{ audiences }: Principal,
): Signal | null {
	const rules = { spec, ...rest };
	const found = () => `aud: ${audiences.join(', ') || 'none'}`;
	if (spec.audiences.length > 0) {
		const accepted = spec.audiences.map((value) => run.text(value));
		if (!audiences.some((audience) => audience !== '' && accepted.includes(audience))) {
			note(evidence, 'audience', `aud: ${accepted.join(' or ')}`, found());
			return refuse(rules, run, evidence, 'TokenAudienceNotAllowed', 'audience_mismatch');
		}
	}
	if (spec.backends.length > 0) {
		const accepted = spec.backends.map((value) => run.text(value)).flatMap((id) => [id, `api://${id}`]);
		if (!audiences.some((audience) => audience !== '' && accepted.includes(audience))) {
			note(evidence, 'audience', `aud: ${accepted.join(' or ')}`, found());
			return refuse(rules, run, evidence, 'TokenAudienceNotAllowed', 'audience_mismatch');
		}
	}
	return null;
}

function judgeIssuerOf(
	rules: TokenRules,
	run: PolicyRun,
	evidence: Evidence,
	principal: Principal,
	verifier: Verifier,
): Signal | null {
	const { keys } = verifier;
	const { voucher } = evidence;
	if (voucher === undefined) throw new Error('judged without a voucher');
	const listed = new Set(rules.spec.issuers.map((value) => run.text(value)).filter((issuer) => issuer !== ''));
	if (rules.spec.issuers.length > 0 && listed.size === 0) listed.add('\0');
	const vouching = keys.vouchingFor(voucher, evidence.monotonic);
	const verdict = judgeIssuer(principal, vouching, { listed, origins: keys.origins });
	if (verdict === 'accepted' || verdict === 'not_checked') return null;
	if (verdict === 'unknown') {
		return keysUnavailable(verifier, run);
	}
	const known = [...listed, ...keys.origins.flatMap((origin) => origin.issuer() ?? [])];
	note(evidence, 'issuer', `iss: ${known.join(' or ')}`, `iss: ${principal.issuer || 'none'}`);
	return refuse(rules, run, evidence, 'TokenIssuerNotAllowed', 'issuer_unknown');
}

function judgeClient(rules: TokenRules, run: PolicyRun, evidence: Evidence, { client }: Principal): Signal | null {
	const { clients } = rules.spec;
	if (clients.length === 0) return null;
	const accepted = clients.map((value) => run.text(value)).filter((id) => id !== '');
	if (client !== undefined && accepted.includes(client)) return null;
	note(evidence, 'client', `client: ${accepted.join(' or ')}`, `client: ${client ?? 'none'}`);
	const message = `Claim azp or appid value of ${client ?? ''} is not allowed. Access denied.`;
	return refuse(rules, run, evidence, 'TokenClaimValueNotAllowed', 'client_not_allowed', message);
}

function judgeClaims(rules: TokenRules, run: PolicyRun, evidence: Evidence, { claims }: Principal): Signal | null {
	const tests = rules.spec.claims.map(({ name, match, separator, values }) => ({
		name,
		match,
		separator,
		values: values.map((value) => run.text(value)),
	}));
	const fault = findClaimFault(claims, tests);
	if (fault === undefined) return null;
	if (fault.kind === 'missing') {
		note(evidence, 'claims', `the claims ${fault.names.join(', ')}`, 'not all of them');
		const message = `JWT token is missing the following claims: ${fault.names.join(', ')}. Access denied.`;
		return refuse(rules, run, evidence, 'TokenClaimNotFound', 'claim_missing', message);
	}
	const test = tests.find(({ name }) => name === fault.name);
	note(
		evidence,
		'claims',
		`${fault.name}: ${test?.match ?? 'all'} of ${test?.values.join(', ') ?? ''}`,
		`${fault.name}: ${fault.value}`,
	);
	const message = `Claim ${fault.name} value of ${fault.value} is not allowed. Access denied.`;
	return refuse(rules, run, evidence, 'TokenClaimValueNotAllowed', 'claim_mismatch', message);
}

function accept({ spec, jwtOf }: TokenRules, run: PolicyRun, inner: Evidence): null {
	const { evidence } = run;
	copy(inner, evidence);
	evidence.principal = inner.principal;
	evidence.voucher = inner.voucher;
	evidence.cached = inner.cached;
	if (inner.credential !== undefined && isFoundByExpression(spec)) run.tokens.push(inner.credential.token);
	evidence.check = undefined;
	evidence.expected = undefined;
	evidence.found = undefined;
	const token = inner.decrypted ?? inner.credential?.token;
	if (spec.output !== undefined && token !== undefined) run.setVariable(spec.output, jwtOf(token, run));
	return null;
}

function isFoundByExpression({ token }: ValidateJwt): boolean {
	return token.in === 'value' || token.name.kind === 'expression';
}

function copy(inner: Evidence, outer: Evidence): void {
	outer.credential = inner.credential;
	outer.kind = inner.kind;
	outer.provider = inner.provider;
	outer.digest = inner.digest;
	outer.tokenId = inner.tokenId;
	outer.nonce = inner.nonce ?? outer.nonce;
	outer.check = inner.check;
	outer.expected = inner.expected;
	outer.found = inner.found;
	outer.cause = inner.cause;
	outer.retryAfter = inner.retryAfter;
}

function note(evidence: Evidence, check: NonNullable<Evidence['check']>, expected: string, found: string): void {
	evidence.check = check;
	evidence.expected = expected;
	evidence.found = found;
}

function failed(rules: TokenRules, run: PolicyRun, evidence: Evidence, reason: Reason): Signal {
	if (!isFaultReason(reason)) return refuse(rules, run, evidence, errorReasons[reason] ?? 'JwtInvalid', reason);
	copy(evidence, run.evidence);
	return breakdown(reason, evidence.cause);
}

function breakdown(reason: Breakdown['reason'], cause: unknown): Breakdown {
	return { kind: 'breakdown', reason, cause };
}

const errorReasons: Partial<Readonly<Record<DenyReason, ErrorReason>>> = {
	credential_missing: 'TokenNotPresent',
	signature_invalid: 'TokenSignatureInvalid',
	algorithm_rejected: 'TokenSignatureInvalid',
	key_unknown: 'TokenSignatureKeyNotFound',
	token_expired: 'TokenExpired',
};

const messages: Readonly<Record<ErrorReason, string>> = {
	TokenNotPresent: 'JWT not present.',
	TokenSignatureInvalid: 'JWT signature validation failed. Access denied.',
	TokenAudienceNotAllowed: 'JWT audience validation failed. Access denied.',
	TokenIssuerNotAllowed: 'JWT issuer validation failed. Access denied.',
	TokenExpired: 'JWT is expired. Access denied.',
	TokenSignatureKeyNotFound: 'JWT signature key was not found. Access denied.',
	TokenClaimNotFound: 'JWT token is missing claims. Access denied.',
	TokenClaimValueNotAllowed: 'A claim value of the JWT is not allowed. Access denied.',
	JwtInvalid: 'JWT is invalid. Access denied.',
	HeaderNotFound: '',
	HeaderValueNotAllowed: '',
	CallerIpNotAllowed: '',
	CallerIpBlocked: '',
	ClientCertificateInvalid: '',
	RateLimitExceeded: '',
};

function refuse(
	{ spec, place }: TokenRules,
	run: PolicyRun,
	evidence: Evidence,
	reason: ErrorReason,
	own: DenyReason,
	message: string = messages[reason],
): Failure {
	copy(evidence, run.evidence);
	return {
		kind: 'failure',
		source: spec.kind,
		reason,
		message,
		place,
		own,
		status: run.number(spec.status, { least: 200, most: 599 }),
		wording: spec.message === undefined ? undefined : run.text(spec.message),
		headers: [],
	};
}
