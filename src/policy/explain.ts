/**
 * Why is this request decided as it is? Runs the list of checks that `decide` runs, over the same kind of evidence, but
 * goes on after a refusal and collects every finding. It commits nothing, remembers nothing and forwards nothing. What
 * an unverified token claims is judged too, and marked as such, so that one run shows everything that is wrong with it.
 */
import {
	type BackendToken,
	type Check,
	type CheckName,
	type CredentialKind,
	type Effect,
	Evidence,
	type Finding,
	type Principal,
	type Reason,
	type RequestView,
} from '#core/index';
import { explainOwnAnswer } from './explain-own.ts';
import { locate } from './locate.ts';
import { findOwnAnswer, type OwnAnswer } from './own-answers.ts';
import type { Policy } from './policy.ts';
import type { Guard, GuardProgram, RoutePolicy } from './route-policy.ts';
import { surroundingsOf } from './run-program.ts';

export interface Explanation {
	/** `allow`, or the reason for which `decide` would refuse. */
	readonly outcome: 'allow' | Reason;
	/** The check that refuses; undefined for an allow. */
	readonly check: CheckName | undefined;
	readonly route: string | undefined;
	readonly public: boolean;
	/** Status with which the route's program, or the gateway itself, answers; then `outcome` is `allow`, and nothing is forwarded. */
	readonly answered: number | undefined;
	/** What the gateway answers itself, before any route: nothing is forwarded, and no credential is looked at. */
	readonly own: OwnAnswer['kind'] | undefined;
	/** Normalised path, as the upstream would see it before rewriting. */
	readonly path: string | undefined;
	readonly provider: string | undefined;
	readonly kind: CredentialKind | undefined;
	/** Whether the token's signature verified: findings behind it are about genuine claims only then. */
	readonly genuine: boolean;
	/** Every check of this route in its order. */
	readonly findings: readonly Finding[];
	/** Seconds by which the token's `iat` lies ahead of our clock; 0 when it does not. */
	readonly issuedAhead: number;
	/** Who else would accept this token. */
	readonly elsewhere: Elsewhere;
}

export interface Elsewhere {
	/** Providers of this configuration that vouch for the token, but are not on this route. */
	readonly providers: readonly string[];
	/** Other routes on which this token would pass every check; at most 20 are named. */
	readonly routes: readonly string[];
}

/** At most so many routes are tried and named: an explanation is for a reader. */
const mostTried = 2_000;
const mostNamed = 20;

const nobodyElse: Elsewhere = { providers: [], routes: [] };

/** Rejects only for a bug. Waits for keys like `decide` does. */
export async function explain(policy: Policy, request: RequestView): Promise<Explanation> {
	const evidence = newEvidence(policy, request);
	const own = findOwnAnswer(policy, evidence);
	if (own !== undefined) {
		const { findings, ...told } = await explainOwnAnswer(policy, own, evidence, (check) => judge(check, evidence));
		return { ...explanation(evidence, undefined, findings, nobodyElse), ...told, own: own.kind };
	}
	const located = locate(policy, evidence, request.method);
	if (located.kind === 'refused') {
		const check = evidence.check ?? 'path';
		const finding: Finding = {
			check,
			outcome: 'refused',
			reason: located.reason,
			expected: evidence.expected ?? '',
			found: evidence.found ?? '',
		};
		return explanation(evidence, undefined, [finding], nobodyElse);
	}
	const { route } = located;
	evidence.route = route.name;
	evidence.urlHost = route.urlHost;
	const findings: Finding[] = [passed('path', `path ${evidence.path}`), passed('method', `method ${request.method}`)];
	if (route.program !== undefined) return explainProgram(policy, route, route.program, evidence, findings);
	if (route.guard !== undefined) await judgeGuard(route.guard, evidence, findings);
	await judgeAll(route.commit.map(withoutEffect), evidence, findings);
	if (route.backendToken !== undefined) findings.push(judgeBackendToken(route.backendToken, evidence));
	if (route.guard === undefined) return explanation(evidence, route, findings, nobodyElse);
	return explanation(evidence, route, findings, await elsewhere(policy, route, request, evidence, findings));
}

/** A program decides as a whole: one finding says what came of it. Who else would take the token is not looked for. */
async function explainProgram(
	policy: Policy,
	route: RoutePolicy,
	guard: GuardProgram,
	evidence: Evidence,
	findings: Finding[],
): Promise<Explanation> {
	const tokenChecks = guard.tokenChecks.map((check) => ('look' in check ? withoutEffect(check as Effect) : check));
	const around = { ...surroundingsOf(policy, route, guard), tokenChecks, admit() {}, isDry: true };
	const outcome = await guard.program.run(evidence, around);
	const check = evidence.check ?? 'claims';
	if (outcome.kind === 'refuse' || outcome.kind === 'fault') {
		const expected = evidence.expected ?? 'what the policy asks for';
		const found = evidence.found ?? 'something else';
		findings.push({ check, outcome: 'refused', reason: outcome.reason, expected, found });
	} else {
		findings.push(
			passed('claims', outcome.kind === 'answer' ? 'the policy answers itself' : 'the policy lets it through'),
		);
		await judgeAll(outcome.kind === 'answer' ? [] : route.commit.map(withoutEffect), evidence, findings);
	}
	const answered = outcome.kind === 'answer' ? outcome.status : undefined;
	return { ...explanation(evidence, route, findings, nobodyElse), answered };
}

function newEvidence(policy: Policy, request: RequestView): Evidence {
	return new Evidence(request, policy.clock.now() / 1000, policy.clock.monotonic());
}

/** The whole list of a route: extract, authenticate by kind, authorize by provider. */
async function judgeGuard(guard: Guard, evidence: Evidence, findings: Finding[]): Promise<void> {
	await judgeAll(guard.extract, evidence, findings);
	if (evidence.credential === undefined) return;
	evidence.kind = guard.kindOf(evidence);
	await judgeAll(guard.authenticate.get(evidence.kind) ?? [], evidence, findings);
	const rules = guard.rules.get(evidence.provider ?? '');
	if (rules !== undefined) await judgeAll(rules.authorize, evidence, findings);
}

/** Explaining never commits. */
function withoutEffect(effect: Effect): Check {
	const { name, needs } = effect;
	return {
		name,
		needs,
		judge: (evidence) => effect.look(evidence),
		expected: (evidence) => effect.expected(evidence),
		found: (evidence) => effect.found(evidence),
	};
}

/** What the upstream would get instead of the client's token. Nobody is asked for it, and nothing is signed. */
function judgeBackendToken({ look }: BackendToken, evidence: Evidence): Finding {
	const check = 'backend_token';
	const told = { check, reason: undefined, expected: '' } as const;
	if (evidence.principal === undefined) return { ...told, outcome: 'not_judged', found: 'needs the genuine first' };
	if (look === undefined) return { ...told, outcome: 'not_judged', found: 'is asked for with the request alone' };
	const reason = look(evidence);
	if (reason === null) return { ...told, outcome: 'passed', found: 'there is one to be had' };
	return { check, outcome: 'refused', reason, expected: evidence.expected ?? '', found: evidence.found ?? '' };
}

async function judgeAll(checks: readonly Check[], evidence: Evidence, findings: Finding[]): Promise<void> {
	for (const check of checks) findings.push(await judge(check, evidence));
}

async function judge(check: Check, evidence: Evidence): Promise<Finding> {
	const { name } = check;
	if (!hasWhatItNeeds(check, evidence)) {
		return {
			check: name,
			outcome: 'not_judged',
			reason: undefined,
			expected: '',
			found: `needs the ${check.needs} first`,
		};
	}
	const reason = await check.judge(evidence);
	return {
		check: name,
		outcome: reason === null ? 'passed' : 'refused',
		reason: reason ?? undefined,
		expected: check.expected(evidence),
		found: check.found(evidence),
	};
}

function hasWhatItNeeds({ needs }: Check, evidence: Evidence): boolean {
	switch (needs) {
		case 'request':
			return true;
		case 'credential':
			return evidence.credential !== undefined;
		case 'token':
			return evidence.token !== undefined || evidence.sharedAccess !== undefined;
		case 'provider':
			return evidence.provider !== undefined;
		case 'algorithm':
			return evidence.algorithm !== undefined;
		case 'key':
			return evidence.candidates.length > 0;
		case 'principal':
			return (evidence.principal ?? evidence.claimed) !== undefined;
		case 'genuine':
			return evidence.principal !== undefined;
	}
}

function passed(check: CheckName, found: string): Finding {
	return { check, outcome: 'passed', reason: undefined, expected: found, found };
}

function explanation(
	evidence: Evidence,
	route: RoutePolicy | undefined,
	findings: readonly Finding[],
	others: Elsewhere,
): Explanation {
	const refusal = findings.find((finding) => finding.outcome === 'refused');
	const issuedAt = (evidence.principal ?? evidence.claimed)?.issuedAt;
	return {
		outcome: refusal?.reason ?? 'allow',
		check: refusal?.check,
		route: route?.name,
		public: route !== undefined && route.guard === undefined && route.program === undefined,
		answered: undefined,
		own: undefined,
		path: evidence.path === '' ? undefined : evidence.path,
		provider: evidence.provider,
		kind: evidence.kind,
		genuine: evidence.principal !== undefined,
		findings,
		issuedAhead: issuedAt === undefined ? 0 : Math.max(0, Math.round(issuedAt - evidence.now)),
		elsewhere: others,
	};
}

/** Tries the token on the other routes. A provider verifies it once, however many routes name that provider. */
async function elsewhere(
	policy: Policy,
	here: RoutePolicy,
	request: RequestView,
	judged: Evidence,
	findings: readonly Finding[],
): Promise<Elsewhere> {
	const providers = new Set<string>();
	const routes: string[] = [];
	const genuine = new Map<string, Evidence>();
	if (judged.principal !== undefined && isStillActive(findings)) genuine.set(judged.principal.provider, judged);
	const refused = new Set<string>();

	for (const route of policy.routes.slice(0, mostTried)) {
		if (route === here || route.guard === undefined || routes.length >= mostNamed) continue;
		const untried = [...route.guard.rules.keys()].some((name) => !refused.has(name));
		if (!untried) continue;
		const evidence = await authenticated(policy, route.guard, request, genuine, refused);
		const principal = evidence?.principal;
		if (evidence === undefined || principal === undefined) continue;
		if (here.guard?.rules.has(principal.provider) === false) providers.add(principal.provider);
		if (await accepts(route, evidence, principal, parametersFor(route, here, judged))) routes.push(route.name);
	}
	return { providers: [...providers], routes };
}

/** False for a JWT that is signed as it should be, and no longer counts. */
function isStillActive(findings: readonly Finding[]): boolean {
	return !findings.some(({ check, outcome }) => check === 'introspection' && outcome === 'refused');
}

async function authenticated(
	policy: Policy,
	guard: Guard,
	request: RequestView,
	genuine: Map<string, Evidence>,
	refused: Set<string>,
): Promise<Evidence | undefined> {
	for (const [name, evidence] of genuine) if (guard.rules.has(name)) return evidence;
	const evidence = newEvidence(policy, request);
	const findings: Finding[] = [];
	await judgeAll(guard.extract, evidence, findings);
	if (evidence.credential === undefined) return undefined;
	evidence.kind = guard.kindOf(evidence);
	// Trying an opaque token means to show it to another provider's server, which could use it.
	if (evidence.kind === 'opaque') return undefined;
	await judgeAll(guard.authenticate.get(evidence.kind) ?? [], evidence, findings);
	const { principal } = evidence;
	if (principal === undefined || !isStillActive(findings)) {
		for (const name of guard.rules.keys()) refused.add(name);
		return undefined;
	}
	genuine.set(principal.provider, evidence);
	return evidence;
}

async function accepts(
	route: RoutePolicy,
	verified: Evidence,
	principal: Principal,
	parameters: readonly string[],
): Promise<boolean> {
	const rules = route.guard?.rules.get(principal.provider);
	const { credential } = verified;
	if (rules === undefined || credential === undefined) return false;
	if (
		!rules.tokenFrom.some(
			({ in: where, name }) => where === credential.location.in && name === credential.location.name,
		)
	) {
		return false;
	}
	const evidence = new Evidence(verified.request, verified.now, verified.monotonic);
	evidence.credential = credential;
	evidence.principal = principal;
	evidence.voucher = verified.voucher;
	evidence.parameters = parameters;
	// A proof is for one URL: on this route the client would send another one.
	evidence.path = verified.path;
	evidence.urlHost = verified.urlHost;
	for (const check of rules.authorize) if ((await check.judge(evidence)) !== null) return false;
	return true;
}

/** The values that this request gave to parameters of the same name. */
function parametersFor(route: RoutePolicy, here: RoutePolicy, { parameters }: Evidence): readonly string[] {
	return route.parameterNames.map((name) => {
		const at = here.parameterNames.indexOf(name);
		return at < 0 ? '' : (parameters[at] ?? '');
	});
}
