/**
 * A gateway in front of a recording upstream, seen from every side at once: what the client got, what reached the
 * upstream, what the audit log says, and whether the token shows up anywhere it must not.
 */
import { expect } from 'vitest';
import { type Reason, reasons } from '#core/index';
import type { AuditRecord } from '#observe/audit-record';
import { canaries } from './canaries.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { exchange, type RawResponse } from './raw-client.ts';
import {
	type RecordedRequest,
	type RecordingOptions,
	type RecordingUpstream,
	recordingUpstream,
} from './recording-upstream.ts';

export interface GuardedGateway {
	readonly gateway: TestGateway;
	readonly upstream: RecordingUpstream;
	/** Sends one request on a connection of its own and waits for its record. One at a time. */
	send(request?: SentRequest): Promise<Seen>;
	/** The same for exact bytes; `token` is looked for where it must not be. */
	sendBytes(bytes: string, token?: string, method?: string): Promise<Seen>;
	stop(): Promise<void>;
}

export interface SentRequest {
	/** Default GET. */
	readonly method?: string;
	/** Default `/`. */
	readonly target?: string;
	/** Default `api.example.com`. */
	readonly host?: string;
	readonly token?: string;
	/** Of the Authorization field; default: `DPoP` with a proof, else `Bearer`. */
	readonly scheme?: string;
	/** Goes in a DPoP field. */
	readonly proof?: string;
	/** Names as they go on the wire. */
	readonly headers?: readonly (readonly [name: string, value: string])[];
	readonly body?: string;
}

/** One request and all that came of it. */
export interface Seen {
	readonly response: RawResponse;
	readonly record: AuditRecord;
	/** What reached the upstream because of it. */
	readonly forwarded: readonly RecordedRequest[];
}

export interface GuardedGatewayOptions extends TestGatewayOptions {
	/** How the upstream answers, where its `hello` will not do. */
	readonly answer?: NonNullable<RecordingOptions['answer']>;
}

/** `config` is made with the URL of the upstream. Call `stop` after the last test. */
export async function startGuardedGateway(
	config: (upstream: string) => string | Readonly<Record<string, unknown>>,
	{ answer, ...options }: GuardedGatewayOptions = {},
): Promise<GuardedGateway> {
	const upstream = await recordingUpstream({ closedBy: 'caller', ...(answer === undefined ? {} : { answer }) });
	const gateway = await startTestGateway(config(upstream.url), options).catch(async (cause: unknown) => {
		await upstream.close();
		throw cause;
	});

	async function sendBytes(bytes: string, token?: string, method?: string): Promise<Seen> {
		if (token !== undefined) canaries.plantToken(token);
		const records = gateway.records.length;
		const arrived = upstream.requests.length;
		const response = await exchange(gateway.url, bytes, method);
		const record = await gateway.record(records + 1);
		const forwarded = upstream.requests.slice(arrived);
		if (token !== undefined) expectNoTrace(token, { response, record, forwarded }, gateway);
		return { response, record, forwarded };
	}

	return {
		gateway,
		upstream,
		sendBytes,
		async send(request = {}) {
			const seen = await sendBytes(requestBytes(request), request.token, request.method);
			if (request.proof !== undefined) expectNoTrace(request.proof, seen, gateway);
			return seen;
		},
		async stop() {
			await gateway.stop();
			await upstream.close();
		},
	};
}

/** HTTP/1.1, with Host and, where there is a token, `Authorization` first. */
export function requestBytes(request: SentRequest = {}): string {
	const { method = 'GET', target = '/', host = 'api.example.com', token, proof, headers = [], body } = request;
	const { scheme = proof === undefined ? 'Bearer' : 'DPoP' } = request;
	const lines = [`${method} ${target} HTTP/1.1`, `Host: ${host}`];
	if (token !== undefined) lines.push(`Authorization: ${scheme} ${token}`);
	if (proof !== undefined) lines.push(`DPoP: ${proof}`);
	for (const [name, value] of headers) lines.push(`${name}: ${value}`);
	if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
	return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** What the client is told: status and, for a challenge, its `error`; null for a challenge without one. */
const answers = {
	'401-NC': [401, null],
	'401-IT': [401, 'invalid_token'],
	'401-DP': [401, 'invalid_dpop_proof'],
	'401-NON': [401, 'use_dpop_nonce'],
	'400-IR': [400, 'invalid_request'],
	'403-IS': [403, 'insufficient_scope'],
	'400': [400, undefined],
	'403': [403, undefined],
	'404': [404, undefined],
	'405': [405, undefined],
	'421': [421, undefined],
	'431': [431, undefined],
	'500': [500, undefined],
	'503': [503, undefined],
} as const satisfies Record<string, readonly [status: number, error: string | null | undefined]>;

export type ExpectedAnswer = keyof typeof answers;

/** Refused with exactly this answer, challenge and reason, and the upstream was not reached. */
export function expectRefused(seen: Seen, answer: ExpectedAnswer, reason: Reason, scheme = 'Bearer'): void {
	const { response, record, forwarded } = seen;
	const [status, error] = answers[answer];
	const challenge = response.headers.get('www-authenticate');
	expect({ status: response.status, reason: record.reason }).toEqual({ status, reason });
	expect(record).toMatchObject({ status, decision: status >= 500 ? 'fault' : 'deny' });
	expect(forwarded).toHaveLength(0);
	if (error === undefined) expect(challenge).toBeUndefined();
	else expect(challenge?.split(/[ ,]/)[0]).toBe(scheme);
	expect(/\berror="([^"]*)"/.exec(challenge ?? '')?.[1]).toBe(error ?? undefined);
	expect(response.headers.has('retry-after')).toBe(status === 503);
	expect(response.headers.get('cache-control')).toBe('no-store');
	// The client reads the safe sentence of the table, never the reason itself.
	expect(response.body).toContain(reasons[reason].description);
	expect(response.head + response.body).not.toContain(reason);
}

/** Forwarded once and answered by the upstream; gives what the upstream saw, which holds no credential. */
export function expectForwarded(seen: Seen): RecordedRequest {
	const { response, record, forwarded } = seen;
	expect({ status: response.status, reason: record.reason }).toEqual({ status: 200, reason: undefined });
	expect(record).toMatchObject({ status: 200, decision: 'allow' });
	expect(forwarded).toHaveLength(1);
	const [request] = forwarded;
	if (request === undefined) throw new Error('nothing was forwarded');
	expect(request.values('authorization')).toEqual([]);
	return request;
}

/** Neither the token nor a long segment of it in the answer, the record, the operator's log or at the upstream. */
export function expectNoTrace(token: string, { response, record, forwarded }: Seen, gateway: TestGateway): void {
	const places: Readonly<Record<string, string>> = {
		response: response.head + response.body,
		record: JSON.stringify(record),
		log: gateway.log.join('\n'),
		upstream: forwarded.map((request) => [request.target, ...request.lines, request.body].join('\n')).join('\n'),
	};
	const canaries = [token, ...token.split('.')].filter((part) => part.length >= 16);
	for (const [place, text] of Object.entries(places)) {
		const found = canaries.some((canary) => text.includes(canary));
		expect(found, `the token, or a part of it, in: ${place}`).toBe(false);
	}
}
