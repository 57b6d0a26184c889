/**
 * `cors` (Fetch Standard, "CORS protocol"). To a preflight nothing else of the policy is looked at, and it never reaches an
 * upstream; on any other request it decides what the client’s browser may read, of refusals behind it, too. The first
 * statement that knows the origin is the one that counts.
 */
import type { HeaderList, RequestView } from '#core/index';
import { originOf } from '../statements/cors.ts';
import type { Cors } from '../statements/statement.ts';
import type { PolicyResponse, Signal } from './failure.ts';
import type { PolicyRun } from './policy-run.ts';

/** What an upstream says of it would be a second opinion. */
const ofUpstream = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers'];
const vary = ['vary', 'Origin'] as const;

export function applyCors(statement: Cors, run: PolicyRun): Signal | null {
	if (run.isCorsAllowed) return null;
	const { request } = run.evidence;
	for (const name of ofUpstream) run.setResponseHeader('delete', name, []);
	if (dependsOnOrigin(statement) && run.corsFields.length === 0) {
		run.corsFields = [vary];
		run.setResponseHeader('append', 'vary', ['Origin']);
	}
	const origin = originIn(request);
	if (origin === undefined) return null;
	const allowance = allowanceFor(statement, origin, run);
	if (allowance === undefined) {
		const isSimple = request.method === 'GET' || request.method === 'HEAD';
		if (!isSimple || !run.boolean(statement.terminates)) return null;
		return { kind: 'answered', response: { status: 200, headers: [], body: '' } };
	}
	run.isCorsAllowed = true;
	const exposed: HeaderList =
		statement.exposed.length === 0 ? [] : [['access-control-expose-headers', statement.exposed.join(', ')]];
	const fields = [...allowance, ...exposed];
	run.corsFields = [...run.corsFields, ...fields];
	for (const [name, value] of fields) run.setResponseHeader('override', name, [value]);
	return null;
}

/** For an origin that none of them knows: an empty answer without any allowance. */
export function preflightAnswer(statements: readonly Cors[], run: PolicyRun): PolicyResponse {
	const { request } = run.evidence;
	const origin = originIn(request);
	const headers: (readonly [string, string])[] = statements.some(dependsOnOrigin) ? [vary] : [];
	for (const statement of statements) {
		const allowance = origin === undefined ? undefined : allowanceFor(statement, origin, run);
		if (allowance !== undefined) {
			headers.push(...allowance, ...detailsFor(statement, run));
			break;
		}
		if (run.boolean(statement.terminates)) break;
	}
	return { status: 200, headers, body: '' };
}

function originIn(request: RequestView): string | undefined {
	return request.headerCount('origin') === 1 ? request.header('origin') : undefined;
}

function dependsOnOrigin({ origins }: Cors): boolean {
	return origins.length !== 1 || origins[0]?.kind === 'expression' || origins[0]?.text !== '*';
}

/** `null` stands for any sandboxed page: only `*` can mean it. Undefined: the origin is not among them. */
function allowanceFor({ origins, credentials }: Cors, origin: string, run: PolicyRun): HeaderList | undefined {
	const texts = origins.map((value) => {
		if (value.kind === 'constant') return value.text;
		const text = run.text(value).trim();
		return text === '*' ? text : originOf(text);
	});
	if (texts.includes(origin)) {
		const allowed = ['access-control-allow-origin', origin] as const;
		return run.boolean(credentials) ? [allowed, ['access-control-allow-credentials', 'true']] : [allowed];
	}
	// Whoever may be anybody never comes with credentials.
	return texts.includes('*') ? [['access-control-allow-origin', '*']] : undefined;
}

/** `*` is what was asked for: with credentials browsers take the star for a name. */
function detailsFor({ methods, headers, maxAge }: Cors, run: PolicyRun): HeaderList {
	const { request } = run.evidence;
	const asked = (name: string, list: readonly string[]) =>
		list.includes('*') ? request.header(name) : list.join(', ');
	const details: (readonly [string, string | undefined])[] = [
		['access-control-allow-methods', asked('access-control-request-method', methods)],
		['access-control-allow-headers', asked('access-control-request-headers', headers)],
		['access-control-max-age', String(run.number(maxAge, { least: 0, most: 2_147_483_647 }))],
	];
	return details.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value] as const]));
}
