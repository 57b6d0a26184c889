/** The benchmark's results as a Markdown page: medians, with the lowest and highest round in parentheses. */
import { arch, cpus, platform, release } from 'node:os';
import type { Result } from './load.ts';
import type { Peer } from './peers/peer.ts';

export interface Measured {
	readonly peer: Peer;
	readonly version: string;
	readonly cached: readonly Result[];
	readonly fresh: readonly Result[];
	/** MiB after all rounds. */
	readonly memory: number | undefined;
}

export interface Plan {
	readonly connections: number;
	readonly tokens: number;
	readonly rounds: number;
	readonly duration: number;
	readonly newRounds: number;
	readonly newTokens: number;
	/** Load average of the machine over the minute before. */
	readonly loadBefore: number;
}

export function report(measured: readonly Measured[], plan: Plan): string {
	const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${platform()} ${release()} ${arch()}`;
	const many = plan.tokens.toLocaleString('en');
	return `# Benchmark, ${new Date().toISOString().slice(0, 10)}

\`npm run bench\` on ${machine}; Node.js ${process.versions.node}. One request path: ${plan.connections} keep-alive connections over
loopback, closed loop, small JSON answers of one raw-socket backend. Load generator, gateway and backend share the
machine, so requests per second depend on all three and latency is that of a saturated machine; **processor time of the
gateway's own processes per request** is what compares. Load average of the minute before: ${plan.loadBefore.toFixed(1)}.
Median of ${plan.rounds} × ${plan.duration / 1000} s, taken in turns, after a round that does not count; lowest and highest in parentheses.

## ${many} RS256 tokens, used in turn

${table(measured, ({ cached }) => cached)}

*Cached*: a token that was verified before is recognised and its signature is not computed again; expiry, issuer and
audience are checked all the same. *Each request*: every signature is computed every time.

## Every token new

${plan.newTokens.toLocaleString('en')} tokens, each used once, ${plan.newRounds === 1 ? 'one round' : `${plan.newRounds} rounds`}: what a cache cannot help.

${table(
	measured.filter(({ fresh }) => fresh.length > 0),
	({ fresh }) => fresh,
)}

## What each one does

| gateway | version | with the token and besides |
|---|---|---|
${measured.map(({ peer, version }) => `| ${peer.name} | ${version} | ${peer.tokens} |`).join('\n')}

Before the measurement each gateway was seen to refuse a missing, altered, expired, foreign-issuer and wrong-audience
token and to keep \`Authorization\` from the backend, apart from the one that looks at no token.
`;
}

function table(measured: readonly Measured[], results: (measured: Measured) => readonly Result[]): string {
	const rows = measured.map((one) => {
		const rounds = results(one);
		const cells = [
			one.peer.name,
			verification(one.peer, rounds === one.fresh),
			spread(rounds, ({ processor }) => processor, 1),
			spread(rounds, ({ requests, elapsed }) => requests / elapsed, 0),
			spread(rounds, ({ p50 }) => p50, 2),
			spread(rounds, ({ p99 }) => p99, 2),
			one.memory === undefined ? '–' : one.memory.toFixed(0),
		];
		return `| ${cells.join(' | ')} |`;
	});
	return `| gateway | verification | µs CPU per request | requests/s | p50 ms | p99 ms | RSS MiB |
|---|---|---|---|---|---|---|
${rows.join('\n')}`;
}

function verification({ verification: kind }: Peer, fresh: boolean): string {
	return kind === 'cached' && fresh ? 'first sight' : kind;
}

function spread(rounds: readonly Result[], read: (result: Result) => number | undefined, digits: number): string {
	const known = rounds.map(read).filter((value) => value !== undefined);
	if (known.length === 0) return '–';
	const sorted = known.toSorted((a, b) => a - b);
	const middle = Math.floor(sorted.length / 2);
	const median = sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
	const show = (value = 0) => (digits === 0 ? Math.round(value).toLocaleString('en') : value.toFixed(digits));
	return known.length === 1 ? show(median) : `**${show(median)}** (${show(sorted[0])}–${show(sorted.at(-1))})`;
}
