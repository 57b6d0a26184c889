/** Closed loop: every connection asks again as soon as it is answered, for a time or until all credentials are used. */
import { type Client, openClient } from './client.ts';
import type { Order, Result } from './order.ts';
import { createRequests } from './requests.ts';
import { createTally } from './tally.ts';

export async function closedLoop(order: Order): Promise<Result> {
	const { pace } = order;
	const { heads, body } = createRequests(order);
	const tally = createTally(order.pids);
	const finished = Promise.withResolvers<void>();
	const clients: Client[] = [];
	const once = pace.kind === 'once';
	let next = 0;
	let busy = 0;
	let over = false;

	async function open(): Promise<() => void> {
		let since = 0;
		const client = await openClient({
			port: order.port,
			tls: order.tls,
			close: order.close,
			answered(status) {
				if (over) return;
				tally.count(status, since);
				busy -= 1;
				ask();
			},
		});
		const ask = () => {
			const head = once ? heads[next] : heads[next % heads.length];
			if (head === undefined) {
				if (busy === 0) finished.resolve();
				return;
			}
			next += 1;
			busy += 1;
			since = performance.now();
			client.ask(head, body);
		};
		clients.push(client);
		return ask;
	}

	const asks = await Promise.all(Array.from({ length: order.connections }, open));
	tally.begin();
	const limit = pace.kind === 'once' ? pace.limit : pace.warmUp + pace.duration;
	const end = setTimeout(finished.resolve, limit);
	const begin = pace.kind === 'once' ? undefined : setTimeout(() => tally.begin(), pace.warmUp);
	for (const ask of asks) ask();
	await finished.promise;
	clearTimeout(end);
	clearTimeout(begin);
	over = true;
	if (once) tally.lost(heads.length - next + busy);
	const result = tally.end();
	for (const client of clients) client.destroy();
	return result;
}
