/** Memory with many distinct live tokens, and whether they are all still known: those that came first come again. */
import { inRounds } from '../stage.ts';
import { gatewayHeads, show } from '../table.ts';
import type { Section } from './section.ts';

/** One of each kind that keeps tokens; filling one takes a minute where signatures are slow. */
const keepers: readonly string[] = ['countersign', 'fastify', 'envoy-cached'];

export const memory: Section = {
	id: 'memory',
	about: 'memory after 100,000 distinct live tokens',
	async run(stage) {
		const { liveTokens } = stage.plan;
		const subjects = stage.peers
			.filter(({ id }) => keepers.includes(id))
			.map((peer) => ({ id: peer.id, name: peer.name, label: peer.verification, peer }));
		if (subjects.length === 0) return [];
		stage.progress(`minting ${show(liveTokens, 0)} tokens`);
		const tokens = await stage.issuer.mintMany(liveTokens);
		const all = await stage.write(tokens);
		const first = await stage.write(tokens.slice(0, liveTokens / 5));

		const rows = await inRounds(
			stage,
			{ title: 'live tokens', count: 1, warmUp: false },
			subjects,
			async ({ peer }) => {
				const instance = await stage.launch(peer.start);
				try {
					const before = instance.memory();
					const filled = await stage.load(instance, { credentials: all, pace: { kind: 'once', limit: 180_000 } });
					const full = instance.memory();
					const again = await stage.load(instance, { credentials: first, pace: { kind: 'once', limit: 60_000 } });
					const after = instance.memory();
					const highest = full === undefined || after === undefined ? undefined : Math.max(full, after);
					return { before, after: highest, first: filled.processor, again: again.processor };
				} finally {
					await instance.stop();
				}
			},
		);
		return [
			{
				id: 'memory',
				title: `Memory with ${show(liveTokens, 0)} live tokens`,
				text: `A fresh gateway sees ${show(liveTokens, 0)} distinct RS256 tokens once each, then the first fifth of them again. The cost of those says whether it still knows them.`,
				heads: gatewayHeads,
				columns: [
					{ key: 'before', title: 'RSS MB before', digits: 0 },
					{ key: 'after', title: 'RSS MB with all', digits: 0, strong: true },
					{ key: 'first', title: 'µs CPU per request, first time', digits: 1 },
					{ key: 'again', title: 'µs CPU per request, again', digits: 1 },
				],
				rows,
			},
		];
	},
};
