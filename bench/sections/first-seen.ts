/** Tokens that the gateway has never seen: what a cache cannot help. */
import { inRounds } from '../stage.ts';
import { gatewayHeads, loadColumns, loadValues, show } from '../table.ts';
import type { Section } from './section.ts';

export const firstSeen: Section = {
	id: 'first-seen',
	about: 'RS256 tokens that are each used once',
	async run(stage) {
		const { newTokens, sideRounds } = stage.plan;
		const lists: string[] = [];
		const contenders = (await stage.lineup())
			.filter(({ peer }) => peer.verification !== 'none')
			.map((contender) => ({ ...contender, label: 'each request' }));
		const rows = await inRounds(
			stage,
			{ title: 'first-seen tokens', count: sideRounds, warmUp: true },
			contenders,
			async ({ instance }, round) => {
				lists[round] ??= await stage.write(await stage.issuer.mintMany(newTokens));
				return loadValues(
					await stage.load(instance, { credentials: lists[round] ?? '', pace: { kind: 'once', limit: 60_000 } }),
				);
			},
		);
		return [
			{
				id: 'first-seen',
				title: 'First-seen tokens',
				text: `${show(newTokens, 0)} RS256 tokens a round, each used once: every gateway computes every signature.`,
				heads: gatewayHeads,
				columns: loadColumns,
				rows,
			},
		];
	},
};
