/** An engine on a free port with a decision that tests can swap, and a record of everything it reported. */

import { onTestFinished } from 'vitest';
import { type Log, passingRules, type Reason, type RequestEdits, type RequestView, type Upstream } from '#core/index';
import { createEngine } from '#http/create-engine';
import type { Action, Decision, Engine, EngineOptions, Outcome, RequestHandler } from '#http/engine';
import { upstream as upstreamOf } from './definition.ts';

export interface TestEngine {
	readonly engine: Engine;
	readonly url: string;
	/** Requests that were decided, in order. */
	readonly decided: readonly RequestView[];
	readonly outcomes: readonly (Outcome & {
		readonly target: string | undefined;
		readonly record: string | undefined;
	})[];
	readonly logged: readonly string[];
	/** Resolves once `count` outcomes were reported. */
	ended(count: number): Promise<void>;
}

export type Decide = (request: RequestView) => Decision<string> | Promise<Decision<string>>;

export interface TestEngineOptions {
	decide: Decide;
	readonly opened?: NonNullable<RequestHandler<string>['opened']>;
	refuse?(reason: Reason): { status: number; headers: [string, string][]; body: string };
	readonly engine?: Partial<Pick<EngineOptions, 'listeners' | 'trustedProxies' | 'lookup'>>;
	readonly limits?: Partial<EngineOptions['limits']>;
	readonly timeouts?: Partial<EngineOptions['timeouts']>;
}

/** Listening; closed when the test is over. */
export async function testEngine(options: TestEngineOptions): Promise<TestEngine> {
	const decided: RequestView[] = [];
	const outcomes: (Outcome & { target: string | undefined; record: string | undefined })[] = [];
	const logged: string[] = [];
	let waiting: (() => void)[] = [];
	const log: Log = {
		info: () => undefined,
		warn: (message) => void logged.push(message),
		error: (message, fields) => void logged.push(`${message}: ${String(fields?.['error'])}`),
	};
	const engine = createEngine<string>(
		{
			listeners: [{ host: '127.0.0.1', port: 0, tls: undefined }],
			trustedProxies: [],
			...options.engine,
			limits: { headers: 16_384, headerCount: 100, body: undefined, connections: undefined, ...options.limits },
			timeouts: {
				tlsHandshake: 10_000,
				requestHead: 10_000,
				requestBody: 10_000,
				keepAlive: 10_000,
				tunnelIdle: 10_000,
				drain: 10_000,
				...options.timeouts,
			},
			log,
		},
		{
			decide(request) {
				decided.push(request);
				return options.decide(request);
			},
			refuse: (reason) =>
				options.refuse?.(reason) ?? {
					status: statusOf[reason] ?? 500,
					headers: [['X-Reason', reason]],
					body: `refused: ${reason}`,
				},
			...(options.opened === undefined ? {} : { opened: options.opened }),
			ended(outcome, request, decision) {
				outcomes.push({ ...outcome, target: request?.target, record: decision?.record });
				const woken = waiting;
				waiting = [];
				for (const wake of woken) wake();
			},
		},
	);
	const [bound] = await engine.listen();
	onTestFinished(() => engine.drain());
	return {
		engine,
		url: bound?.url ?? '',
		decided,
		outcomes,
		logged,
		async ended(count) {
			while (outcomes.length < count) await new Promise<void>((resolve) => void waiting.push(resolve));
		},
	};
}

const statusOf: Partial<Record<Reason, number>> = {
	request_malformed: 400,
	method_not_allowed: 405,
	request_timeout: 408,
	content_too_large: 413,
	misdirected: 421,
	headers_too_large: 431,
	upstream_unreachable: 502,
	upstream_invalid_response: 502,
	overloaded: 503,
	upstream_timeout: 504,
};

/** A decision to forward to these origins, the path and query as sent. */
export function forwardTo(
	endpoints: string | readonly string[],
	change: {
		readonly edits?: Partial<RequestEdits>;
		readonly upstream?: Partial<Upstream>;
		readonly action?: object;
	} = {},
): Decide {
	const upstream = upstreamOf({
		endpoints: typeof endpoints === 'string' ? [endpoints] : endpoints,
		...change.upstream,
	});
	return (request) => {
		const mark = request.target.indexOf('?');
		const path = mark < 0 ? request.target : request.target.slice(0, mark);
		const action: Action = {
			kind: 'forward',
			upstream: {
				upstream,
				path,
				query: mark < 0 ? '' : request.target.slice(mark),
				strip: { names: new Set(['authorization']), prefixes: ['x-consumer-'] },
				set: [],
				cookies: [],
				onUnauthorized: 'pass',
				...change.edits,
			},
			response: {
				set: [],
				add: [],
				remove: [],
				rules: passingRules,
				withheld: [],
				content: undefined,
				decide: undefined,
			},
			until: Number.POSITIVE_INFINITY,
			responseUntil: Number.POSITIVE_INFINITY,
			...change.action,
		};
		return { action, record: `decided ${request.target}` };
	};
}

/** A decision to answer 401 with a short text. */
export const denyAll: Decide = (request) => ({
	action: {
		kind: 'answer',
		answer: { status: 401, headers: [['WWW-Authenticate', 'Bearer']], body: 'no token' },
	},
	record: `decided ${request.target}`,
});
