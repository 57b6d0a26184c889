/**
 * `npm run neighbours`: the built gateway between real clients and real servers, those that this machine has. Nothing may
 * hang, no answer may be another's, and while slow clients hold on to it others are served as before. Loopback only,
 * bounded, ends by itself; status 1 when something was wrong.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { startChild, versionOf } from '../../bench/child.ts';
import { root, run } from '../../scripts/run-command.ts';
import { attack, attacks, type Client, curl, h2load, undici, webSockets } from './clients.ts';
import { installedOrigins, nodeOrigin, type Origin } from './origins.ts';

/** Milliseconds for all of it. */
const deadline = 6 * 60_000;
/** Seconds of one attack. */
const duration = 7;
/**
 * Others are served as before if their median is no more than this many times what it was, and a bit; where this machine
 * has become slower meanwhile, than what a request past the gateway takes at the same time.
 */
const maxSlowdown = 3;
const bit = 5;

const problems: string[] = [];

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

function heard(what: string, wrong: readonly string[], began: number): void {
	const seconds = ((performance.now() - began) / 1_000).toFixed(1);
	say(`  ${wrong.length === 0 ? 'good' : 'WRONG'}  ${what} (${seconds} s)`);
	for (const each of wrong.slice(0, 5)) say(`         ${each}`);
	problems.push(...wrong);
}

/** Sockets that the process has open; Linux only. */
async function socketsOf(pid: number): Promise<number> {
	return (await readdir(`/proc/${pid}/fd`)).length;
}

interface Waits {
	readonly median: number;
	readonly high: number;
	readonly count: number;
	/** Of requests to the origin itself, in turn with the others. */
	readonly direct: number;
}

/** What one careful client waits, in milliseconds, until `over`. */
async function waits(url: string, origin: string, over: () => boolean): Promise<Waits> {
	const times: number[] = [];
	const directly: number[] = [];
	for (let count = 0; !over(); count++) {
		times.push(await wait(url, count));
		directly.push(await wait(origin, count));
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	return { median: at(times, 0.5), high: at(times, 0.99), count: times.length, direct: at(directly, 0.5) };
}

async function wait(url: string, number: number): Promise<number> {
	const path = `/echo/wait/${number}`;
	const began = performance.now();
	const { statusCode, body } = await request(url + path);
	const text = await body.text();
	if (statusCode !== 200 || text !== `GET ${path} 0`)
		problems.push(`a waiting client got ${statusCode} ${text.slice(0, 100)}`);
	return performance.now() - began;
}

function at(times: readonly number[], part: number): number {
	return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? 0;
}

function told({ median, high, count, direct }: Waits): string {
	const [middle, end, past] = [median, high, direct].map((time) => time.toFixed(2));
	return `median ${middle} ms, p99 ${end} ms over ${count} requests; past the gateway ${past} ms`;
}

async function withOrigin(origin: Origin, gateway: string, folder: string): Promise<void> {
	say(origin.name);
	const clients: [string, Client][] = [['undici, 2,000 pipelined', undici]];
	if ((await versionOf('curl', ['--version'], /(\d)/)) !== undefined) clients.unshift(['curl, 14 kinds', curl]);
	if ((await versionOf('h2load', ['--version'], /(\d)/)) !== undefined) clients.push(['h2load, 5,000', h2load]);
	if (origin.upgrades) clients.push(['ws, 20 sockets', webSockets]);
	for (const [name, client] of clients) {
		const began = performance.now();
		heard(name, await client(gateway, folder).catch((error: unknown) => [`${name}: ${String(error)}`]), began);
	}
}

async function besideSlowClients(gateway: string, origin: string, pid: number): Promise<void> {
	say('slow clients');
	const { status } = await run('slowhttptest', ['-h'], { timeout: 5_000 });
	if (status === -1) return say('  slowhttptest is not installed');
	const from = performance.now();
	const before = await waits(gateway, origin, () => performance.now() - from > 4_000);
	say(`  alone: ${told(before)}`);
	const open = await socketsOf(pid);
	for (const each of attacks) {
		const began = performance.now();
		let isOver = false;
		const target = `${gateway}${each.name === 'slow read' ? '/large' : '/echo/slow'}`;
		const attacked = attack(each, target, duration).finally(() => {
			isOver = true;
		});
		const during = await waits(gateway, origin, () => isOver);
		const said = await attacked;
		const usual = Math.max(before.median, during.direct);
		const isServed = during.count > 0 && during.median <= usual * maxSlowdown + bit;
		heard(`${each.name}: ${said}; beside it ${told(during)}`, isServed ? [] : [`${each.name}: others wait`], began);
	}
	// Time-outs of the gateway are three seconds, idle connections to upstreams go after four.
	await new Promise((resolve) => setTimeout(resolve, 8_000));
	const left = await socketsOf(pid);
	heard(
		`descriptors: ${open} before, ${left} after`,
		left <= open ? [] : [`${left - open} descriptors stay open`],
		performance.now(),
	);
}

async function neighbours(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), 'countersign-neighbours-'));
	const origins: Origin[] = [];
	try {
		const built = await run('npm', ['run', '-s', 'build']);
		if (built.status !== 0) throw new Error(`the build failed: ${built.output}`);
		const node = await nodeOrigin();
		origins.push(node, ...(await installedOrigins(node.port, folder)));
		// A server in a process of its own, so that what it has to do for slow clients is not measured in this one.
		const attacked = origins[1] ?? node;
		for (const origin of origins) {
			const file = join(folder, 'gateway.json');
			const config = {
				listen: '127.0.0.1:0',
				audit: { file: join(folder, 'audit.jsonl') },
				timeouts: { request_head: '3s', request_body: '3s', keep_alive: '3s' },
				routes: [{ name: 'all', path: '/**', public: true, upstream: `http://127.0.0.1:${origin.port}` }],
			};
			await writeFile(file, JSON.stringify(config));
			const command = [join(root, 'bin', 'countersign.cjs'), 'start', '--config', file];
			const gateway = await startChild('node', command, /listening on http:\/\/127\.0\.0\.1:(\d+)/);
			const url = `http://127.0.0.1:${gateway.port}`;
			await withOrigin(origin, url, folder);
			if (origin === attacked) await besideSlowClients(url, `http://127.0.0.1:${origin.port}`, gateway.pid);
			await gateway.stop();
		}
	} finally {
		for (const origin of origins.toReversed()) await origin.stop();
		await rm(folder, { recursive: true, force: true });
	}
}

setTimeout(() => {
	say('neighbours: not finished in time');
	process.exit(1);
}, deadline).unref();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await neighbours();
say(problems.length === 0 ? 'neighbours: good' : `neighbours: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
