/**
 * The workers of one gateway: as many as there should be, each in its place. One that ends without being told to is
 * replaced, at once the first time and then more and more slowly; the others notice nothing. A configuration is put in
 * force by all of them or by none.
 */
import type { WorkerAnswer, WorkerQuestions, WorkerStatus } from '#admin/worker-questions';
import type { Log } from '#core/index';
import type { Configuration, Prepared } from '../installation.ts';
import { NoAnswer } from './channel.ts';
import type { PrimaryAnswers, WorkerAnswers } from './protocol.ts';
import { restartDelay } from './restart-delay.ts';
import { inheritedDescriptors, startWorkerProcess, type WorkerProcess } from './worker-process.ts';
import { createWorkerReadings, type WorkerAccount, type WorkerReadings } from './worker-readings.ts';

export interface CrewOptions {
	readonly count: number;
	/** Descriptors of the listening sockets. */
	readonly sockets: readonly number[];
	readonly configuration: Configuration;
	readonly ticketKeys: () => Uint8Array;
	readonly answers: Omit<PrimaryAnswers, 'keepReadings'>;
	readonly jsonLog: boolean;
	readonly log: Log;
}

export interface Crew {
	/** Resolves when every worker serves; rejects with a readable Error when one cannot, and then none is left. */
	start(): Promise<void>;
	list(): readonly WorkerStatus[];
	/** Workers that ended without being told to, so far. */
	readonly exits: number;
	/** What the workers counted, those that are gone included; asks those that serve first. */
	readonly readings: WorkerReadings;
	ask<Q extends keyof WorkerQuestions>(
		question: Q,
		data: WorkerQuestions[Q]['data'],
	): Promise<readonly WorkerAnswer<WorkerQuestions[Q]['answer']>[]>;
	/** Rejects with a readable Error when one of the workers cannot put it in force; then none will. */
	prepare(configuration: Configuration): Promise<Prepared>;
	useTicketKeys(keys: Uint8Array): Promise<void>;
	reopen(): Promise<void>;
	/** Every worker drains, and none is replaced. After `patience` ms those that are left are killed. */
	drain(patience: number): Promise<void>;
	/** At once. */
	kill(): void;
}

/** One place of the crew: which worker is in it now, and how the ones before fared. */
interface Place {
	readonly worker: number;
	state: WorkerStatus['state'];
	/** Undefined while there is no process. */
	serving: Serving | undefined;
	exits: number;
	/** Ends in a row, none of which came after a quiet time. */
	failures: number;
	beganAt: number;
	timer: NodeJS.Timeout | undefined;
}

/** One process in its place. */
interface Serving {
	readonly place: Place;
	readonly process: WorkerProcess;
	readonly account: WorkerAccount;
	/** Of the configuration that it has in force. */
	number: number;
}

/** How a process ended that this one killed. */
const killed = 'signal SIGKILL';

/** Milliseconds that a worker may take to put everything together and to get keys. */
const beginTime = 60_000;
/** Milliseconds for a swap: longer than the keys of new providers are waited for. */
const prepareTime = 30_000;
/** Milliseconds for what a worker does at once. */
const promptly = 5_000;
/** Milliseconds that an admin page or a reading of metrics waits for a worker. */
const adminTime = 3_000;
/** Milliseconds after which a worker that ends counts as sound: the next one comes at once. */
const soundAfter = 60_000;

export function createCrew(options: CrewOptions): Crew {
	const { log } = options;
	const places = Array.from(
		{ length: options.count },
		(_, index): Place => ({
			worker: index + 1,
			state: 'starting',
			serving: undefined,
			exits: 0,
			failures: 0,
			beganAt: 0,
			timer: undefined,
		}),
	);
	const readings = createWorkerReadings(() =>
		askServing('read', null, adminTime, ({ account }, answer) => account.keep(answer)),
	);
	let configuration = options.configuration;
	/** Goes up with each configuration that is put in force. */
	let number = 0;
	let stopping = false;
	/** Resolves when the turn before has ended. A worker joins between two swaps, never during one. */
	let turn: Promise<void> = Promise.resolve();

	/** Resolves to what ends the turn. */
	function takeTurn(): Promise<() => void> {
		const before = turn;
		const { promise, resolve } = Promise.withResolvers<void>();
		turn = before.then(() => promise);
		return before.then(() => resolve);
	}

	function serving(): readonly Serving[] {
		return places.flatMap((place) => (place.state === 'serving' && place.serving !== undefined ? place.serving : []));
	}

	/** Asks every worker that serves. Never rejects: a worker that fails to answer is left out. */
	async function askServing<K extends keyof WorkerAnswers>(
		name: K,
		data: Parameters<WorkerAnswers[K]>[0],
		timeout: number,
		take: (asked: Serving, answer: Awaited<ReturnType<WorkerAnswers[K]>>) => void = () => {},
	): Promise<void> {
		await Promise.allSettled(serving().map(async (asked) => take(asked, await asked.process.ask(name, data, timeout))));
	}

	/** Starts a worker in its place; resolves when it serves. */
	async function fill(place: Place): Promise<void> {
		const account = readings.open(place.worker);
		const process = startWorkerProcess(options.sockets, { ...options.answers, keepReadings: account.keep });
		const own: Serving = { place, process, account, number };
		place.state = 'starting';
		place.beganAt = performance.now();
		place.serving = own;
		const gone = process.ended.then((how) => {
			vacate(own, how);
			return how;
		});
		try {
			const { jsonLog } = options;
			const beginning = { worker: place.worker, jsonLog, configuration, ticketKeys: options.ticketKeys() };
			await process.ask('begin', beginning, beginTime);
			const endTurn = await takeTurn();
			await join(own).finally(endTurn);
		} catch (cause) {
			process.kill();
			const how = await gone;
			const why = how === killed ? wordsOf(cause) : `${wordsOf(cause)} (${how})`;
			throw new Error(`worker ${place.worker} could not start: ${why}`, { cause });
		}
	}

	async function join(own: Serving): Promise<void> {
		const { place, process } = own;
		// It began with what was in force then; a swap may have come between.
		if (own.number !== number) {
			await process.ask('prepare', configuration, prepareTime);
			await process.ask('commit', options.ticketKeys(), promptly);
			own.number = number;
		}
		// They may have been replaced since it began.
		await process.ask('useTicketKeys', options.ticketKeys(), promptly);
		await process.ask('listen', inheritedDescriptors(options.sockets.length), promptly);
		if (process.isGone) throw new Error('it ended as it began to serve');
		place.state = 'serving';
	}

	/** Its worker is gone, for whatever reason. */
	function vacate({ place, process, account }: Serving, how: string): void {
		const served = place.state === 'serving';
		account.close();
		place.serving = undefined;
		place.state = 'waiting';
		if (stopping || !served) return;
		place.exits++;
		log.error('a worker ended; another one takes its place', { worker: place.worker, pid: process.pid, how });
		replace(place);
	}

	function replace(place: Place): void {
		const lived = performance.now() - place.beganAt;
		place.failures = lived > soundAfter ? 1 : place.failures + 1;
		const delay = restartDelay(place.failures);
		place.timer = setTimeout(() => {
			if (stopping) return;
			fill(place).then(
				() => log.info('a worker took its place', { worker: place.worker, pid: place.serving?.process.pid }),
				(problem: unknown) => {
					if (stopping) return;
					place.exits++;
					log.error('a worker could not be replaced; this is tried again', { problem });
					replace(place);
				},
			);
		}, delay);
	}

	function stop(): void {
		stopping = true;
		readings.close();
		for (const place of places) clearTimeout(place.timer);
	}

	function kill(): void {
		stop();
		for (const { serving: own } of places) own?.process.kill();
	}

	/**
	 * Rejects with the first reason of a worker that lives. One that died, or does not even say no, is no reason: another
	 * one takes its place, with whatever is in force then.
	 */
	async function prepareAll(asked: readonly Serving[], next: Configuration): Promise<void> {
		const outcomes = await Promise.allSettled(asked.map(({ process }) => process.ask('prepare', next, prepareTime)));
		for (const [index, outcome] of outcomes.entries()) {
			const own = asked[index];
			if (outcome.status !== 'rejected' || own === undefined || own.process.isGone) continue;
			if (outcome.reason instanceof NoAnswer) {
				log.error('a worker does not answer any more; it is killed', { worker: own.place.worker });
				own.process.kill();
				continue;
			}
			throw new Error(`worker ${own.place.worker}: ${wordsOf(outcome.reason)}`, { cause: outcome.reason });
		}
	}

	async function commitOne(own: Serving): Promise<void> {
		const { place, process } = own;
		try {
			await process.ask('commit', options.ticketKeys(), promptly);
			own.number = number;
		} catch (problem) {
			if (process.isGone) return;
			// It may go on with what is not in force any more; whoever takes its place does not.
			log.error('a worker did not take over the configuration', { worker: place.worker, problem });
			process.kill();
		}
	}

	async function prepare(next: Configuration): Promise<Prepared> {
		const endTurn = await takeTurn();
		const asked = serving();
		const discard = (): void => {
			for (const { process } of asked) void process.ask('discard', null, promptly).catch(() => {});
			endTurn();
		};
		try {
			await prepareAll(asked, next);
		} catch (cause) {
			discard();
			throw cause;
		}
		return {
			discard,
			async commit() {
				configuration = next;
				number++;
				await Promise.all(asked.map(commitOne));
				endTurn();
			},
		};
	}

	return {
		async start() {
			const outcomes = await Promise.allSettled(places.map(fill));
			const failed = outcomes.find((outcome) => outcome.status === 'rejected');
			if (failed === undefined) return;
			kill();
			await Promise.all(places.flatMap(({ serving: own }) => own?.process.ended ?? []));
			throw failed.reason;
		},
		list: () =>
			places.map(({ worker, state, serving: own, exits }) => ({ worker, pid: own?.process.pid, state, exits })),
		get exits() {
			return places.reduce((sum, { exits }) => sum + exits, 0);
		},
		readings,
		ask(question, data) {
			return Promise.all(
				places.map(async ({ worker, state, serving: own }) => {
					if (state !== 'serving' || own === undefined) return { worker, problem: 'it does not serve now' };
					try {
						const answer = await own.process.ask('answerAdmin', { question, data }, adminTime);
						return { worker, answer: answer as WorkerQuestions[typeof question]['answer'] };
					} catch (problem) {
						return { worker, problem: wordsOf(problem) };
					}
				}),
			);
		},
		prepare,
		async useTicketKeys(keys) {
			const endTurn = await takeTurn();
			await askServing('useTicketKeys', keys, promptly).finally(endTurn);
		},
		reopen: () => askServing('reopen', null, promptly),
		async drain(patience) {
			stop();
			const left = places.flatMap(({ serving: own }) => own?.process ?? []);
			const timer = setTimeout(kill, patience);
			for (const process of left) void process.ask('drain', null, patience).catch(() => {});
			await Promise.all(left.map(({ ended }) => ended));
			clearTimeout(timer);
		},
		kill,
	};
}

function wordsOf(problem: unknown): string {
	return problem instanceof Error ? problem.message : String(problem);
}
