/** What sections measure with: the backend, the load generator, the gateways, and rounds taken in turns. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { H2load } from './load/h2load.ts';
import type { Order, Result } from './load/order.ts';
import type { Generator } from './load/start-generator.ts';
import type { Plan } from './options.ts';
import type { Peer, Running, Setting, TlsFiles } from './peers/peer.ts';
import { preflight } from './preflight.ts';
import { processGroup, residentMemory } from './processor-time.ts';
import type { Row, Subject, Values } from './table.ts';
import type { Issuer } from './tokens.ts';

export interface Stage {
	readonly plan: Plan;
	readonly issuer: Issuer;
	readonly backendPort: number;
	readonly folder: string;
	readonly h2load: H2load | undefined;
	/** The gateways that take part, installed all of them. */
	readonly peers: readonly Peer[];
	/** Another checkout of the project to compare with. */
	readonly against: string | undefined;
	/** Those that did not start, or did not do what they say, with why: they take no part. */
	readonly faults: ReadonlySet<string>;
	/** All the others running and seen to do what they say; started when first asked for, and kept. */
	lineup(): Promise<readonly Contender[]>;
	/** Those of them that are no twins, for the sections in which twins do not differ. */
	mainLineup(): Promise<readonly Contender[]>;
	/** The same a second time, with TLS, for the caller to stop. */
	tlsLineup(): Promise<readonly Contender[]>;
	/** One gateway more, for the caller to stop. */
	launch(start: (setting: Setting) => Promise<Running>): Promise<Instance>;
	/** File with `plan.tokens` credentials. */
	credentials(): Promise<string>;
	/** Writes credentials of these tokens to a new file. */
	write(tokens: readonly string[]): Promise<string>;
	/** The same of credentials as header fields. */
	writeLines(lines: readonly string[]): Promise<string>;
	/** Rejects when an answer was not 200. What is not given: `plan.tokens` tokens in turn, GET /orders/1, kept connections. */
	load(instance: Instance, order: Partial<Order> & Pick<Order, 'pace'>): Promise<Result>;
	/** On standard error. */
	progress(text: string): void;
}

export interface Instance {
	readonly port: number;
	readonly tls: boolean;
	pids(): number[];
	/** Resident, in megabytes, all processes; undefined without /proc. */
	memory(): number | undefined;
	stop(): Promise<void>;
}

export interface Contender extends Subject {
	readonly peer: Peer;
	readonly instance: Instance;
	/** Megabytes before the first request. */
	readonly idle: number | undefined;
}

export interface StageParts {
	readonly plan: Plan;
	readonly issuer: Issuer;
	readonly backendPort: number;
	readonly folder: string;
	readonly h2load: H2load | undefined;
	readonly generator: Generator;
	readonly peers: readonly Peer[];
	readonly against: string | undefined;
	readonly tls: TlsFiles;
	progress(text: string): void;
}

/** Time that a gateway has to settle after its start, before its memory is read. */
const settling = 1_500;

export function createStage(parts: StageParts): Stage {
	const { plan, issuer, backendPort, folder, generator, peers, progress } = parts;
	let lineup: Promise<readonly Contender[]> | undefined;
	let credentials: Promise<string> | undefined;
	const faults = new Set<string>();
	let files = 0;

	async function launch(start: (setting: Setting) => Promise<Running>, tls?: TlsFiles): Promise<Instance> {
		files += 1;
		const own = join(folder, `gateway-${files}`);
		await mkdir(own);
		const { port, pid, stop } = await start({ issuer, backendPort, folder: own, tls });
		const pids = () => processGroup(pid);
		return { port, tls: tls !== undefined, pids, memory: () => residentMemory(pids()), stop };
	}

	async function orFault(peer: Peer, attempt: () => Promise<unknown>): Promise<boolean> {
		try {
			await attempt();
			return true;
		} catch (problem) {
			const [why = ''] = (problem instanceof Error ? problem.message : String(problem)).split('\n');
			progress(`${peer.name} takes no part: ${why}`);
			faults.add(`${peer.name} (${why})`);
			return false;
		}
	}

	async function assemble(peers: readonly Peer[], tls?: TlsFiles): Promise<readonly Contender[]> {
		progress(`starting ${peers.length} gateways${tls === undefined ? '' : ' with TLS'}`);
		const started: { readonly peer: Peer; readonly instance: Instance }[] = [];
		for (const peer of peers) {
			await orFault(peer, async () => started.push({ peer, instance: await launch(peer.start, tls) }));
		}
		await new Promise((resolve) => setTimeout(resolve, settling));
		const contenders: Contender[] = [];
		for (const { peer, instance } of started) {
			const { id, name, verification: label } = peer;
			const idle = instance.memory();
			const good = await orFault(peer, async () => {
				await preflight(peer, instance.port, instance.tls, issuer);
				// Compilers and caches get ready: no section begins cold.
				await stage.load(instance, { pace: { kind: 'closed', warmUp: 0, duration: plan.duration } });
			});
			if (good) contenders.push({ id, name, label, peer, instance, idle });
			else await instance.stop();
		}
		return contenders;
	}

	const write = (tokens: readonly string[]) => writeLines(tokens.map((token) => `Authorization: Bearer ${token}`));

	async function writeLines(lines: readonly string[]): Promise<string> {
		files += 1;
		const file = join(folder, `credentials-${files}`);
		await writeFile(file, `${lines.join('\n')}\n`);
		return file;
	}

	const stage: Stage = {
		...parts,
		faults,
		lineup: () => (lineup ??= assemble(peers)),
		mainLineup: async () => (await stage.lineup()).filter(({ peer }) => peer.twin !== true),
		tlsLineup: () =>
			assemble(
				peers.filter(({ twin }) => twin !== true),
				parts.tls,
			),
		launch: (start) => launch(start),
		credentials: () => (credentials ??= issuer.mintMany(plan.tokens).then(write)),
		write,
		writeLines,
		async load(instance, order) {
			const result = await generator.perform({
				port: instance.port,
				tls: instance.tls,
				pids: instance.pids(),
				credentials: order.credentials ?? (await stage.credentials()),
				paths: ['/orders/1'],
				body: 0,
				close: false,
				connections: plan.connections,
				...order,
			});
			if (result.requests === 0) throw new Error('nothing was answered in time');
			if (result.errors > 0) throw new Error(`${result.errors} requests went wrong: ${result.problem}`);
			return result;
		},
	};
	return stage;
}

/**
 * Measures each subject once a round, in turns and each round beginning with another, so that what the machine does
 * meanwhile hits all of them. A subject that fails is left out from there on and says why.
 */
export async function inRounds<S extends Subject>(
	stage: Stage,
	{ title, count, warmUp }: { readonly title: string; readonly count: number; readonly warmUp: boolean },
	subjects: readonly S[],
	measure: (subject: S, round: number) => Promise<Values>,
): Promise<Row[]> {
	const records = subjects.map((subject) => ({
		subject,
		values: {} as Record<string, number[]>,
		problem: undefined as string | undefined,
	}));
	for (let round = warmUp ? 0 : 1; round <= count; round += 1) {
		const first = round % Math.max(1, records.length);
		for (const record of [...records.slice(first), ...records.slice(0, first)]) {
			const { subject } = record;
			if (record.problem !== undefined) continue;
			try {
				const values = await measure(subject, round);
				stage.progress(
					`${title}, ${round === 0 ? 'warm-up' : `round ${round}`}: ${subject.name}: ${described(values)}`,
				);
				if (round > 0) append(record.values, values);
			} catch (problem) {
				record.problem = problem instanceof Error ? problem.message : String(problem);
				stage.progress(`${title}: ${subject.name}: ${record.problem}`);
			}
		}
	}
	return records.map(({ subject: { id, name, label }, values, problem }) => ({ id, name, label, values, problem }));
}

function append(into: Record<string, number[]>, values: Values): void {
	for (const [key, value] of Object.entries(values)) {
		if (value !== undefined) (into[key] ??= []).push(value);
	}
}

function described(values: Values): string {
	return Object.entries(values)
		.filter(([, value]) => value !== undefined)
		.map(([key, value]) => `${key} ${Number(value?.toPrecision(4))}`)
		.join(', ');
}
