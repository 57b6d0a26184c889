/** Starts the load generator in a process of its own, once for a whole run: its code is warm after the first orders. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { environment } from '../../scripts/run-command.ts';
import type { Order, Reply, Result } from './order.ts';

export interface Generator {
	/** One order at a time. Rejects when it cannot be carried out, or takes two minutes longer than it should. */
	perform(order: Order): Promise<Result>;
	stop(): void;
}

export function startGenerator(): Generator {
	const child = fork(join(import.meta.dirname, 'generator.ts'), { env: environment(), serialization: 'advanced' });
	process.on('exit', () => child.kill('SIGKILL'));
	return {
		perform: (order) =>
			new Promise((resolve, reject) => {
				const { pace } = order;
				const expected = pace.kind === 'once' ? pace.limit : pace.warmUp + pace.duration;
				const late = setTimeout(() => settle({ failure: 'the load generator does not answer' }), expected + 120_000);
				const ended = () => settle({ failure: 'the load generator ended' });
				const settle = (reply: Reply) => {
					clearTimeout(late);
					child.off('message', settle);
					child.off('exit', ended);
					if ('failure' in reply) reject(new Error(reply.failure));
					else resolve(reply.result);
				};
				child.on('message', settle);
				child.on('exit', ended);
				child.send(order);
			}),
		stop: () => void child.kill('SIGTERM'),
	};
}
