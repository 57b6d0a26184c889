/**
 * Walks through the steps over real sockets, and holds every answer against what the step tells. A step that goes
 * otherwise is shown as such and counted; nothing is taken back to make the tour look good.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, type Reason } from '#core/index';
import type { AuditRecord } from '#observe/audit-record';
import type { DemoApplication } from './applications.ts';
import type { Received } from './sample-api.ts';

/** Where the gateway is, and what the tour may look at. */
export interface DemoWorld {
	readonly gateway: string;
	/** The same token for the same question, so that one step can build on another. */
	readonly token: (application: DemoApplication, audience: string) => Promise<string>;
	/** Requests that have reached the API. */
	readonly apiRequests: () => number;
	/** The audit record of the request that the tour made last. */
	readonly nextRecord: () => Promise<AuditRecord>;
}

export interface Step {
	readonly title: string;
	/** What the reader shall see in it, one sentence. */
	readonly tells: string;
	readonly method?: 'GET' | 'POST';
	readonly path: string;
	/** Whose token is sent; without it none is. */
	readonly token?: TokenChoice;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	readonly expect: Expectation;
}

export interface TokenChoice {
	readonly application: DemoApplication;
	readonly audience: string;
	/** How it is sent, when not as it was issued. */
	readonly change?: { readonly said: string; apply(token: string): string | Promise<string> };
}

export interface Expectation {
	readonly status: number;
	/** Absent: the request is forwarded. */
	readonly reason?: Reason;
	/** Each must stand in WWW-Authenticate; an empty list: there is none. */
	readonly challenge?: readonly string[];
	/** What the API must have received: header → value; null: not at all. */
	readonly received?: Readonly<Record<string, string | null>>;
	/** Claims of the token that the API must have received in place of the client's; absent: none at all. */
	readonly backendToken?: JsonObject;
}

/** How one step went. */
export interface StepOutcome {
	readonly step: Step;
	readonly status: number;
	readonly challenge: string | undefined;
	readonly record: AuditRecord;
	/** Only of a forwarded request. */
	readonly received: Received | undefined;
	/** Of the token that the API received, when it is a JWT. */
	readonly backendClaims: JsonObject | undefined;
	/** What differed from the expectation; empty: nothing. */
	readonly complaints: readonly string[];
}

/** Makes the request of one step and judges the answer. Rejects only when there is no answer at all. */
export async function walk(step: Step, world: DemoWorld): Promise<StepOutcome> {
	const headers: Record<string, string> = { accept: 'application/json', ...step.headers };
	let sent: string | undefined;
	if (step.token !== undefined) {
		const { application, audience, change } = step.token;
		const token = await world.token(application, audience);
		sent = change === undefined ? token : await change.apply(token);
		headers['authorization'] = `Bearer ${sent}`;
	}
	const before = world.apiRequests();
	const response = await fetch(world.gateway + step.path, {
		method: step.method ?? 'GET',
		headers,
		redirect: 'manual',
		...(step.body === undefined ? {} : { body: step.body }),
	});
	const body = await response.text();
	const record = await world.nextRecord();
	const reached = world.apiRequests() - before;
	const challenge = response.headers.get('www-authenticate') ?? undefined;
	const received = reached > 0 && response.status === 200 ? (JSON.parse(body) as Received) : undefined;
	const backendClaims = claimsOf(received);
	const { status } = response;
	const complaints = complain(step.expect, { status, challenge, record, received, backendClaims, reached });
	if (sent !== undefined && received !== undefined && JSON.stringify(received).includes(sent)) {
		complaints.push('the API received the client’s token');
	}
	return { step, status, challenge, record, received, backendClaims, complaints };
}

interface Seen {
	readonly status: number;
	readonly challenge: string | undefined;
	readonly record: AuditRecord;
	readonly received: Received | undefined;
	readonly backendClaims: JsonObject | undefined;
	readonly reached: number;
}

/** Unverified, as everything is that the tour only shows. */
function claimsOf(received: Received | undefined): JsonObject | undefined {
	const field = received?.headers['authorization'];
	const payload = typeof field === 'string' ? /^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/.exec(field)?.[1] : undefined;
	if (payload === undefined) return undefined;
	const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
	return isJsonObject(claims) ? claims : undefined;
}

function complain(expect: Expectation, seen: Seen): string[] {
	const complaints: string[] = [];
	const check = (good: boolean, complaint: string) => {
		if (!good) complaints.push(complaint);
	};
	check(seen.status === expect.status, `status ${seen.status} in place of ${expect.status}`);
	check(
		seen.record.reason === expect.reason,
		`reason ${seen.record.reason ?? 'none'} in place of ${expect.reason ?? 'none'}`,
	);
	check(
		seen.record.decision === (expect.reason === undefined ? 'allow' : 'deny'),
		`audit says ${seen.record.decision}`,
	);
	if (expect.reason === undefined) check(seen.reached === 1, `the API saw ${seen.reached} requests in place of 1`);
	else check(seen.reached === 0, 'the request reached the API');
	if (expect.challenge?.length === 0) check(seen.challenge === undefined, 'there is a WWW-Authenticate');
	for (const part of expect.challenge ?? []) {
		check(seen.challenge?.includes(part) === true, `WWW-Authenticate does not hold ${part}`);
	}
	if (expect.reason === undefined) check(seen.received !== undefined, 'the answer is not the API’s');
	const { backendToken } = expect;
	for (const [name, value] of Object.entries(backendToken ?? {})) {
		const got = seen.backendClaims?.[name];
		check(isDeepStrictEqual(got, value), `the API’s token has ${name}: ${JSON.stringify(got)}`);
	}
	const none = backendToken === undefined ? { authorization: null } : {};
	for (const [name, value] of Object.entries({ ...none, ...expect.received })) {
		const got = seen.received?.headers[name];
		if (seen.received !== undefined) check(got === (value ?? undefined), `the API received ${name}: ${String(got)}`);
	}
	return complaints;
}
