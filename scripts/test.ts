/**
 * `npm test`: everything that must hold, in the order in which a failure is cheapest, stopping at the first stage that
 * fails. Arguments go to vitest. COUNTERSIGN_TEST_REPORT=FILE gets the totals as JSON. With CI set, a skipped test fails.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ran, run } from './run-command.ts';

interface Stage {
	readonly name: string;
	run(): Promise<Ran>;
}

interface Totals {
	passed: number;
	failed: number;
	skipped: string[];
}

const scratch = await mkdtemp(join(tmpdir(), 'countersign-test-'));
const vitestReport = join(scratch, 'vitest.json');
const totals: Totals = { passed: 0, failed: 0, skipped: [] };

const show = { show: true };
/** Milliseconds for all tests: far more than they take, so that a busy machine does not look like a failure. */
const patience = 20 * 60_000;
const stages: readonly Stage[] = [
	{
		name: 'generated files',
		run: () => run('node', ['--conditions=countersign-source', 'scripts/generate.ts', '--check'], show),
	},
	{ name: 'format', run: () => run('biome', ['check', '.'], show) },
	{ name: 'lint', run: () => run('oxlint', ['--type-aware', '--deny-warnings'], show) },
	{ name: 'types', run: () => run('tsc', ['-p', 'tsconfig.json'], show) },
	{ name: 'types without Node', run: () => run('tsc', ['-p', 'tsconfig.pure.json'], show) },
	{ name: 'layers', run: () => run('node', ['scripts/check-layers.ts'], show) },
	{ name: 'tests', run: tests },
	{ name: 'package', run: () => run('node', ['scripts/check-package.ts'], show) },
];

try {
	process.exitCode = await runStages();
	const report = process.env['COUNTERSIGN_TEST_REPORT'];
	if (report !== undefined) await writeFile(report, JSON.stringify(totals));
} finally {
	await rm(scratch, { recursive: true, force: true });
}

async function runStages(): Promise<number> {
	const durations: string[] = [];
	for (const stage of stages) {
		process.stdout.write(`\n── ${stage.name}\n`);
		const before = performance.now();
		const { status } = await stage.run();
		const seconds = `${((performance.now() - before) / 1000).toFixed(1)} s`;
		durations.push(`${stage.name} ${seconds}`);
		if (stage.name !== 'tests') totals[status === 0 ? 'passed' : 'failed'] += 1;
		if (status === 0) continue;
		process.stderr.write(`\nFailed: ${stage.name} (${seconds})\n`);
		return 1;
	}
	process.stdout.write(`\nPassed: ${durations.join(', ')}\n`);
	return 0;
}

async function tests(): Promise<Ran> {
	const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`];
	const ran = await run('vitest', ['run', ...reporters, ...process.argv.slice(2)], { ...show, timeout: patience });
	const { passed, failed, skipped } = await readTotals();
	totals.passed += passed;
	// A file that does not even load has no failed test, and is a failure all the same.
	totals.failed += ran.status === 0 ? failed : Math.max(failed, 1);
	totals.skipped.push(...skipped);
	if (ran.status === 0 && passed === 0) {
		process.stderr.write('No test ran.\n');
		totals.failed += 1;
		return { ...ran, status: 1 };
	}
	if (skipped.length > 0 && process.env['CI'] !== undefined) {
		process.stderr.write(`Skipped, which is a failure here:\n${skipped.map((name) => `  ${name}\n`).join('')}`);
		totals.failed += skipped.length;
		return { ...ran, status: 1 };
	}
	return ran;
}

interface VitestReport {
	readonly testResults: readonly {
		readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
	}[];
}

async function readTotals(): Promise<Totals> {
	const text = await readFile(vitestReport, 'utf8').catch(() => '{"testResults":[]}');
	const { testResults }: VitestReport = JSON.parse(text);
	const results = testResults.flatMap(({ assertionResults }) => assertionResults);
	return {
		passed: results.filter(({ status }) => status === 'passed').length,
		failed: results.filter(({ status }) => status === 'failed').length,
		skipped: results.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ fullName }) => fullName),
	};
}
