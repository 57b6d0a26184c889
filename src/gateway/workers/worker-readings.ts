/**
 * What the workers counted, as one. A worker that is killed can say nothing more, so what it said last is kept; it is
 * asked often enough that little is lost.
 */
import type { Definition } from '#config/definition';
import type { MetricReading } from '#core/index';
import { addUp, forget, type ProcessReading, retire } from '#observe/added-up';
import { measuredRoutes } from '../measured-routes.ts';

export interface WorkerReadings {
	/** For one worker process. */
	open(worker: number): WorkerAccount;
	/** Those of all workers, asked anew, and `own`, added up. */
	read(own: readonly MetricReading[]): Promise<readonly MetricReading[]>;
	/** To be called when another configuration is in force: series of routes and providers that are gone are forgotten. */
	follow(definition: Definition): void;
	close(): void;
}

export interface WorkerAccount {
	/** Its totals so far. */
	keep(readings: readonly MetricReading[]): void;
	/** It is gone; its totals stay. */
	close(): void;
}

/** Milliseconds between two readings that nobody asked for: what a worker counts in this time is lost when it is killed. */
const interval = 5_000;
/** The same as a multiple of what one reading takes, where there are very many series: they must not take the time of requests. */
const rest = 200;

/** `refresh` asks the workers that serve, and has their accounts keep what they say. Never rejects. */
export function createWorkerReadings(refresh: () => Promise<void>): WorkerReadings {
	const living = new Map<WorkerAccount, ProcessReading>();
	let retired: readonly MetricReading[] = [];
	let inForce: { readonly routes: ReadonlySet<string>; readonly providers: ReadonlySet<string> } | undefined;
	let closed = false;
	let asking: NodeJS.Timeout;
	/** What a worker said last may be older than the configuration in force. */
	function retain(readings: readonly MetricReading[]): void {
		retired = inForce === undefined ? readings : forget(readings, inForce.routes, inForce.providers);
	}
	function askAfter(delay: number): void {
		asking = setTimeout(() => {
			const began = performance.now();
			void refresh().then(() => {
				if (!closed) askAfter(Math.max(interval, (performance.now() - began) * rest));
			});
		}, delay);
		asking.unref();
	}
	askAfter(interval);
	return {
		open(worker) {
			const process = `worker-${worker}`;
			let ended = false;
			const account: WorkerAccount = {
				keep(readings) {
					// What comes after the end is in the retired totals already, or lost.
					if (!ended) living.set(account, { process, readings });
				},
				close() {
					ended = true;
					const last = living.get(account);
					if (last !== undefined) retain(retire(retired, last));
					living.delete(account);
				},
			};
			return account;
		},
		async read(own) {
			await refresh();
			return addUp([{ process: 'primary', readings: own }, ...living.values()], retired);
		},
		follow(definition) {
			const { providers } = definition;
			inForce = { routes: measuredRoutes(definition), providers: new Set(providers.map(({ name }) => name)) };
			retain(retired);
		},
		close() {
			closed = true;
			clearTimeout(asking);
		},
	};
}
