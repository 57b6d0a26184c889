/**
 * Open loop: requests fall due at a fixed mean rate, Poisson-distributed, however slowly the gateway answers. One that is
 * due while all connections are busy waits, and its time counts from when it fell due: no coordinated omission. Due
 * moments are looked at once a millisecond, which is the grain of this generator's clock.
 */
import { type Client, openClient } from './client.ts';
import type { Order, Result } from './order.ts';
import { createRequests } from './requests.ts';
import { createTally } from './tally.ts';

/** Milliseconds that answers still under way have at the end. */
const patience = 2_000;

export async function openLoop(order: Order, rate: number, warmUp: number, duration: number): Promise<Result> {
	const { heads, body } = createRequests(order);
	const tally = createTally(order.pids);
	const free: ((since: number) => void)[] = [];
	const clients: Client[] = [];
	/** When the requests that wait for a connection fell due. */
	const waiting: number[] = [];
	let next = 0;
	let busy = 0;
	let measuring = false;
	let drained: (() => void) | undefined;

	async function open(): Promise<void> {
		let since = 0;
		const client = await openClient({
			port: order.port,
			tls: order.tls,
			close: order.close,
			answered(status) {
				busy -= 1;
				// Requests that fell due before the measurement began are not part of it.
				if (measuring && since >= begun) tally.count(status, since);
				const due = waiting.shift();
				if (due !== undefined) ask(due);
				else free.push(ask);
				if (busy === 0) drained?.();
			},
		});
		const ask = (due: number) => {
			since = due;
			busy += 1;
			const head = heads[next % heads.length];
			next += 1;
			if (head !== undefined) client.ask(head, body);
		};
		clients.push(client);
		free.push(ask);
	}

	await Promise.all(Array.from({ length: order.connections }, open));
	const random = createRandom(20_261_125);
	const start = performance.now();
	const end = start + warmUp + duration;
	let begun = start + warmUp;
	let due = start;
	while (performance.now() < end) {
		const now = performance.now();
		if (!measuring && now >= begun) {
			measuring = true;
			begun = now;
			tally.begin();
		}
		while (due <= now) {
			due += (-Math.log(1 - random()) * 1000) / rate;
			const ask = free.pop();
			if (ask === undefined) waiting.push(now);
			else ask(now);
		}
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
	if (busy > 0) {
		await new Promise<void>((resolve) => {
			drained = resolve;
			setTimeout(resolve, patience);
		});
	}
	tally.lost(waiting.length + busy);
	const result = tally.end();
	for (const client of clients) client.destroy();
	return result;
}

/** Mulberry32: the same arrivals for every gateway. */
function createRandom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
