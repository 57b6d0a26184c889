/** The command line of the benchmark, and how much of everything it measures. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { peers } from './peers/index.ts';
import { againstId } from './sections/against.ts';
import { sections } from './sections/index.ts';

export interface Plan {
	readonly quick: boolean;
	readonly connections: number;
	/** Distinct tokens that are used in turn. */
	readonly tokens: number;
	/** Rounds of the main sections, and of the others. */
	readonly rounds: number;
	readonly sideRounds: number;
	/** Milliseconds of one measurement in these, and before each. */
	readonly duration: number;
	readonly sideDuration: number;
	readonly warmUp: number;
	/** Tokens never seen before, a round. */
	readonly newTokens: number;
	readonly liveTokens: number;
	readonly routes: readonly number[];
	readonly providers: readonly number[];
	/** Bytes streamed each way. */
	readonly streamed: number;
	/** Milliseconds after which no further section begins. */
	readonly budget: number;
}

export interface Options {
	readonly help: boolean;
	readonly plan: Plan;
	/** Ids; undefined: all. */
	readonly only: readonly string[] | undefined;
	readonly rows: readonly string[] | undefined;
	/** Folder of another checkout. */
	readonly against: string | undefined;
}

/** A command line that makes no sense. */
export class UsageError extends Error {
	override readonly name = 'UsageError';
}

/** Throws a UsageError. */
export function readOptions(args: readonly string[]): Options {
	const values = parse(args);
	const quick = values.quick ?? false;
	const side = quick ? 1 : 3;
	const rounds = number(values.rounds, quick ? 2 : 5);
	const duration = number(values.seconds, quick ? 0.5 : 2.5) * 1000;
	const { against } = values;
	const rows = list('--rows', values.rows, sections) ?? (against === undefined ? undefined : [againstId]);
	if (against === undefined && rows?.includes(againstId) === true)
		throw new UsageError(`--rows ${againstId} needs --against DIR`);
	return {
		help: values.help ?? false,
		only: list('--only', values.only, peers) ?? (against === undefined ? undefined : ['countersign']),
		rows,
		against: against === undefined ? undefined : resolve(against),
		plan: {
			quick,
			connections: 64,
			tokens: 2_000,
			rounds,
			sideRounds: Math.min(side, rounds),
			duration,
			sideDuration: Math.min(duration, quick ? 300 : 1_200),
			warmUp: quick ? 150 : 500,
			newTokens: quick ? 600 : 4_000,
			liveTokens: quick ? 4_000 : 100_000,
			routes: quick ? [10, 10_000] : [10, 1_000, 10_000],
			providers: quick ? [1, 100] : [1, 10, 100],
			streamed: quick ? 100_000_000 : 1_000_000_000,
			budget: (quick ? 1.5 : 17) * 60_000,
		},
	};
}

export function usage(): string {
	const lines = (entries: readonly { readonly id: string; readonly about: string }[]) =>
		entries.map(({ id, about }) => `  ${id.padEnd(14)} ${about}\n`).join('');
	return `Usage: npm run bench -- [--quick] [--only PEERS] [--rows SECTIONS] [--against DIR] [--rounds N] [--seconds N]

Measures Countersign beside other gateways, in rounds taken in turns, and writes the report to docs/benchmarks. About
eighteen minutes on two idle cores; ends by itself. Peers that are not installed are left out.

  --quick          a short look at everything, under two minutes; the report is printed and not written
  --only PEERS     these gateways, separated by commas; nothing is written
  --rows SECTIONS  these sections, separated by commas; nothing is written
  --against DIR    Countersign beside another checkout of this project, say of the commit before a change (git worktree
                   add DIR COMMIT; npm ci there): the plain JWT row of both, each round with new processes, and their
                   ratio, which must not pass 105 %. About a minute; without --rows nothing else is measured
  --rounds N       rounds of the main sections (default 5)
  --seconds N      seconds of one measurement in them (default 2.5)
  --help           this

Gateways:
${lines(peers.map(({ id, name }) => ({ id, about: name })))}
Sections:
${lines(sections)}`;
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				quick: { type: 'boolean' },
				only: { type: 'string' },
				rows: { type: 'string' },
				against: { type: 'string' },
				rounds: { type: 'string' },
				seconds: { type: 'string' },
				help: { type: 'boolean' },
			},
		}).values;
	} catch (problem) {
		throw new UsageError(problem instanceof Error ? problem.message : String(problem));
	}
}

function number(text: string | undefined, standard: number): number {
	const value = text === undefined ? standard : Number(text);
	if (!(value > 0)) throw new UsageError(`not a positive number: ${text}`);
	return value;
}

function list(
	option: string,
	text: string | undefined,
	known: readonly { readonly id: string }[],
): readonly string[] | undefined {
	if (text === undefined) return undefined;
	const ids = text.split(',').map((id) => id.trim());
	const wrong = ids.find((id) => !known.some((one) => one.id === id));
	if (wrong !== undefined)
		throw new UsageError(`${option}: no ${wrong}; known: ${known.map(({ id }) => id).join(', ')}`);
	return ids;
}
