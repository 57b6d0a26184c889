/** The load generator's process: takes one Order after another from its parent and answers each with a Reply. Bench only. */
import { closedLoop } from './closed-loop.ts';
import { openLoop } from './open-loop.ts';
import type { Order, Reply, Result } from './order.ts';

process.on('message', (order: Order) => {
	perform(order).then(
		(result) => reply({ result }),
		(problem: unknown) => reply({ failure: problem instanceof Error ? problem.message : String(problem) }),
	);
});

function perform(order: Order): Promise<Result> {
	const { pace } = order;
	return pace.kind === 'open' ? openLoop(order, pace.rate, pace.warmUp, pace.duration) : closedLoop(order);
}

function reply(message: Reply): void {
	process.send?.(message);
}
