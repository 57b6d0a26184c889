/** Counts what comes back while it is being measured. */
import { processorTime } from '../processor-time.ts';
import { quantile } from '../statistics.ts';
import type { Result } from './order.ts';

export interface Tally {
	/** Forgets what was counted before, and starts the clock. */
	begin(): void;
	/** `since`: performance.now() of when the request was, or should have been, sent. */
	count(status: number | undefined, since: number): void;
	/** Requests that were due and never answered. */
	lost(count: number): void;
	end(): Result;
}

export function createTally(pids: readonly number[]): Tally {
	let latencies: number[] = [];
	let errors = 0;
	let problem: string | undefined;
	let started = performance.now();
	let processor = processorTime(pids);

	return {
		begin() {
			latencies = [];
			errors = 0;
			problem = undefined;
			processor = processorTime(pids);
			started = performance.now();
		},
		count(status, since) {
			latencies.push(performance.now() - since);
			if (status === 200) return;
			errors += 1;
			problem ??= status === undefined ? 'the connection broke' : `status ${status}`;
		},
		lost(count) {
			errors += count;
			if (count > 0) problem ??= `${count} requests were not answered in time`;
		},
		end() {
			const elapsed = (performance.now() - started) / 1000;
			const after = processorTime(pids);
			const sorted = Float64Array.from(latencies).toSorted();
			return {
				requests: sorted.length,
				elapsed,
				errors,
				problem,
				p50: quantile(sorted, 0.5),
				p99: quantile(sorted, 0.99),
				processor: after === undefined || processor === undefined ? undefined : (after - processor) / sorted.length,
			};
		},
	};
}
