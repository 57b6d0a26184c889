/**
 * The plain JWT row of this checkout beside that of another one, say of the commit before a change. Every round starts both
 * anew: two processes of the same code differ by some percent, and differ for as long as they run.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../scripts/run-command.ts';
import { plainConfig, startCountersign } from '../peers/countersign.ts';
import { withPercent } from '../percent.ts';
import { inRounds } from '../stage.ts';
import { loadColumns, loadValues, type Table } from '../table.ts';
import type { Section } from './section.ts';

export const againstId = 'against';
export const ours = 'this checkout';
const theirs = 'the other';

export const against: Section = {
	id: againstId,
	about: 'the plain JWT row beside that of another checkout (--against)',
	async run(stage) {
		const { against: folder, plan } = stage;
		if (folder === undefined) return [];
		stage.progress(`building ${folder}`);
		await access(join(folder, 'bin', 'countersign.cjs'));
		const built = await run('npm', ['run', 'build'], { cwd: folder });
		if (built.status !== 0) throw new Error(`the build of ${folder} failed\n${built.output}`);

		const subjects = [
			{ id: theirs, name: theirs, label: await commitOf(folder), root: folder },
			{ id: ours, name: ours, label: await commitOf(), root: undefined },
		];
		const rows = await inRounds(
			stage,
			{ title: 'against', count: plan.rounds, warmUp: true },
			subjects,
			async ({ root }) => {
				const instance = await stage.launch((setting) => startCountersign(setting.folder, plainConfig(setting), root));
				try {
					await stage.load(instance, { pace: { kind: 'closed', warmUp: 0, duration: plan.duration } });
					return loadValues(
						await stage.load(instance, { pace: { kind: 'closed', warmUp: plan.warmUp, duration: plan.duration } }),
					);
				} finally {
					await instance.stop();
				}
			},
		);
		return [table(rows.map((row) => withPercent(row, rows, theirs)))];
	},
};

/** Short name of the commit, with a mark where files differ from it. */
async function commitOf(cwd?: string): Promise<string> {
	const { status, output } = await run('git', ['describe', '--always', '--dirty'], cwd === undefined ? {} : { cwd });
	return status === 0 ? output.trim() : 'no commit';
}

function table(rows: Table['rows']): Table {
	return {
		id: againstId,
		title: 'Plain JWT, beside another checkout',
		text: 'RS256 tokens used in turn on kept connections. Both are started anew for each round and measured one after the other, each first in every other round; percent of the other checkout’s figure, round by round.',
		heads: ['checkout', 'commit'],
		columns: [{ key: 'percent', title: '% of the other', digits: 1, strong: true }, ...loadColumns],
		rows,
	};
}
