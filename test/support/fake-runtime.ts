/** Clock, timers and fetcher under the test's hand: no test of ours waits for real time or a real network. */
import type { Clock, DocumentFetcher, FetchedDocument, FormPost, FormPoster, Log, Timers } from '#core/index';

export interface FakeClock extends Clock {
	/** Moves both clocks; fires no timer. */
	advance(ms: number): void;
	/** Moves the wall clock alone, as an operator or NTP does. */
	jump(ms: number): void;
}

/** Begins at 2026-01-01T00:00:00Z on the wall and at 1,000 ms on the monotonic clock. */
export function fakeClock(): FakeClock {
	let wall = Date.UTC(2026, 0, 1);
	let monotonic = 1000;
	return {
		now: () => wall,
		monotonic: () => monotonic,
		advance(ms) {
			wall += ms;
			monotonic += ms;
		},
		jump(ms) {
			wall += ms;
		},
	};
}

export interface FakeTimers extends Timers {
	readonly pending: number;
	/** Milliseconds to the next timer; undefined without one. */
	readonly next: number | undefined;
	/** Moves the clock, firing each timer at its time and letting what it began settle before the next. */
	advance(ms: number): Promise<void>;
}

export function fakeTimers(clock: FakeClock): FakeTimers {
	let waiting: { readonly at: number; readonly task: () => void }[] = [];
	const earliest = () => waiting.toSorted((a, b) => a.at - b.at)[0];
	return {
		after(ms, task) {
			const timer = { at: clock.monotonic() + ms, task };
			waiting.push(timer);
			return () => {
				waiting = waiting.filter((other) => other !== timer);
			};
		},
		get pending() {
			return waiting.length;
		},
		get next() {
			const timer = earliest();
			return timer === undefined ? undefined : timer.at - clock.monotonic();
		},
		async advance(ms) {
			const end = clock.monotonic() + ms;
			for (let timer = earliest(); timer !== undefined && timer.at <= end; timer = earliest()) {
				const due = timer;
				waiting = waiting.filter((other) => other !== due);
				clock.advance(Math.max(0, due.at - clock.monotonic()));
				due.task();
				await settled();
			}
			clock.advance(Math.max(0, end - clock.monotonic()));
		},
	};
}

/** Lets every promise that can go on without timers go on. */
export async function settled(): Promise<void> {
	await new Promise<void>((resolve) => {
		setImmediate(resolve);
	});
}

export type FakeAnswer =
	| {
			readonly status?: number;
			readonly headers?: Readonly<Record<string, string>>;
			/** Text as it is; anything else as JSON. */
			readonly body?: unknown;
	  }
	| Error
	| Promise<{ readonly status?: number; readonly body?: unknown }>;

export interface FakeFetcher extends DocumentFetcher {
	/** URLs in the order in which they were asked for. */
	readonly requests: string[];
	/** What a URL answers from now on; an Error is thrown. A URL without an answer is an Error. */
	answer(url: string, answer: FakeAnswer | (() => FakeAnswer)): void;
}

export function fakeFetcher(): FakeFetcher {
	const answers = new Map<string, FakeAnswer | (() => FakeAnswer)>();
	const requests: string[] = [];
	return {
		requests,
		answer(url, answer) {
			answers.set(url, answer);
		},
		async get(url): Promise<FetchedDocument> {
			requests.push(url);
			const given = answers.get(url) ?? new Error(`the connection to ${url} was refused`);
			return document(await (typeof given === 'function' ? given() : given));
		},
	};
}

export interface FakePoster extends FormPoster {
	/** What was sent, in order. */
	readonly posts: { readonly url: string; readonly post: FormPost }[];
	/** What is answered from now on; an Error is thrown. Without an answer: an Error. */
	answer(answer: FakeAnswer | ((post: FormPost) => FakeAnswer)): void;
}

export function fakePoster(): FakePoster {
	const posts: { readonly url: string; readonly post: FormPost }[] = [];
	let given: FakeAnswer | ((post: FormPost) => FakeAnswer) = new Error('the connection was refused');
	return {
		posts,
		answer(answer) {
			given = answer;
		},
		async post(url, post): Promise<FetchedDocument> {
			posts.push({ url, post });
			return document(await (typeof given === 'function' ? given(post) : given));
		},
	};
}

function document(answer: Awaited<FakeAnswer>): FetchedDocument {
	if (answer instanceof Error) throw answer;
	const body = answer.body ?? '';
	return {
		status: answer.status ?? 200,
		headers: new Map(Object.entries('headers' in answer ? (answer.headers ?? {}) : {})),
		body: typeof body === 'string' ? body : JSON.stringify(body),
	};
}

export interface FakeLog extends Log {
	/** `level message {fields}`, one a call. */
	readonly lines: string[];
}

export function fakeLog(): FakeLog {
	const lines: string[] = [];
	const write =
		(level: string) =>
		(message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
			lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
		};
	return { lines, info: write('info'), warn: write('warn'), error: write('error') };
}

/** Cryptography is not faked: a fake that verifies is a test that passes. */
export { nodeCryptography as realCryptography } from '#runtime/node/cryptography';
