/**
 * `npm run bench`: Countersign beside other gateways in one run, over real sockets on loopback. Rounds alternate between
 * the gateways, so that what the machine does meanwhile hits all of them; medians, spreads and ratios come out. Ends by
 * itself. See docs/benchmarks/README.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from '../scripts/run-command.ts';
import { selfSigned } from '../test/support/self-signed.ts';
import { startChild } from './child.ts';
import { findH2load } from './load/h2load.ts';
import { startGenerator } from './load/start-generator.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { peers } from './peers/index.ts';
import type { Peer, TlsFiles } from './peers/peer.ts';
import { report } from './report.ts';
import { sections } from './sections/index.ts';
import { createStage, type Stage } from './stage.ts';
import type { Table } from './table.ts';
import { createIssuer } from './tokens.ts';

/** Everything together may not take longer, whatever goes wrong. */
const deadline = 30 * 60_000;

try {
	const options = readOptions(process.argv.slice(2));
	if (options.help) {
		process.stdout.write(usage());
	} else {
		setTimeout(() => {
			progress('bench: not finished in time');
			process.exit(1);
		}, deadline).unref();
		for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
		await bench(options);
	}
} catch (problem) {
	if (!(problem instanceof UsageError)) throw problem;
	process.stderr.write(`bench: ${problem.message}\n`);
	process.exitCode = 2;
}

async function bench(options: Options): Promise<void> {
	const { plan, only, rows, against } = options;
	const begun = performance.now();
	const loadBefore = loadavg()[0] ?? 0;
	if (loadBefore > availableParallelism() / 4) {
		progress(`this machine is busy (load average ${loadBefore.toFixed(1)}): the figures will be too high`);
	}
	progress('building');
	const built = await run('npm', ['run', 'build']);
	if (built.status !== 0) throw new Error(`the build failed\n${built.output}`);

	const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
	const generator = startGenerator();
	const backend = await startChild('node', [join(import.meta.dirname, 'backend.ts')], /^(\d+)$/m);
	try {
		const { installed, absent } = await look(peers.filter(({ id }) => only?.includes(id) ?? true));
		const h2load = await findH2load();
		const stage = createStage({
			plan,
			issuer: await createIssuer(),
			backendPort: backend.port,
			folder,
			h2load,
			generator,
			peers: installed.map(({ peer }) => peer),
			against,
			tls: await writeCertificate(folder),
			progress,
		});
		const { tables, left } = await runSections(stage, rows, begun);
		const date = new Date().toISOString().slice(0, 10);
		const took = (performance.now() - begun) / 60_000;
		const text = report({
			plan,
			date,
			tables,
			peers: installed,
			absent,
			left,
			h2load: h2load?.version,
			loadBefore,
			took,
		});
		await publish(text, date, !plan.quick && only === undefined && rows === undefined);
		await Promise.all((await stage.lineup()).map(({ instance }) => instance.stop()));
	} finally {
		generator.stop();
		await backend.stop();
		await rm(folder, { recursive: true, force: true });
	}
}

async function look(wanted: readonly Peer[]) {
	const installed: { readonly peer: Peer; readonly version: string }[] = [];
	const absent: string[] = [];
	for (const peer of wanted) {
		const version = await peer.version();
		if (version === undefined) absent.push(peer.name);
		else installed.push({ peer, version });
	}
	for (const name of absent) progress(`${name}: not installed, or not in this version`);
	return { installed, absent };
}

/** A section that fails, or that time has run out for, leaves the others alone and is named in the report. */
async function runSections(stage: Stage, wanted: readonly string[] | undefined, begun: number) {
	const tables: Table[] = [];
	const left: string[] = [];
	await stage.lineup();
	for (const { id, run } of sections) {
		if (wanted?.includes(id) === false) continue;
		if (performance.now() - begun > stage.plan.budget) {
			left.push(`${id} (no time)`);
			continue;
		}
		const from = performance.now();
		try {
			tables.push(...(await run(stage)));
			progress(`— ${id}: ${((performance.now() - from) / 1000).toFixed(0)} s`);
		} catch (problem) {
			const why = problem instanceof Error ? problem.message : String(problem);
			progress(`${id}: ${why}`);
			left.push(`${id} (${why.split('\n')[0]})`);
		}
	}
	return { tables, left: [...stage.faults, ...left] };
}

async function writeCertificate(folder: string): Promise<TlsFiles> {
	const { certificate, key } = selfSigned();
	const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
	await writeFile(files.certificate, certificate);
	await writeFile(files.key, key, { mode: 0o600 });
	return files;
}

async function publish(text: string, date: string, write: boolean): Promise<void> {
	process.stdout.write(`\n${text}`);
	if (!write) return;
	const folder = join(root, 'docs', 'benchmarks');
	await mkdir(folder, { recursive: true });
	for (const name of [date, 'latest']) await writeFile(join(folder, `${name}.md`), text);
	progress(`written to docs/benchmarks/${date}.md and latest.md`);
}

function progress(text: string): void {
	process.stderr.write(`${text}\n`);
}
