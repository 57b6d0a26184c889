/** The report as a Markdown page: what must be reached first, then the sections, then who took part. */
import { arch, cpus, platform, release } from 'node:os';
import { renderGoals } from './goals.ts';
import type { Plan } from './options.ts';
import type { Peer } from './peers/peer.ts';
import { renderTable, type Table } from './table.ts';

export interface Run {
	readonly plan: Plan;
	/** YYYY-MM-DD. */
	readonly date: string;
	readonly tables: readonly Table[];
	readonly peers: readonly { readonly peer: Peer; readonly version: string }[];
	/** Names of those that are not installed. */
	readonly absent: readonly string[];
	/** Sections that there was no time for, or that failed, with why. */
	readonly left: readonly string[];
	readonly h2load: string | undefined;
	/** Load average of the machine over the minute before. */
	readonly loadBefore: number;
	/** Minutes. */
	readonly took: number;
}

export function report(run: Run): string {
	const { plan, tables, peers } = run;
	const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
	return `# Benchmark, ${run.date}

\`npm run bench${plan.quick ? ' -- --quick' : ''}\` on ${processor}, ${cpus().length} cores, ${platform()} ${release()} ${arch()}; Node.js ${process.versions.node}; ${run.took.toFixed(1)} minutes.
Load average of the minute before: ${run.loadBefore.toFixed(1)}. [How it measures, and how to read this](README.md).

Load generator, gateway and backend share the machine, so requests per second depend on all three; **processor time of the
gateway’s own processes per request** is what compares, and ratios within one run say more than absolute figures. Cells are
medians of ${plan.rounds} rounds (${plan.sideRounds} in the side sections) taken in turns, with the lowest and highest in parentheses.

## Must reach

Ratios are taken round by round, Countersign’s figure by the other’s.

${renderGoals(tables)}
${tables.map(renderTable).join('\n')}
## Who took part

| gateway | version | signature check | what it does with the token and besides |
|---|---|---|---|
${peers.map(({ peer, version }) => `| ${peer.name} | ${version} | ${peer.verification} | ${peer.about} |`).join('\n')}

Before the measurement each gateway that checks tokens was seen to refuse a missing, altered, expired, foreign-issuer and
wrong-audience token, twice each, and to keep \`Authorization\` from the backend; those that require the scope refused a
token without it. h2load: ${run.h2load ?? 'not installed'}.${run.absent.length === 0 ? '' : ` Not installed here, or not in this version: ${run.absent.join(', ')}.`}
${run.left.length === 0 ? '' : `\nLeft out: ${run.left.join('; ')}.\n`}`;
}
