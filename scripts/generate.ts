/**
 * Writes what is generated from the source: the editor schema, the configuration reference, and the pages on
 * troubleshooting, metrics and limits.
 * `--check` writes nothing and fails when a file on disk differs.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { renderTroubleshooting } from '#answers/troubleshooting';
import { configJsonSchema, renderReference } from '#config/reference';
import { renderMetricsPage } from '#observe/metrics-page';
import { renderLimits } from './limits-page.ts';

const root = join(import.meta.dirname, '..');

const outputs: ReadonlyMap<string, () => string> = new Map([
	['schema/countersign.schema.json', () => `${JSON.stringify(configJsonSchema(), null, '\t')}\n`],
	['docs/configuration.md', renderReference],
	['docs/troubleshooting.md', renderTroubleshooting],
	['docs/metrics.md', renderMetricsPage],
	['docs/limits.md', renderLimits],
]);

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const stale: string[] = [];
for (const [path, render] of outputs) {
	const file = join(root, path);
	const text = render();
	const onDisk = await readFile(file, 'utf8').catch(() => undefined);
	if (onDisk === text) continue;
	stale.push(path);
	if (values.check) continue;
	await mkdir(dirname(file), { recursive: true });
	await writeFile(file, text);
}

if (values.check && stale.length > 0) {
	process.stderr.write(
		`not as generated: ${stale.join(', ')}. Run: node --conditions=countersign-source scripts/generate.ts\n`,
	);
	process.exitCode = 1;
} else {
	process.stdout.write(
		stale.length === 0 ? `${outputs.size} generated files are up to date\n` : `wrote ${stale.join(', ')}\n`,
	);
}
