/**
 * `npm run bench`: Countersign beside other gateways in one run, over real sockets on loopback. Rounds alternate between
 * the peers, so that what the machine does meanwhile hits all of them; medians and spreads come out. `--quick`: a short
 * look that writes nothing. Ends by itself.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from '../scripts/run-command.ts';
import { startChild } from './child.ts';
import type { Order, Result } from './load.ts';
import { countersign } from './peers/countersign.ts';
import { fastify } from './peers/fastify.ts';
import { haproxy } from './peers/haproxy.ts';
import { nginx } from './peers/nginx.ts';
import type { Peer, Running } from './peers/peer.ts';
import { preflight } from './preflight.ts';
import { processGroup, residentMemory } from './processor-time.ts';
import { type Measured, report } from './report.ts';
import { createIssuer, type Issuer } from './tokens.ts';

const usage = `Usage: npm run bench -- [--quick] [--rounds N] [--seconds N]

  --quick      three short rounds; the table is printed and not written to docs/benchmarks
  --rounds N   rounds per gateway (default 5)
  --seconds N  seconds per round (default 5)
`;

const { values } = parseArgs({
	options: {
		quick: { type: 'boolean', default: false },
		rounds: { type: 'string' },
		seconds: { type: 'string' },
		help: { type: 'boolean', default: false },
	},
});

/** Everything together may not take longer, whatever goes wrong. */
const deadline = 15 * 60_000;

const plan = {
	connections: 64,
	tokens: 2_000,
	rounds: number(values.rounds, values.quick ? 3 : 5),
	duration: number(values.seconds, values.quick ? 1 : 5) * 1000,
	warmUp: values.quick ? 300 : 1_000,
	/** Rounds in which every request brings a token that the gateway has never seen, and how many. */
	newRounds: values.quick ? 1 : 3,
	newTokens: values.quick ? 2_000 : 4_000,
	loadBefore: loadavg()[0] ?? 0,
};

if (values.help) {
	process.stdout.write(usage);
} else {
	setTimeout(() => {
		process.stderr.write('bench: not finished in time\n');
		process.exit(1);
	}, deadline).unref();
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
	await bench();
}

interface Contender {
	readonly peer: Peer;
	readonly version: string;
	readonly running: Running;
	readonly cached: Result[];
	readonly fresh: Result[];
}

async function bench(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
	const contenders: Contender[] = [];
	try {
		if (plan.loadBefore > availableParallelism() / 2) {
			progress(`this machine is busy (load average ${plan.loadBefore.toFixed(1)}): the figures will be too high`);
		}
		progress('building');
		const built = await run('npm', ['run', 'build']);
		if (built.status !== 0) throw new Error(`the build failed\n${built.output}`);

		const backend = await startChild('node', [join(import.meta.dirname, 'backend.ts')], /^(\d+)$/m);
		const issuer = createIssuer();
		for (const peer of [countersign, fastify, haproxy, nginx]) {
			const version = await peer.version();
			if (version === undefined) {
				progress(`${peer.name}: not installed`);
				continue;
			}
			const own = join(folder, String(contenders.length));
			await mkdir(own);
			const running = await peer.start({ issuer, backendPort: backend.port, folder: own });
			contenders.push({ peer, version, running, cached: [], fresh: [] });
			await preflight(peer, running, issuer);
		}

		await cachedRounds(contenders, await mintTo(folder, 'tokens', plan.tokens, issuer));
		await freshRounds(contenders, folder, issuer);
		const measured: Measured[] = contenders.map(({ running, ...rest }) => ({
			...rest,
			memory: residentMemory(processGroup(running.pid)),
		}));
		await publish(report(measured, plan));
		await backend.stop();
	} finally {
		await Promise.all(contenders.map(({ running }) => running.stop()));
		await rm(folder, { recursive: true, force: true });
	}
}

/** The first round is for the compilers and caches and does not count. */
async function cachedRounds(contenders: readonly Contender[], tokens: string): Promise<void> {
	const warmUp = Math.max(plan.duration, 3_000);
	for (let round = 0; round <= plan.rounds; round += 1) {
		for (const { peer, running, cached } of contenders) {
			const result = await load(peer, running, { tokens, once: false, duration: round === 0 ? warmUp : plan.duration });
			if (round > 0) cached.push(result);
			progress(`${round === 0 ? 'warm-up' : `round ${round}`}  ${peer.name}: ${described(result)}`);
		}
	}
}

async function freshRounds(contenders: readonly Contender[], folder: string, issuer: Issuer): Promise<void> {
	for (let round = 1; round <= plan.newRounds; round += 1) {
		const tokens = await mintTo(folder, `new-${round}`, plan.newTokens, issuer);
		for (const { peer, running, fresh } of contenders) {
			if (peer.verification !== 'cached') continue;
			const result = await load(peer, running, { tokens, once: true, duration: 60_000 });
			fresh.push(result);
			progress(`new tokens ${round}  ${peer.name}: ${described(result)}`);
		}
	}
}

async function load(peer: Peer, running: Running, what: Pick<Order, 'tokens' | 'once' | 'duration'>): Promise<Result> {
	const order: Order = {
		...what,
		port: running.port,
		connections: plan.connections,
		warmUp: plan.warmUp,
		pids: processGroup(running.pid),
	};
	const ran = await run('node', [join(import.meta.dirname, 'load.ts'), JSON.stringify(order)], { timeout: 120_000 });
	if (ran.status !== 0) throw new Error(`${peer.name}: the load generator failed\n${ran.output}`);
	const result: Result = JSON.parse(ran.output);
	if (result.errors > 0) throw new Error(`${peer.name}: ${result.errors} requests went wrong`);
	if (what.once && result.requests !== plan.newTokens) throw new Error(`${peer.name}: ${result.requests} answers`);
	return result;
}

async function mintTo(folder: string, name: string, count: number, issuer: Issuer): Promise<string> {
	progress(`minting ${count} tokens`);
	const file = join(folder, name);
	await writeFile(file, Array.from({ length: count }, () => `${issuer.mint()}\n`).join(''));
	return file;
}

async function publish(text: string): Promise<void> {
	process.stdout.write(`\n${text}`);
	if (values.quick) return;
	const folder = join(root, 'docs', 'benchmarks');
	await mkdir(folder, { recursive: true });
	const date = new Date().toISOString().slice(0, 10);
	for (const name of [date, 'latest']) await writeFile(join(folder, `${name}.md`), text);
	process.stdout.write(`\nwritten to docs/benchmarks/${date}.md and latest.md\n`);
}

function described({ requests, elapsed, processor }: Result): string {
	const rate = `${Math.round(requests / elapsed)} requests/s`;
	return processor === undefined ? rate : `${rate}, ${processor.toFixed(1)} µs CPU each`;
}

function number(text: string | undefined, standard: number): number {
	const value = text === undefined ? standard : Number(text);
	if (!(value > 0)) throw new Error(`not a positive number: ${text}`);
	return value;
}

function progress(text: string): void {
	process.stderr.write(`${text}\n`);
}
