/** What more than a plain JWT costs: each variant of Countersign beside the plain one, in percent of it. */
import { plainConfig, startCountersign } from '../peers/countersign.ts';
import type { Setting } from '../peers/peer.ts';
import { withPercent } from '../percent.ts';
import { type Instance, inRounds, type Stage } from '../stage.ts';
import { loadColumns, loadValues, type Row, type Table } from '../table.ts';
import { variants as all } from '../variants/index.ts';
import type { Prepared, Variant } from '../variants/variant.ts';
import type { Section } from './section.ts';

interface Entrant {
	readonly id: string;
	readonly name: string;
	readonly label: string;
	readonly instance: Instance;
	/** File of what this round sends. */
	credentials(round: number): Promise<string>;
	readonly once: boolean;
	stop(): Promise<void>;
}

/** What the others are compared with. */
const plainId = 'plain';

export const variants: Section = {
	id: 'variants',
	about: 'what more than a plain JWT costs Countersign',
	async run(stage) {
		if (!stage.peers.some(({ id }) => id === 'countersign')) return [];
		const entrants: Entrant[] = [];
		const absent: Row[] = [];
		try {
			entrants.push(await plain(stage));
			for (const variant of all) {
				const { id, name, label } = variant;
				const problem = (await variant.missing()) ?? (await attempt(stage, variant, entrants));
				if (problem !== undefined) absent.push({ id, name, label, values: {}, problem });
			}
			const { plan } = stage;
			const rows = await inRounds(
				stage,
				{ title: 'variants', count: plan.rounds, warmUp: true },
				entrants,
				async ({ instance, credentials, once }, round) => {
					const each = { credentials: await credentials(round), pace: { kind: 'once', limit: 60_000 } } as const;
					if (once) return loadValues(await stage.load(instance, each));
					// What can be kept is kept before anything is measured.
					if (round === 0) await stage.load(instance, each);
					const pace = { kind: 'closed', warmUp: plan.warmUp, duration: plan.sideDuration } as const;
					return loadValues(await stage.load(instance, { ...each, pace }));
				},
			);
			return [table([...rows, ...absent].map((row) => withPercent(row, rows, plainId)))];
		} finally {
			await Promise.all(entrants.map(({ stop }) => stop()));
		}
	},
};

async function plain(stage: Stage): Promise<Entrant> {
	const instance = await stage.launch((setting) => startCountersign(setting.folder, plainConfig(setting)));
	const label = 'cached';
	const credentials = () => stage.credentials();
	return { id: plainId, name: 'plain JWT', label, instance, credentials, once: false, stop: () => instance.stop() };
}

/** Why it could not be started; undefined when it is among the entrants. */
async function attempt(stage: Stage, variant: Variant, entrants: Entrant[]): Promise<string | undefined> {
	try {
		entrants.push(await enter(stage, variant));
		return undefined;
	} catch (problem) {
		return (problem instanceof Error ? problem.message : String(problem)).split('\n')[0];
	}
}

async function enter(stage: Stage, variant: Variant): Promise<Entrant> {
	let prepared: Prepared | undefined;
	const start = async (setting: Setting) => {
		prepared = await variant.prepare(setting, plainConfig(setting));
		return startCountersign(setting.folder, prepared.config);
	};
	try {
		const instance = await stage.launch(start);
		const { once = false, credentials = async () => [] } = prepared ?? {};
		let kept: Promise<string> | undefined;
		const fresh = async () => {
			stage.progress(`variants: credentials for ${variant.name}`);
			return stage.writeLines(await credentials(once ? stage.plan.newTokens : stage.plan.tokens));
		};
		return {
			...variant,
			instance,
			once,
			credentials: () => (once ? fresh() : (kept ??= fresh())),
			async stop() {
				await instance.stop();
				await prepared?.stop();
			},
		};
	} catch (problem) {
		await prepared?.stop();
		throw problem;
	}
}

function table(rows: readonly Row[]): Table {
	const lines = all.map(({ name, about }) => `*${name}*: ${about}`);
	return {
		id: 'variants',
		title: 'More than a plain JWT',
		text: `Countersign, one process, repeated on kept connections; percent of the plain JWT row, round by round. ${lines.join('; ')}.`,
		heads: ['variant', 'check'],
		columns: [{ key: 'percent', title: '% of plain JWT', digits: 0, strong: true }, ...loadColumns],
		rows,
	};
}
