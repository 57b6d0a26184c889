/**
 * What admin pages ask the workers of a gateway that has several. A page that can be answered by the primary alone, since
 * all processes have the same configuration, asks nobody. To add a question: a member of `WorkerQuestions`, and its
 * answer in `answerWorkerQuestion`; the page asks with `subject.workers?.ask(…)`.
 */
import type { AdminSubject } from './admin.ts';
import { describeProviders } from './providers.ts';
import { describeUpstreams } from './upstreams.ts';

/** Question → what is asked along with it, and what one worker answers; plain data, both. */
export interface WorkerQuestions {
	readonly providers: { readonly data: null; readonly answer: readonly Record<string, unknown>[] };
	readonly upstreams: { readonly data: null; readonly answer: readonly Record<string, unknown>[] };
}

export interface WorkerQuestion {
	readonly question: keyof WorkerQuestions;
	readonly data: WorkerQuestions[keyof WorkerQuestions]['data'];
}

/** The workers, as the primary sees them. */
export interface AdminWorkers {
	/** All that there should be, in order. */
	list(): readonly WorkerStatus[];
	/** Asks every worker that serves; one that does not answer in time, or fails, has a `problem`. Never rejects. */
	ask<Q extends keyof WorkerQuestions>(
		question: Q,
		data: WorkerQuestions[Q]['data'],
	): Promise<readonly WorkerAnswer<WorkerQuestions[Q]['answer']>[]>;
}

export interface WorkerStatus {
	readonly worker: number;
	/** Undefined while there is no process. */
	readonly pid: number | undefined;
	readonly state: 'starting' | 'serving' | 'waiting';
	/** How often it ended without being told to. */
	readonly exits: number;
}

export type WorkerAnswer<T> = { readonly worker: number } & ({ readonly answer: T } | { readonly problem: string });

/** In a worker. */
export async function answerWorkerQuestion(
	{ question }: WorkerQuestion,
	subject: Pick<AdminSubject, 'assembly' | 'clock' | 'upstreams'>,
): Promise<WorkerQuestions[keyof WorkerQuestions]['answer']> {
	switch (question) {
		case 'providers':
			return describeProviders(subject);
		case 'upstreams':
			return describeUpstreams(subject);
	}
}
