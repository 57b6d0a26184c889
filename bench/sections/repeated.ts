/** The main row: tokens that come again and again on kept connections. */
import { inRounds } from '../stage.ts';
import { gatewayHeads, loadColumns, loadValues, show } from '../table.ts';
import type { Section } from './section.ts';

export const repeated: Section = {
	id: 'repeated',
	about: 'repeated RS256 tokens, kept connections, closed loop',
	async run(stage) {
		const { plan } = stage;
		const rows = await inRounds(
			stage,
			{ title: 'repeated tokens', count: plan.rounds, warmUp: false },
			await stage.lineup(),
			async ({ instance }) => {
				const result = await stage.load(instance, {
					pace: { kind: 'closed', warmUp: plan.warmUp, duration: plan.duration },
				});
				return { ...loadValues(result), memory: instance.memory() };
			},
		);
		return [
			{
				id: 'repeated',
				title: 'Repeated tokens',
				text: `${show(plan.tokens, 0)} RS256 tokens used in turn, ${plan.connections} kept connections, closed loop, small JSON answers.`,
				heads: gatewayHeads,
				columns: [...loadColumns, { key: 'memory', title: 'RSS MB', digits: 0 }],
				rows,
			},
		];
	},
};
