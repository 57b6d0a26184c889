/**
 * A program in place of the checks of a route: what it lets through still passes the limits of the route, and what it
 * refuses counts for those on failed authentication. Its outcome becomes the same verdict that checks end in.
 */
import { corsHeaders } from '#answers/cors';
import type {
	Evidence,
	HeaderList,
	HeaderStrip,
	ProgramOutcome,
	ProgramSurroundings,
	Reason,
	ResponseEdits,
	ResponseProgram,
	Verdict,
} from '#core/index';
import { withoutCookies } from '#formats/cookie';
import { withoutParameters } from '#formats/query';
import { canonicalHeader } from '#pipeline/transform/strip';
import { evaluate } from './evaluate.ts';
import type { Policy } from './policy.ts';
import type { GuardProgram, RoutePolicy } from './route-policy.ts';

/** What the decision makes of refusals and forwards on every route. */
export interface ProgramVerdicts {
	refuse(route: RoutePolicy, evidence: Evidence, reason: Reason): Verdict;
	forward(route: RoutePolicy, evidence: Evidence, headers: HeaderList): Verdict;
	ownFields(evidence: Evidence): HeaderList;
}

export function runProgram(
	policy: Policy,
	route: RoutePolicy,
	guard: GuardProgram,
	evidence: Evidence,
	verdicts: ProgramVerdicts,
): Verdict | Promise<Verdict> {
	evidence.challenge = guard.challenge;
	const go = (refusal: Reason | null): Verdict | Promise<Verdict> => {
		if (refusal !== null) return verdicts.refuse(route, evidence, refusal);
		const outcome = guard.program.run(evidence, surroundingsOf(policy, route, guard));
		return outcome instanceof Promise
			? outcome.then((late) => conclude(route, evidence, late, verdicts))
			: conclude(route, evidence, outcome, verdicts);
	};
	const refusal = route.attempts?.consult(evidence) ?? null;
	return refusal instanceof Promise ? refusal.then(go) : go(refusal);
}

/** Undefined: the program leaves preflights to the route. */
export function programPreflight(
	policy: Policy,
	route: RoutePolicy,
	evidence: Evidence,
	verdicts: ProgramVerdicts,
): Verdict | Promise<Verdict> | undefined {
	const { program: guard } = route;
	const outcome = guard?.program.preflight?.(evidence, surroundingsOf(policy, route, guard));
	if (outcome === undefined) return undefined;
	if (outcome.kind === 'forward') throw new Error('a preflight is never forwarded');
	return conclude(route, evidence, outcome, verdicts);
}

/** `around` of a program, made once a route and policy. */
const known = new WeakMap<GuardProgram, { readonly policy: Policy; readonly around: ProgramSurroundings }>();

export function surroundingsOf(policy: Policy, route: RoutePolicy, guard: GuardProgram): ProgramSurroundings {
	const made = known.get(guard);
	if (made?.policy === policy) return made.around;
	const around: ProgramSurroundings = {
		evaluate,
		digest: policy.digest,
		tokenId: policy.tokenId,
		recall: (digest) => policy.genuine.recall(digest),
		admit: (digest, token) => policy.genuine.admit(digest, token),
		tokenChecks: guard.tokenChecks,
		isDry: false,
		parameterNames: route.parameterNames,
	};
	known.set(guard, { policy, around });
	return around;
}

function conclude(
	route: RoutePolicy,
	evidence: Evidence,
	outcome: ProgramOutcome,
	verdicts: ProgramVerdicts,
): Verdict | Promise<Verdict> {
	switch (outcome.kind) {
		case 'fault':
			return { kind: 'fault', reason: outcome.reason, cause: outcome.cause, facts: evidence };
		case 'answer': {
			const { status, headers, body } = outcome;
			const fields = [...headers, ...ourFields(route, evidence, verdicts)];
			return { kind: 'answer', status, headers: fields, body, facts: evidence };
		}
		case 'refuse': {
			const { reason, status, headers, body } = outcome;
			const fields = [...headers, ...ourFields(route, evidence, verdicts)];
			const verdict: Verdict = { kind: 'deny', reason, override: { status, headers: fields, body }, facts: evidence };
			if (route.attempts === undefined || reason === 'rate_limited') return verdict;
			const charged = route.attempts.charge(evidence);
			return charged instanceof Promise ? charged.then(() => verdict) : verdict;
		}
		case 'forward': {
			const reason = route.commit.length === 0 ? null : evaluate(route.commit, evidence);
			const settle = (late: Reason | null): Verdict =>
				late === null ? forward(route, evidence, outcome, verdicts) : verdicts.refuse(route, evidence, late);
			return reason instanceof Promise ? reason.then(settle) : settle(reason);
		}
	}
}

function ourFields(route: RoutePolicy, evidence: Evidence, { ownFields }: ProgramVerdicts): HeaderList {
	const cors = route.cors === undefined ? [] : corsHeaders(route.cors, evidence.request);
	return [...cors, ...ownFields(evidence)];
}

/** The allow of the route, with what the program changed. */
function forward(
	route: RoutePolicy,
	evidence: Evidence,
	{ strip, stripCookies, set, append, path, query, backend, response }: ProgramOutcome & { kind: 'forward' },
	verdicts: ProgramVerdicts,
): Verdict {
	const stripped = { fields: strip, cookies: [...route.stripCookies, ...stripCookies] };
	const fields = append.length === 0 ? set : [...set, ...besideOwn(route, evidence, append, stripped)];
	const verdict = verdicts.forward(route, evidence, fields);
	if (verdict.kind !== 'allow') return verdict;
	const { upstream: edits, response: own } = verdict;
	return {
		...verdict,
		upstream: {
			...edits,
			upstream: backend?.upstream ?? edits.upstream,
			path: pathOf(route, evidence, path, backend?.prefix),
			query: query === undefined ? edits.query : withoutTokens(route, query),
			strip: strip.length === 0 ? edits.strip : withMore(edits.strip, strip),
			cookies: stripCookies.length === 0 ? edits.cookies : [...edits.cookies, ...stripCookies],
		},
		response: {
			...own,
			set: [...own.set, ...response.set],
			add: [...own.add, ...response.add],
			remove: [...own.remove, ...response.remove],
			content: response.content,
			decide: response.decide && withOurs(response.decide, own, () => ourFields(route, evidence, verdicts)),
		},
	};
}

/** What it decides over the response comes around the gateway's own, like what it decided before. */
function withOurs(decide: ResponseProgram, own: ResponseEdits, fields: () => HeaderList): ResponseProgram {
	return (response) => {
		const decision = decide(response);
		switch (decision.kind) {
			case 'pass': {
				const { set, add, remove, content } = decision.edits;
				const edits = {
					set: [...own.set, ...set],
					add: [...own.add, ...add],
					remove: [...own.remove, ...remove],
					content,
				};
				return { ...decision, edits };
			}
			case 'answer': {
				const { answer } = decision;
				return { kind: 'answer', answer: { ...answer, headers: [...answer.headers, ...fields()] } };
			}
			case 'fault':
				return decision;
		}
	};
}

/** What is written replaces the client's fields of the same name, so these are written too, unless they stay behind anyway. */
function besideOwn(
	{ strip }: RoutePolicy,
	{ request }: Evidence,
	append: HeaderList,
	stripped: { readonly fields: readonly string[]; readonly cookies: readonly string[] },
): HeaderList {
	const names = new Set(append.map(([name]) => name.toLowerCase()));
	const travels = (name: string) =>
		names.has(name) &&
		!stripped.fields.some((field) => canonicalHeader(field) === canonicalHeader(name)) &&
		!strip.names.has(canonicalHeader(name)) &&
		!strip.prefixes.some((prefix) => name.startsWith(prefix));
	const own = request.fields().flatMap(([name, value]): HeaderList => {
		const lower = name.toLowerCase();
		if (!travels(lower)) return [];
		const kept = lower === 'cookie' ? withoutCookies(value, stripped.cookies) : value;
		return kept === '' && value !== '' ? [] : [[name, kept]];
	});
	return [...own, ...append];
}

/** A rewritten path stands below the upstream's own; another backend has a path of its own in place of the route's. */
function pathOf(route: RoutePolicy, evidence: Evidence, path: string | undefined, prefix: string | undefined): string {
	if (path === undefined && prefix === undefined) return route.rewrite(evidence.path);
	return `${prefix ?? route.prefix}${path ?? route.relativePath(evidence.path)}` || '/';
}

function withoutTokens({ stripParameters }: RoutePolicy, query: string): string {
	return stripParameters.length > 0 && query !== '' ? withoutParameters(query, stripParameters) : query;
}

/** Sets of the names that programs have removed, beside those of every route: few, since a program names few. */
const strips = new WeakMap<HeaderStrip, Map<string, HeaderStrip>>();
const mostStrips = 256;

function withMore(strip: HeaderStrip, names: readonly string[]): HeaderStrip {
	let known = strips.get(strip);
	if (known === undefined) strips.set(strip, (known = new Map()));
	const id = names.join(' ');
	let found = known.get(id);
	if (found === undefined) {
		if (known.size >= mostStrips) known.clear();
		found = { names: new Set([...strip.names, ...names.map(canonicalHeader)]), prefixes: strip.prefixes };
		known.set(id, found);
	}
	return found;
}
