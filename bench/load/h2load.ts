/**
 * h2load (nghttp2), where it is installed: a generator in C whose offered load does not depend on the answers. Speaks
 * HTTP/1.1 here, one request under way on each connection, and sends one credential. With a rate its connections fire in
 * step: what it measures is a burst of as many requests as there are connections, again and again.
 */
import { readFile, rm } from 'node:fs/promises';
import { run } from '../../scripts/run-command.ts';
import { versionOf } from '../child.ts';
import { quantile } from '../statistics.ts';

export interface H2load {
	readonly version: string;
	/** Requests per second that come back when every connection asks again at once. Milliseconds. */
	saturate(port: number, credential: string, connections: number, duration: number): Promise<number>;
	/** Latency in milliseconds at `rate` requests a second over all connections together. */
	offer(port: number, credential: string, offer: Offer): Promise<Offered>;
}

export interface Offer {
	readonly connections: number;
	readonly rate: number;
	/** Milliseconds. */
	readonly warmUp: number;
	readonly duration: number;
	/** A file that may be written and is removed. */
	readonly log: string;
}

export interface Offered {
	readonly p50: number;
	readonly p99: number;
	/** Requests per second that were answered. */
	readonly rate: number;
}

/** Undefined when it is not installed. */
export async function findH2load(): Promise<H2load | undefined> {
	const version = await versionOf('h2load', ['--version'], /nghttp2\/(\S+)/);
	if (version === undefined) return undefined;
	return {
		version,
		async saturate(port, credential, connections, duration) {
			const args = ['-c', String(connections), '-D', `${duration}ms`, '--warm-up-time=300ms'];
			const output = await h2load(port, credential, args);
			return succeeded(output) / (duration / 1000);
		},
		async offer(port, credential, { connections, rate, warmUp, duration, log }) {
			await rm(log, { force: true });
			const load = ['-c', String(connections), `--rps=${(rate / connections).toFixed(3)}`];
			const time = ['-D', `${duration}ms`, `--warm-up-time=${warmUp}ms`];
			await h2load(port, credential, [...load, ...time, `--log-file=${log}`]);
			const found = readLog(await readFile(log, 'latin1'));
			await rm(log, { force: true });
			return { ...found, rate: found.count / (duration / 1000) };
		},
	};
}

async function h2load(port: number, credential: string, args: readonly string[]): Promise<string> {
	const url = `http://127.0.0.1:${port}/orders/1`;
	const fields = credential.split('\t').flatMap((field) => ['-H', field]);
	const ran = await run('h2load', ['--h1', ...args, ...fields, url], { timeout: 120_000 });
	if (ran.status !== 0) throw new Error(`h2load: exit status ${ran.status}`);
	const [, failed, errored] = /succeeded, (\d+) failed, (\d+) errored/.exec(ran.output) ?? [];
	if (failed !== '0' || errored !== '0') throw new Error(`h2load: ${failed} requests failed, ${errored} broke`);
	return ran.output;
}

function succeeded(output: string): number {
	return Number(/ (\d+) succeeded/.exec(output)?.[1] ?? Number.NaN);
}

/** Lines of start, status and duration in microseconds, separated by tabs. Throws when one is not a 200. */
export function readLog(text: string): { readonly p50: number; readonly p99: number; readonly count: number } {
	const durations = text
		.trimEnd()
		.split('\n')
		.map((line) => {
			const [, status, duration] = line.split('\t');
			if (status !== '200') throw new Error(`h2load: status ${status}`);
			return Number(duration) / 1000;
		});
	const sorted = Float64Array.from(durations).toSorted();
	return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), count: sorted.length };
}
