/**
 * The decision: route, credential, genuineness, the route's checks, verdict. A token that is known to be genuine is
 * decided without waiting; everything else takes the same steps and waits for what it must fetch. Both end in `conclude`,
 * and effects that may refuse come last, in `commit`.
 */

import { corsHeaders } from '#answers/cors';
import {
	type Answer,
	type DenyReason,
	Evidence,
	type FaultReason,
	type HeaderList,
	isFaultReason,
	type Principal,
	type Provided,
	type Reason,
	type RequestView,
	type ResponseEdits,
	type SessionPage,
	type Verdict,
} from '#core/index';
import { credentialTexts } from '#formats/credential-text';
import { withoutParameters } from '#formats/query';
import { isNavigation } from '#sessions/navigation';
import { forSender } from './challenge.ts';
import { evaluate } from './evaluate.ts';
import type { GenuineToken } from './genuine-tokens.ts';
import { locate } from './locate.ts';
import { findOwnAnswer, type OwnAnswer, takesMethod } from './own-answers.ts';
import type { Policy } from './policy.ts';
import type { Guard, ProviderPolicy, RoutePolicy } from './route-policy.ts';
import { type ProgramVerdicts, programPreflight, runProgram } from './run-program.ts';
import { withheldOf } from './withheld.ts';

/** `requestId`: by which the request is found again. */
export type Decide = (request: RequestView, requestId?: string) => Verdict | Promise<Verdict>;

/** Never rejects and never throws: an exception inside is a bug and becomes the fault `internal_error`. */
export function createDecide(policy: Policy): Decide {
	return (request, requestId) => {
		const evidence = new Evidence(request, policy.clock.now() / 1000, policy.clock.monotonic());
		evidence.requestId = requestId;
		try {
			const verdict = begin(policy, evidence);
			return verdict instanceof Promise ? verdict.catch((cause: unknown) => broken(evidence, cause)) : verdict;
		} catch (cause) {
			return broken(evidence, cause);
		}
	};
}

function begin(policy: Policy, evidence: Evidence): Verdict | Promise<Verdict> {
	const own = findOwnAnswer(policy, evidence);
	if (own !== undefined) return answerOwn(policy, own, evidence);
	const located = locate(policy, evidence, evidence.request.method);
	if (located.kind === 'refused') return refuse(policy.statuses, evidence, located.reason, located.headers);
	return guardRoute(policy, located.route, evidence);
}

function answerOwn(policy: Policy, own: OwnAnswer, evidence: Evidence): Verdict | Promise<Verdict> {
	switch (own.kind) {
		case 'session_page':
			return showPage(policy, own.page, evidence);
		case 'document':
			return answer(own.answer, evidence);
		case 'preflight': {
			const { route } = own;
			evidence.route = route.name;
			if (own.answer !== undefined) return answer(own.answer, evidence);
			const answered = programPreflight(policy, route, evidence, programVerdicts);
			if (answered === undefined) throw new Error('a program that takes preflights gave no answer to one');
			return answered;
		}
	}
}

function guardRoute(policy: Policy, route: RoutePolicy, evidence: Evidence): Verdict | Promise<Verdict> {
	evidence.route = route.name;
	evidence.urlHost = route.urlHost;
	const { guard, program } = route;
	if (program !== undefined) return runProgram(policy, route, program, evidence, programVerdicts);
	if (guard === undefined) return commit(route, undefined, evidence);
	evidence.challenge = guard.challenge;

	const extracted = evaluate(guard.extract, evidence);
	if (extracted !== null) {
		return extracted instanceof Promise
			? extracted.then((reason) =>
					reason === null ? authenticate(policy, route, guard, evidence) : turnAway(route, guard, evidence, reason),
				)
			: turnAway(route, guard, evidence, extracted);
	}
	return authenticate(policy, route, guard, evidence);
}

/** A person who goes to a page without a session is sent to the login; whoever else lacks a credential is told so. */
function turnAway(route: RoutePolicy, { login }: Guard, evidence: Evidence, reason: Reason): Verdict {
	const { request, path, query } = evidence;
	const isWithout = reason === 'credential_missing' || reason === 'session_ended';
	if (login === undefined || !isWithout || !isNavigation(request)) return refuseOn(route, evidence, reason);
	const headers: HeaderList = [
		['location', login(path + query, request)],
		['cache-control', 'no-store'],
	];
	return answer({ status: 302, headers, body: '' }, evidence);
}

async function showPage(policy: Policy, page: SessionPage, evidence: Evidence): Promise<Verdict> {
	evidence.route = page.name;
	evidence.provider = page.provider;
	if (!takesMethod(page, evidence)) {
		return refuse(policy.statuses, evidence, 'method_not_allowed', [['allow', page.methods.join(', ')]]);
	}
	const limits = page.limitsOf === undefined ? undefined : policy.loginLimits.get(page.limitsOf);
	const limited = limits === undefined ? null : await evaluate(limits, evidence);
	if (limited !== null) return refuse(policy.statuses, evidence, limited, ownFields(evidence));
	const outcome = await page.answer(evidence.request);
	switch (outcome.kind) {
		case 'answer': {
			const { read } = outcome;
			return { ...answer(outcome.answer, evidence), ...(read === undefined ? {} : { read }) };
		}
		case 'refused':
			evidence.check = 'session';
			evidence.found = outcome.found;
			return refuse(policy.statuses, evidence, outcome.reason, outcome.headers);
		case 'fault':
			evidence.check = 'session';
			return fault(evidence, outcome.reason, outcome.cause);
	}
}

function authenticate(
	policy: Policy,
	route: RoutePolicy,
	guard: Guard,
	evidence: Evidence,
): Verdict | Promise<Verdict> {
	const token = evidence.credential?.token ?? '';
	evidence.challenge = forSender(guard.challenge, evidence);
	const digest = policy.digest(token);
	evidence.digest = digest;
	evidence.kind = guard.kindOf(evidence);

	const genuine = recall(policy, guard, evidence, digest);
	if (genuine !== undefined) {
		evidence.cached = true;
		evidence.provider = genuine.principal.provider;
		evidence.principal = genuine.principal;
		evidence.voucher = genuine.voucher;
		evidence.expiresMonotonic = genuine.expiresMonotonic;
		evidence.tokenId = genuine.tokenId;
		return conclude(policy, route, guard, evidence);
	}

	evidence.tokenId = policy.tokenId(digest);
	const { attempts } = route;
	if (attempts === undefined) return verify(policy, route, guard, evidence);
	const refusal = attempts.consult(evidence);
	if (refusal instanceof Promise) {
		return refusal.then((late) =>
			late === null ? verify(policy, route, guard, evidence) : refuseOn(route, evidence, late),
		);
	}
	return refusal === null ? verify(policy, route, guard, evidence) : refuseOn(route, evidence, refusal);
}

function isAuthorization(name: string): boolean {
	return name.toLowerCase() === 'authorization';
}

/** The verdicts of a program are those of every route; what it writes as `Authorization` is a credential like any other. */
const programVerdicts: ProgramVerdicts = {
	refuse: refuseOn,
	forward: (route, evidence, headers) =>
		allow(
			route,
			evidence,
			headers.filter(([name]) => !isAuthorization(name)),
			{
				set: headers.filter(([name]) => isAuthorization(name)),
				tokenId: undefined,
				renew: undefined,
			},
		),
	ownFields,
};

/** The part that costs: keys, signatures, calls. */
function verify(policy: Policy, route: RoutePolicy, guard: Guard, evidence: Evidence): Verdict | Promise<Verdict> {
	const kind = evidence.kind ?? 'jwt';
	const reason = evaluate(guard.authenticate.get(kind) ?? [], evidence);
	if (reason instanceof Promise) return reason.then((late) => verified(policy, route, guard, evidence, late));
	return verified(policy, route, guard, evidence, reason);
}

/** What is known of this exact token, as far as it counts here: provider of this route, same definition and scheme, voucher still in force. */
function recall(policy: Policy, guard: Guard, evidence: Evidence, digest: string): GenuineToken | undefined {
	const known = policy.genuine.recall(digest);
	const { credential } = evidence;
	if (known === undefined || credential === undefined) return undefined;
	for (const entry of known) {
		const rules = guard.rules.get(entry.principal.provider);
		if (rules === undefined || rules.generation !== entry.generation) continue;
		if (entry.principal.kind !== evidence.kind || entry.scheme !== credential.scheme) continue;
		if (entry.voucher.retired || evidence.monotonic >= entry.voucher.usableUntil) continue;
		if (evidence.now >= entry.endsAt || !rules.tokenFrom.includes(credential.location)) continue;
		return entry;
	}
	return undefined;
}

function verified(
	policy: Policy,
	route: RoutePolicy,
	guard: Guard,
	evidence: Evidence,
	reason: Reason | null,
): Verdict | Promise<Verdict> {
	const rules = guard.rules.get(evidence.provider ?? '');
	if (rules !== undefined) evidence.challenge = forSender(rules.challenge(evidence.parameters), evidence);
	if (reason !== null) return failed(route, evidence, reason);
	const { credential, principal, voucher, digest, tokenId } = evidence;
	if (
		credential !== undefined &&
		principal !== undefined &&
		voucher !== undefined &&
		digest !== undefined &&
		tokenId !== undefined &&
		rules !== undefined
	) {
		const endsAt = endOf(principal, rules.clockSkew);
		// What nobody vouches for any more when it is known, counts for this request alone.
		if (evidence.now < endsAt && evidence.monotonic < voucher.usableUntil) {
			const expiresMonotonic = evidence.monotonic + (endsAt - evidence.now) * 1000;
			const { scheme } = credential;
			const { generation } = rules;
			policy.genuine.admit(digest, { principal, scheme, voucher, generation, endsAt, expiresMonotonic, tokenId });
		}
	}
	return conclude(policy, route, guard, evidence);
}

/** A credential that is not genuine counts as a guess; what is a dependency's fault does not. */
function failed(route: RoutePolicy, evidence: Evidence, reason: Reason): Verdict | Promise<Verdict> {
	const verdict = refuseOn(route, evidence, reason);
	if (route.attempts === undefined || verdict.kind === 'fault') return verdict;
	const charged = route.attempts.charge(evidence);
	return charged instanceof Promise ? charged.then(() => verdict) : verdict;
}

/** Seconds since the epoch. Without `exp` only an opaque token can count, and then as long as its voucher does. */
function endOf({ expiresAt, kind }: Principal, clockSkew: number): number {
	if (expiresAt !== undefined) return expiresAt + clockSkew;
	return kind === 'opaque' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

/** Judges a genuine principal by the route's rules for its provider. The same for a token seen first and one seen before. */
function conclude(policy: Policy, route: RoutePolicy, guard: Guard, evidence: Evidence): Verdict | Promise<Verdict> {
	const { principal } = evidence;
	const rules = principal === undefined ? undefined : guard.rules.get(principal.provider);
	// An authenticator that passed without a principal of this route's providers is a bug, and never a pass.
	if (principal === undefined || rules === undefined) {
		return broken(evidence, new Error('authenticated without a principal of this route'));
	}
	const reason = evaluate(rules.authorize, evidence);
	return reason instanceof Promise
		? reason.then((late) => evaluated(route, rules, evidence, late))
		: evaluated(route, rules, evidence, reason);
}

function evaluated(
	route: RoutePolicy,
	rules: ProviderPolicy,
	evidence: Evidence,
	reason: Reason | null,
): Verdict | Promise<Verdict> {
	if (reason === null) return commit(route, rules, evidence);
	evidence.challenge = forSender(rules.challenge(evidence.parameters), evidence);
	return refuseOn(route, evidence, reason);
}

/** The commit phase: effects that may refuse, now that nothing else does. It waits only for an effect that must. */
function commit(route: RoutePolicy, rules: ProviderPolicy | undefined, evidence: Evidence): Verdict | Promise<Verdict> {
	const reason = route.commit.length === 0 ? null : evaluate(route.commit, evidence);
	return reason instanceof Promise
		? reason.then((late) => committed(route, rules, evidence, late))
		: committed(route, rules, evidence, reason);
}

function committed(
	route: RoutePolicy,
	rules: ProviderPolicy | undefined,
	evidence: Evidence,
	reason: Reason | null,
): Verdict | Promise<Verdict> {
	const { principal } = evidence;
	if (reason === null) {
		return rules === undefined || principal === undefined
			? allow(route, evidence, [], nothing)
			: provide(route, evidence, rules.headers(principal, evidence.parameters));
	}
	if (rules !== undefined) evidence.challenge = forSender(rules.challenge(evidence.parameters), evidence);
	return refuseOn(route, evidence, reason);
}

/** What the upstream gets in place of the client's token. A failure is refused like one of a check. */
function provide(route: RoutePolicy, evidence: Evidence, headers: HeaderList): Verdict | Promise<Verdict> {
	const { backendToken } = route;
	if (backendToken === undefined) return allow(route, evidence, headers, nothing);
	const provided = backendToken.provide(evidence);
	return provided instanceof Promise
		? provided.then((late) => settle(route, evidence, headers, late))
		: settle(route, evidence, headers, provided);
}

const nothing: Provided = { set: [], tokenId: undefined, renew: undefined };

function settle(route: RoutePolicy, evidence: Evidence, headers: HeaderList, provided: Provided | Reason): Verdict {
	if (typeof provided === 'string') {
		evidence.check = 'backend_token';
		return refuseOn(route, evidence, provided);
	}
	evidence.backendTokenId = provided.tokenId;
	return allow(route, evidence, headers, provided);
}

function allow(route: RoutePolicy, evidence: Evidence, headers: HeaderList, { set, renew }: Provided): Verdict {
	const expiresAt = evidence.principal?.expiresAt;
	const until = expiresAt === undefined ? Number.POSITIVE_INFINITY : expiresAt * 1000;
	return {
		kind: 'allow',
		principal: evidence.principal ?? null,
		upstream: {
			upstream: route.upstream,
			path: route.rewrite(evidence.path),
			query:
				route.stripParameters.length > 0 && evidence.query !== ''
					? withoutParameters(evidence.query, route.stripParameters)
					: evidence.query,
			strip: route.strip,
			set: set.length === 0 ? headers : headers.length === 0 ? set : [...headers, ...set],
			cookies: route.stripCookies,
			onUnauthorized: renew ?? 'pass',
		},
		response: responseEdits(route, evidence, set),
		until,
		responseUntil: route.endsResponses ? until : Number.POSITIVE_INFINITY,
		endsResponse: route.endsResponses,
		facts: evidence,
	};
}

/** `given`: fields with the credential that the upstream gets. */
function responseEdits(route: RoutePolicy, evidence: Evidence, given: HeaderList): ResponseEdits {
	const { setCookies } = evidence;
	const edits = plainEdits(route, evidence, given);
	if (setCookies === undefined) return edits;
	const { set, add, remove } = edits;
	return {
		...edits,
		set: [...set, keptByNoCache],
		add: [...add, ...setCookies],
		remove: [...remove, ...fieldsForSomeCaches],
	};
}

/** A shared cache may keep Set-Cookie along with an answer that the upstream calls public (RFC 9111 §7.3): a session for everybody. */
const keptByNoCache = ['cache-control', 'no-store'] as const;
/** What outranks Cache-Control for the caches that know it (RFC 9213 §2). */
const fieldsForSomeCaches: readonly string[] = ['cdn-cache-control', 'surrogate-control'];

function plainEdits(route: RoutePolicy, evidence: Evidence, given: HeaderList): ResponseEdits {
	const { cors, response: rules } = route;
	const ours = ownFields(evidence);
	const withheld = withheldFrom(route, evidence, given);
	if (cors === undefined)
		return { set: ours, add: noFields, remove: noNames, rules, withheld, content: undefined, decide: undefined };
	const headers = corsHeaders(cors, evidence.request);
	return {
		rules,
		withheld,
		content: undefined,
		decide: undefined,
		set: [...headers.filter(([name]) => name !== 'vary'), ...ours],
		add: headers.filter(([name]) => name === 'vary'),
		remove: upstreamCorsFields,
	};
}

const noFields: HeaderList = [];
const noNames: readonly string[] = [];

/** Credentials that the upstream knows, and that must not come back from it. */
function withheldFrom(
	{ response, passesToken }: RoutePolicy,
	{ credential }: Evidence,
	given: HeaderList,
): readonly string[] {
	if (response.echo === 'pass') return noNames;
	return passesToken && credential !== undefined ? credentialTexts(credential.token) : withheldOf(given);
}

/** What an answer says beside CORS: the nonce of the client's next proof (RFC 9449 §8.2, §9), and of rate limits. */
function ownFields({ nonce, limitFields }: Evidence): HeaderList {
	if (nonce === undefined) return limitFields ?? [];
	return [['dpop-nonce', nonce], ...(limitFields ?? [])];
}

/** Where the gateway answers for CORS, the upstream's own allowances would be a second opinion. */
const upstreamCorsFields: readonly string[] = [
	'access-control-allow-origin',
	'access-control-allow-credentials',
	'access-control-expose-headers',
];

function answer({ status, headers, body }: Answer, evidence: Evidence): Verdict & { readonly kind: 'answer' } {
	return { kind: 'answer', status, headers, body, facts: evidence };
}

function refuseOn(route: RoutePolicy, evidence: Evidence, reason: Reason): Verdict {
	const ours = ownFields(evidence);
	const cors = route.cors === undefined ? [] : corsHeaders(route.cors, evidence.request);
	const { setCookies } = evidence;
	// A refused request may have refreshed its session all the same.
	const fields = setCookies === undefined ? ours : [...ours, ...setCookies];
	const headers = fields.length === 0 ? cors : [...cors, ...fields];
	return refuse(route.statuses, evidence, reason, headers.length === 0 ? undefined : headers);
}

function refuse(
	statuses: RoutePolicy['statuses'],
	evidence: Evidence,
	reason: Reason,
	headers: HeaderList | undefined,
): Verdict {
	if (isFaultReason(reason)) return fault(evidence, reason, evidence.cause);
	const status = statuses[reason];
	return {
		kind: 'deny',
		reason: reason satisfies DenyReason,
		override: { ...(status === undefined ? {} : { status }), ...(headers === undefined ? {} : { headers }) },
		facts: evidence,
	};
}

function broken(evidence: Evidence, cause: unknown): Verdict {
	return fault(evidence, 'internal_error', cause);
}

function fault(evidence: Evidence, reason: FaultReason, cause: unknown): Verdict {
	return { kind: 'fault', reason, cause, facts: evidence };
}
