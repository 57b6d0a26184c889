/** From statements to what runs them. Nothing here waits unless a key, a store or a token of our own must be waited for. */
import { type BucketState, type Buckets, StoreUnavailable, type Upstream } from '#core/index';
import { parseIp } from '#formats/ip';
import type { OwnToken } from '#keys/authorization-server/own-token';
import type {
	AuthenticationManagedIdentity,
	CheckHeader,
	IpFilter,
	Place,
	RateLimitByKey,
	SetBackendService,
	SetHeader,
	SetQueryParameter,
	Statement,
} from '../statements/statement.ts';
import type { TextValue } from '../statements/value.ts';
import { judgeCertificate } from './client-certificate.ts';
import { applyCors } from './cors.ts';
import {
	type ErrorReason,
	EvaluationFailure,
	type Failure,
	type PolicyResponse,
	type Signal,
	type Step,
} from './failure.ts';
import { linkFindAndReplace } from './find-and-replace.ts';
import type { PolicyRun } from './policy-run.ts';
import { rewrite, withParameter } from './rewrite.ts';
import { type TokenRules, validateToken } from './validate-token.ts';

export type Runnable = (run: PolicyRun) => Step;

/** Where a request goes, and what comes before its path there. */
export interface Backend {
	readonly upstream: Upstream;
	readonly prefix: string;
}

/** What statements need beside the request. */
export interface Parts {
	/** How the tokens of a `validate-jwt` are verified. */
	verifierOf(statement: Statement & { kind: 'validate-jwt' | 'validate-azure-ad-token' }): TokenRules['verifierOf'];
	readonly maxTokenLength: number;
	jwtOf: TokenRules['jwtOf'];
	/** The upstream that a policy may name; undefined: it is not declared. */
	backendOf(by: 'id' | 'url', name: string): Backend | undefined;
	bucketsOf(statement: Statement & { kind: 'rate-limit-by-key' }): Buckets;
	ownTokenOf(statement: AuthenticationManagedIdentity): OwnToken;
	/** The same upstream, shown this certificate; undefined for one without TLS. No backend: the route's own upstream. */
	presentedTo(certificate: string, backend: Backend | undefined): Backend | undefined;
	/** Address of the client, behind trusted proxies; it may be no address at all. */
	addressOf(run: PolicyRun): string;
	digest(text: string): string;
}

/** In their order: the first signal ends the list. An expression that fails is a breakdown, whatever it would have said. */
export function runAll(list: readonly Runnable[], run: PolicyRun, from = 0): Step {
	try {
		for (let i = from; i < list.length; i++) {
			const signal = list[i]?.(run) ?? null;
			if (signal === null) continue;
			if (!(signal instanceof Promise)) return signal;
			return signal.then(
				(late) => (late === null ? runAll(list, run, i + 1) : late),
				(error: unknown) => broken(error),
			);
		}
		return null;
	} catch (error) {
		return broken(error);
	}
}

function broken(error: unknown): Signal {
	if (error instanceof EvaluationFailure) return { kind: 'breakdown', reason: 'internal_error', cause: error };
	throw error;
}

export function link(statements: readonly Statement[], parts: Parts): readonly Runnable[] {
	return statements.map((statement) => traced(statement, linkOne(statement, parts)));
}

function linkOne(statement: Statement, parts: Parts): Runnable {
	const { place } = statement;
	switch (statement.kind) {
		case 'validate-jwt':
		case 'validate-azure-ad-token': {
			const { maxTokenLength } = parts;
			const rules: TokenRules = {
				spec: statement,
				place,
				verifierOf: parts.verifierOf(statement),
				maxTokenLength,
				jwtOf: (token, run) => parts.jwtOf(token, run),
			};
			return (run) => validateToken(rules, run);
		}
		case 'choose': {
			const branches = statement.branches.map(({ condition, statements }) => ({
				holds: (run: PolicyRun) =>
					condition.kind === 'constant' ? condition.text.toLowerCase() === 'true' : run.boolean(condition),
				list: link(statements, parts),
			}));
			const otherwise = link(statement.otherwise ?? [], parts);
			return (run) => runAll(branches.find(({ holds }) => holds(run))?.list ?? otherwise, run);
		}
		case 'include-fragment': {
			const list = link(statement.statements, parts);
			return (run) => runAll(list, run);
		}
		case 'set-variable': {
			const { name, value } = statement;
			return (run) => {
				run.setVariable(name, value.kind === 'constant' ? value.text : run.evaluate(value));
				return null;
			};
		}
		case 'check-header':
			return (run) => checkHeader(statement, place, run);
		case 'set-header':
			return (run) => setHeader(statement, place.section, run);
		case 'set-query-parameter':
			return (run) => setQueryParameter(statement, run);
		case 'set-backend-service':
			return setBackendService(statement, parts);
		case 'rewrite-uri':
			return (run) => {
				rewrite(statement, run);
				return null;
			};
		case 'return-response':
			return (run) => {
				const response: PolicyResponse = { status: 200, headers: [], body: '' };
				if (statement.status !== undefined) response.status = run.number(statement.status.code, statusBounds);
				for (const header of statement.headers) applyToResponse(header, response, run);
				if (statement.body !== undefined) response.body = run.text(statement.body);
				return { kind: 'answered', response };
			};
		case 'set-status':
			return (run) => {
				const message = place.section === 'outbound' ? run.received : run.response;
				if (message !== undefined) message.status = run.number(statement.code, statusBounds);
				return null;
			};
		case 'set-body':
			return (run) => {
				if (run.response !== undefined) run.response.body = run.text(statement.body);
				return null;
			};
		case 'cors':
			return (run) => applyCors(statement, run);
		case 'find-and-replace':
			return linkFindAndReplace(statement, place.section);
		case 'trace':
			return (run) => {
				for (const value of statement.values) run.text(value);
				return null;
			};
		case 'ip-filter':
			return (run) => filterAddress(statement, place, parts.addressOf(run));
		case 'rate-limit-by-key':
			return limitRate(statement, place, parts);
		case 'authentication-managed-identity':
			return attachOwnToken(statement, parts);
		case 'authentication-certificate': {
			const { certificate } = statement;
			return (run) => {
				run.certificate = certificate;
				return null;
			};
		}
		case 'validate-client-certificate':
			return (run) => judgeCertificate(statement, place, run);
		case 'forward-request':
			return (run) => {
				if (run.isForwarded) throw new EvaluationFailure('forward-request is there twice on one way');
				run.isForwarded = true;
				return null;
			};
		case 'base':
			throw new Error(`<${statement.kind}> cannot be run`);
	}
}

const statusBounds = { least: 200, most: 599 };

/** For `apim test`: what came of each statement. */
function traced({ kind, place }: Statement, runnable: Runnable): Runnable {
	const { file, position, path, section } = place;
	// What nobody has written.
	if (file === '') return runnable;
	return (run) => {
		const { trail } = run;
		if (trail === undefined) return runnable(run);
		const entry = { statement: kind, file, line: position.line, path, section, outcome: 'passed' };
		trail.push(entry);
		const told = (signal: Signal | null): Signal | null => {
			if (signal !== null) entry.outcome = describe(signal);
			return signal;
		};
		try {
			const step = runnable(run);
			return step instanceof Promise ? step.then(told) : told(step);
		} catch (error) {
			entry.outcome = 'failed: an expression could not be evaluated';
			throw error;
		}
	};
}

function describe(signal: Signal): string {
	switch (signal.kind) {
		case 'failure':
			return `refused: ${signal.reason} (${signal.own})`;
		case 'breakdown':
			return `failed: ${signal.reason}`;
		case 'answered':
			return `answered: ${signal.response.status}`;
	}
}

function failure(
	place: Place,
	source: string,
	what: Pick<Failure, 'reason' | 'message' | 'own' | 'status'> & Partial<Pick<Failure, 'wording' | 'headers'>>,
): Failure {
	return { kind: 'failure', source, place, wording: undefined, headers: [], ...what };
}

function checkHeader(statement: CheckHeader, place: Place, run: PolicyRun): Signal | null {
	const name = run.text(statement.name);
	const values = run.headers.values(name);
	const refuse = (reason: ErrorReason, message: string): Failure =>
		failure(place, statement.kind, {
			reason,
			message,
			own: reason === 'HeaderNotFound' ? 'credential_missing' : 'claim_mismatch',
			status: run.number(statement.status, statusBounds),
			wording: statement.message === undefined ? undefined : run.text(statement.message),
		});
	const found = values.join(',');
	if (found === '') {
		notice(run, `the header ${name}`, 'none');
		return refuse('HeaderNotFound', `Header ${name} was not found in the request. Access denied.`);
	}
	if (statement.values.length === 0) return null;
	const fold = run.boolean(statement.ignoreCase) ? (text: string) => text.toLowerCase() : (text: string) => text;
	if (statement.values.some((value) => fold(run.text(value)) === fold(found))) return null;
	// Its value may be a secret: what was there is not recorded.
	notice(run, `a value of ${name} that the policy lists`, 'another one');
	return refuse('HeaderValueNotAllowed', `Header ${name} value of ${found} is not allowed. Access denied.`);
}

function notice(run: PolicyRun, expected: string, found: string): void {
	run.evidence.check = 'credential';
	run.evidence.expected = expected;
	run.evidence.found = found;
}

function setHeader(statement: SetHeader, section: string, run: PolicyRun): null {
	const { name, action } = statement;
	if (section === 'on-error') {
		if (run.response !== undefined) applyToResponse(statement, run.response, run);
		return null;
	}
	const headers = section === 'outbound' ? run.received?.headers : run.headers;
	if (headers === undefined) {
		// Whether it is there is known of a response that is there alone: `skip` waits for that.
		if (action === 'skip') throw new Error('exists-action="skip" without a response');
		const values = statement.values.map((value) => run.fieldValue(value));
		run.setResponseHeader(action, name, values);
		return null;
	}
	if (action === 'skip' && headers.has(name)) return null;
	const values = action === 'delete' ? [] : statement.values.map((value) => run.fieldValue(value));
	headers[action === 'append' ? 'append' : 'replace'](name, values);
	return null;
}

function applyToResponse({ name, action, values }: SetHeader, response: PolicyResponse, run: PolicyRun): void {
	const lower = name.toLowerCase();
	const isThere = response.headers.some(([other]) => other.toLowerCase() === lower);
	if (action === 'skip' && isThere) return;
	if (action !== 'append') response.headers = response.headers.filter(([other]) => other.toLowerCase() !== lower);
	if (action === 'delete') return;
	for (const value of values) response.headers.push([lower, run.fieldValue(value)]);
}

function setQueryParameter({ name, action, values }: SetQueryParameter, run: PolicyRun): null {
	run.query = withParameter(
		run.query ?? run.evidence.query,
		run.text(name),
		action,
		values.map((value) => run.text(value)),
	);
	return null;
}

/** Only to what the configuration declares: anything else fails closed. */
function setBackendService({ target }: SetBackendService, parts: Parts): Runnable {
	const value: TextValue = target.by === 'id' ? target.id : target.url;
	const known = value.kind === 'constant' ? parts.backendOf(target.by, value.text) : undefined;
	return (run) => {
		const backend = known ?? parts.backendOf(target.by, run.text(value));
		if (backend === undefined) throw new EvaluationFailure('set-backend-service names a backend that is not declared');
		run.backend = backend;
		return null;
	};
}

function filterAddress({ kind, action, addresses, ranges }: IpFilter, place: Place, text: string): Signal | null {
	const address = parseIp(text);
	const refuse = (reason: ErrorReason, message: string) =>
		failure(place, kind, { reason, message, own: 'client_not_allowed', status: 403 });
	if (address === undefined) {
		return refuse('CallerIpNotAllowed', 'Failed to establish IP address for the caller. Access denied.');
	}
	const compare = (other: string): number | undefined => {
		const bound = parseIp(other);
		if (bound === undefined || bound.version !== address.version) return undefined;
		const at = bound.parts.findIndex((part, i) => part !== address.parts[i]);
		return at < 0 ? 0 : (address.parts[at] ?? 0) - (bound.parts[at] ?? 0);
	};
	const isListed =
		addresses.some((other) => compare(other) === 0) ||
		ranges.some(({ from, to }) => (compare(from) ?? -1) >= 0 && (compare(to) ?? 1) <= 0);
	if (isListed === (action === 'allow')) return null;
	return action === 'allow'
		? refuse('CallerIpNotAllowed', `Caller IP address ${text} is not allowed. Access denied.`)
		: refuse('CallerIpBlocked', 'Caller IP address is blocked. Access denied.');
}

/** Characters of a key that are kept as they are. */
const longestKey = 80;

function limitRate(statement: Statement & RateLimitByKey, place: Place, parts: Parts): Runnable {
	const buckets = parts.bucketsOf(statement);
	const { key, condition, kind, calls } = statement;

	function conclude(state: BucketState, run: PolicyRun): Signal | null {
		if (statement.remainingVariable !== undefined) run.setVariable(statement.remainingVariable, state.remaining);
		const told: [string, string][] = [];
		if (statement.remainingHeader !== undefined) told.push([statement.remainingHeader, String(state.remaining)]);
		if (statement.totalHeader !== undefined) told.push([statement.totalHeader, String(calls)]);
		if (state.allowed) {
			for (const [name, value] of told) run.setResponseHeader('override', name, [value]);
			return null;
		}
		const seconds = Math.max(1, Math.ceil(state.retryAfter / 1000));
		if (statement.retryAfterVariable !== undefined) run.setVariable(statement.retryAfterVariable, seconds);
		run.evidence.check = 'limits';
		run.evidence.expected = `at most ${calls} requests in ${statement.period} s`;
		run.evidence.found = 'no request left for this key';
		run.evidence.retryAfter = seconds;
		if (statement.retryAfterHeader.toLowerCase() !== 'retry-after')
			told.push([statement.retryAfterHeader, String(seconds)]);
		const message = `Rate limit is exceeded. Try again in ${seconds} seconds.`;
		return failure(place, kind, {
			reason: 'RateLimitExceeded',
			message,
			own: 'rate_limited',
			status: 429,
			headers: told,
		});
	}

	return (run) => {
		const counts =
			condition === undefined ||
			(condition.kind === 'constant' ? condition.text.toLowerCase() === 'true' : run.boolean(condition));
		const text = run.text(key);
		// What is not counted is refused too once no request is left.
		const state = buckets[counts && !run.around.isDry ? 'take' : 'look'](
			text.length > longestKey ? parts.digest(text) : text,
			run.evidence.monotonic,
		);
		if (!(state instanceof Promise)) return conclude(state, run);
		return state.then(
			(late) => conclude(late, run),
			(cause: unknown): Signal => {
				if (!(cause instanceof StoreUnavailable)) throw cause;
				return { kind: 'breakdown', reason: 'store_unavailable', cause };
			},
		);
	};
}

function attachOwnToken(statement: AuthenticationManagedIdentity, parts: Parts): Runnable {
	const source = parts.ownTokenOf(statement);
	const { output, ignoreError } = statement;
	const settle = (answer: Awaited<ReturnType<OwnToken['get']>>, run: PolicyRun): Signal | null => {
		if (answer.kind === 'unavailable') {
			if (ignoreError) return null;
			run.evidence.retryAfter = answer.retryAfter;
			return { kind: 'breakdown', reason: 'backend_token_unavailable', cause: answer.cause };
		}
		if (output === undefined) run.headers.replace('Authorization', [`Bearer ${answer.token}`]);
		else run.setVariable(output, answer.token);
		return null;
	};
	return (run) => {
		const answer = source.get();
		return answer instanceof Promise ? answer.then((late) => settle(late, run)) : settle(answer, run);
	};
}
