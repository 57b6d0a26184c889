/** Countersign in several sizes at once, measured in turns: what growing costs. */
import { type Config, plainConfig, startCountersign } from '../peers/countersign.ts';
import { type Instance, inRounds, type Stage } from '../stage.ts';
import { loadColumns, loadValues, show, type Table } from '../table.ts';

export interface Growth {
	readonly id: string;
	readonly title: string;
	readonly text: string;
	/** What there is more and more of. */
	readonly of: string;
	readonly sizes: readonly number[];
	readonly rounds: number;
	configure(plain: Config, size: number, backendPort: number): Config;
	paths(size: number): readonly string[];
	/** File of credentials; default those of all sections. */
	credentials?(size: number): string | undefined;
}

/** Nothing where Countersign takes no part. */
export async function measureGrowth(stage: Stage, growth: Growth): Promise<readonly Table[]> {
	if (!stage.peers.some(({ id }) => id === 'countersign')) return [];
	const { plan } = stage;
	const subjects: { id: string; name: string; label: string; size: number; instance: Instance }[] = [];
	try {
		for (const size of growth.sizes) {
			const instance = await stage.launch((setting) =>
				startCountersign(setting.folder, growth.configure(plainConfig(setting), size, setting.backendPort)),
			);
			subjects.push({
				id: String(size),
				name: `Countersign, ${show(size, 0)} ${growth.of}`,
				label: 'cached',
				size,
				instance,
			});
		}
		const rows = await inRounds(
			stage,
			{ title: growth.of, count: growth.rounds, warmUp: true },
			subjects,
			async ({ size, instance }, round) => {
				const credentials = growth.credentials?.(size);
				const result = await stage.load(instance, {
					...(credentials === undefined ? {} : { credentials }),
					paths: growth.paths(size),
					// Ten thousand routes take a moment to have been seen once.
					pace: { kind: 'closed', warmUp: plan.warmUp, duration: round === 0 ? 2_000 : plan.sideDuration },
				});
				return { ...loadValues(result), memory: instance.memory() };
			},
		);
		return [
			{
				id: growth.id,
				title: growth.title,
				text: growth.text,
				heads: ['gateway', 'signature check'],
				columns: [...loadColumns, { key: 'memory', title: 'RSS MB', digits: 0 }],
				rows,
			},
		];
	} finally {
		await Promise.all(subjects.map(({ instance }) => instance.stop()));
	}
}
