/** One large body each way: does memory stay where it was? */
import { streamDown, streamUp } from '../load/stream.ts';
import { type Instance, inRounds, type Stage } from '../stage.ts';
import { gatewayHeads, show, type Values } from '../table.ts';
import type { Section } from './section.ts';

const sampling = 50;

export const streaming: Section = {
	id: 'streaming',
	about: '1 GB streamed each way, memory meanwhile',
	async run(stage) {
		const { streamed } = stage.plan;
		// Buffers are in use and grown before the memory that counts is read.
		const warmUp = streamed / 10;
		const token = stage.issuer.mint();
		const rows = await inRounds(
			stage,
			{ title: 'streaming', count: 1, warmUp: false },
			await stage.mainLineup(),
			async ({ instance }) => {
				await streamDown(instance.port, token, warmUp);
				await streamUp(instance.port, token, warmUp);
				return {
					...(await watched(stage, instance, 'down', () => streamDown(instance.port, token, streamed))),
					...(await watched(stage, instance, 'up', () => streamUp(instance.port, token, streamed))),
				};
			},
		);
		const size = `${show(streamed / 1e6, 0)} MB`;
		return [
			{
				id: 'streaming',
				title: 'Streaming',
				text: `One answer of ${size}, then one request of ${size}, as fast as it goes, after ${show(warmUp / 1e6, 0)} MB each way. *Growth*: the highest resident memory, read every ${sampling} ms, above that at the beginning.`,
				heads: gatewayHeads,
				columns: ['down', 'up'].flatMap((way) => [
					{ key: `${way} growth`, title: `${way}: growth MB`, digits: 1, strong: true },
					{ key: `${way} rate`, title: 'MB/s', digits: 0 },
				]),
				rows,
			},
		];
	},
};

async function watched(stage: Stage, instance: Instance, way: string, stream: () => Promise<number>): Promise<Values> {
	const before = instance.memory();
	let highest = before;
	const sample = () => {
		const now = instance.memory();
		if (now !== undefined && highest !== undefined) highest = Math.max(highest, now);
	};
	const timer = setInterval(sample, sampling);
	try {
		const seconds = await stream();
		sample();
		return {
			[`${way} growth`]: highest === undefined || before === undefined ? undefined : highest - before,
			[`${way} rate`]: stage.plan.streamed / 1e6 / seconds,
		};
	} finally {
		clearInterval(timer);
	}
}
