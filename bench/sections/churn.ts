/** A new connection for each request. */
import { inRounds } from '../stage.ts';
import { gatewayHeads, loadColumns, loadValues } from '../table.ts';
import type { Section } from './section.ts';

export const churn: Section = {
	id: 'churn',
	about: 'a new connection for each request',
	async run(stage) {
		const { plan } = stage;
		const rows = await inRounds(
			stage,
			{ title: 'churn', count: plan.sideRounds, warmUp: false },
			await stage.mainLineup(),
			async ({ instance }) =>
				loadValues(
					await stage.load(instance, {
						close: true,
						pace: { kind: 'closed', warmUp: plan.warmUp, duration: plan.sideDuration },
					}),
				),
		);
		return [
			{
				id: 'churn',
				title: 'Connection churn',
				text: `A new connection for each request, with \`Connection: close\`; ${plan.connections} at a time. Repeated tokens; connections to the backend are kept.`,
				heads: gatewayHeads,
				columns: loadColumns,
				rows,
			},
		];
	},
};
