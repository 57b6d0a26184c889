/** Latency at a load that does not depend on the answers: at half of what each gateway can carry, and at one for all. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Contender, inRounds, type Stage } from '../stage.ts';
import { type Column, gatewayHeads, show, type Table, type Values } from '../table.ts';
import type { Section } from './section.ts';

/** The common load is half of what this one carries, or the first in its absence. */
const reference = 'haproxy-jwt';

/** Of a main section's measurement: there are three of them a round. */
const share = 0.8;

export const latency: Section = {
	id: 'latency',
	about: 'p50 and p99 at half of the saturating load, open loop',
	async run(stage) {
		const contenders = await stage.lineup();
		const credential = (await readFile(await stage.credentials(), 'latin1')).split('\n')[0] ?? '';
		const limits = new Map<string, number>();
		const found = await inRounds(
			stage,
			{ title: 'saturation', count: 1, warmUp: false },
			contenders,
			async (contender) => {
				const rate = await saturation(stage, contender, credential);
				limits.set(contender.id, rate);
				return { rate };
			},
		);
		const common = (limits.get(reference) ?? limits.get(contenders[0]?.id ?? '') ?? 0) / 2;

		const able = contenders.filter(({ id }) => limits.has(id));
		const rows = await inRounds(
			stage,
			{ title: 'fixed load', count: stage.plan.sideRounds, warmUp: false },
			able,
			async (contender) => {
				const limit = limits.get(contender.id) ?? 0;
				return {
					saturation: limit,
					...(await stepped(stage, contender, credential, limit / 2)),
					...(await spread(stage, contender, limit / 2, 'own')),
					...(limit < common * 1.2 ? {} : await spread(stage, contender, common, 'common')),
				};
			},
		);
		return [table(stage, common, [...rows, ...found.filter(({ problem }) => problem !== undefined)])];
	},
};

async function saturation({ h2load, plan, load }: Stage, { instance }: Contender, credential: string): Promise<number> {
	if (h2load !== undefined) return h2load.saturate(instance.port, credential, plan.connections, plan.sideDuration);
	const result = await load(instance, {
		pace: { kind: 'closed', warmUp: plan.warmUp, duration: plan.sideDuration },
	});
	return result.requests / result.elapsed;
}

/** By h2load, whose connections fire in step; nothing where it is not installed. */
async function stepped(
	{ h2load, plan, folder, progress }: Stage,
	{ instance, name }: Contender,
	credential: string,
	rate: number,
): Promise<Values> {
	if (h2load === undefined) return {};
	const { warmUp, connections } = plan;
	const duration = plan.duration * share;
	const log = join(folder, 'h2load.log');
	const found = await h2load.offer(instance.port, credential, { rate, connections, warmUp, duration, log });
	// Less load than was asked for is another measurement: this round has no figure.
	const kept = found.rate >= rate * 0.95;
	if (!kept) progress(`${name}: carried only ${show(found.rate, 0)} of ${show(rate, 0)} requests/s`);
	return { 'h2load p50': kept ? found.p50 : Number.NaN, 'h2load p99': kept ? found.p99 : Number.NaN };
}

async function spread(stage: Stage, { instance }: Contender, rate: number, name: string): Promise<Values> {
	const { warmUp } = stage.plan;
	const duration = stage.plan.duration * share;
	const { p50, p99, processor } = await stage.load(instance, { pace: { kind: 'open', rate, warmUp, duration } });
	return { [`${name} p50`]: p50, [`${name} p99`]: p99, [`${name} cpu`]: processor };
}

function table({ plan, h2load }: Stage, common: number, rows: Table['rows']): Table {
	const digits = 2;
	const columns: readonly Column[] = [
		{ key: 'saturation', title: 'saturated at, requests/s', digits: 0 },
		...(h2load === undefined
			? []
			: [
					{ key: 'h2load p50', title: 'half, in step: p50 ms', digits },
					{ key: 'h2load p99', title: 'p99 ms', digits, strong: true },
				]),
		{ key: 'own p50', title: 'half, Poisson: p50 ms', digits },
		{ key: 'own p99', title: 'p99 ms', digits, strong: true },
		{ key: 'common p50', title: 'common load: p50 ms', digits },
		{ key: 'common p99', title: 'p99 ms', digits },
		{ key: 'common cpu', title: 'µs CPU per request', digits: 1 },
	];
	const steps =
		h2load === undefined
			? 'h2load is not installed, so saturation is what our own generator reached and its limit may be the generator’s.'
			: `*Saturated*: a closed loop of h2load (${h2load.version}). *In step*: \`h2load --h1 --rps\`, whose ${plan.connections} connections fire at the same moment, so it times bursts of ${plan.connections} requests.`;
	return {
		id: 'latency',
		title: 'Latency at a fixed offered load',
		text: `${plan.connections} connections, load offered whether or not answers come. *Half*: of the gateway’s own saturating load. ${steps}
*Poisson*: our own generator, random arrivals, timed from when a request fell due also when no connection was free.
*Common load*: ${show(common, 0)} requests/s for all, half of what ${reference} carries; left empty where that is too near to what a gateway can carry at all.`,
		heads: gatewayHeads,
		columns,
		rows,
	};
}
