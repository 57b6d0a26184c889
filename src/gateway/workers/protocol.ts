/**
 * What the primary asks its workers, and what they ask it: everything that goes between the processes of one gateway.
 * All of it is plain data. Who adds an admin endpoint that workers answer adds to admin/worker-questions.ts, not here.
 */
import type { WorkerQuestion } from '#admin/worker-questions';
import type { FetchedDocument, MetricReading } from '#core/index';
import type { BoundAddress } from '#http/engine';
import type { Configuration } from '../installation.ts';

export interface Beginning {
	/** 1 and up; a worker that takes the place of another one has its number. */
	readonly worker: number;
	readonly jsonLog: boolean;
	readonly configuration: Configuration;
	readonly ticketKeys: Uint8Array;
}

/** What a worker answers. */
export interface WorkerAnswers {
	/** Puts everything together and gets the keys; serves nothing yet. */
	begin(beginning: Beginning): Promise<void>;
	/** Takes connections from sockets that it inherited. `descriptors`: one for each listener of its configuration. */
	listen(descriptors: readonly number[]): Promise<readonly BoundAddress[]>;
	/** Makes a configuration ready; it takes its place, or is forgotten, by what comes next. */
	prepare(configuration: Configuration): Promise<void>;
	/** Puts the prepared one in force, with new keys of TLS session tickets. */
	commit(ticketKeys: Uint8Array): Promise<void>;
	discard(nothing: null): void;
	useTicketKeys(ticketKeys: Uint8Array): void;
	/** Opens the audit file anew. */
	reopen(nothing: null): Promise<void>;
	read(nothing: null): Promise<readonly MetricReading[]>;
	answerAdmin(question: WorkerQuestion): Promise<unknown>;
	/** Lets requests under way end. The process ends by itself a moment after the answer. */
	drain(nothing: null): Promise<void>;
}

/** What the primary answers. */
export interface PrimaryAnswers {
	/** Outbound GET for keys and metadata. */
	fetch(asked: { readonly url: string; readonly timeout: number; readonly maxBytes: number }): Promise<FetchedDocument>;
	/** Whole lines for standard output; answered once the operating system has taken them. */
	writeLines(text: string): Promise<void>;
	/** As `claim` of a store: where the workers have none in common. */
	claim(asked: { readonly space: string; readonly key: string; readonly ttl: number }): Promise<boolean>;
	/** The last readings of a worker that ends. */
	keepReadings(readings: readonly MetricReading[]): void;
}
