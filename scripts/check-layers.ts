/**
 * Runs the rules of .dependency-cruiser.cjs over src/. A tool that looked at nothing passes, so it first shows that it
 * sees: over test/fixtures/layers every rule must find its violation, and src/ must yield as many modules as it has
 * source files, with imports between folders among them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
// @ts-expect-error: plain CommonJS, so that dependency-cruiser's own command can read it too
import rules from '../.dependency-cruiser.cjs';

interface Rules {
	readonly layers: Readonly<Record<string, readonly string[]>>;
	readonly forbidden: readonly { readonly name: string }[];
	readonly options: object;
}

const root = join(import.meta.dirname, '..');
const { layers, forbidden, options }: Rules = rules;
const problems: string[] = [];

async function look(directory: string): Promise<ICruiseResult> {
	const { output } = await cruise(['src'], {
		...options,
		ruleSet: { forbidden: structuredClone(forbidden) },
		validate: true,
		baseDir: join(root, directory),
	} as Parameters<typeof cruise>[1]);
	if (typeof output === 'string') throw new TypeError('dependency-cruiser answered with text, not with its findings');
	return output;
}

const fixture = await look('test/fixtures/layers');
const caught = new Set(fixture.summary.violations.map(({ rule }) => rule.name));
for (const { name } of forbidden) {
	if (!caught.has(name)) problems.push(`rule "${name}" found nothing in test/fixtures/layers, which breaks it`);
}

const source = await look('.');
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
	file.endsWith('.ts'),
);
const modules = source.modules.filter(({ source: path }) => path.startsWith('src/'));
const crossing = modules
	.flatMap(({ source: from, dependencies }) => dependencies.map(({ resolved }) => [folderOf(from), folderOf(resolved)]))
	.filter(([from, to]) => from !== undefined && to !== undefined && from !== to).length;
if (modules.length < files.length) problems.push(`looked at ${modules.length} of ${files.length} files`);
if (files.length < 100 || crossing < 100)
	problems.push(`only ${files.length} files with ${crossing} imports between folders`);

const inUse = new Set(modules.map(({ source: path }) => folderOf(path)).filter((folder) => folder !== undefined));
for (const folder of inUse) {
	if (layers[folder] === undefined) problems.push(`src/${folder}/ has no row in the import table`);
}
for (const folder of Object.keys(layers)) {
	if (!inUse.has(folder)) problems.push(`the import table has a row for src/${folder}/, which is not there`);
}
problems.push(...tableProblems());

for (const { rule, from, to } of source.summary.violations) {
	const comment = source.summary.ruleSetUsed?.forbidden?.find(({ name }) => name === rule.name)?.comment;
	problems.push(`${from} → ${to}\n    ${rule.name}: ${comment ?? ''}`);
}

if (problems.length > 0) {
	process.stderr.write(`Layers: ${problems.length} problems\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
	process.exitCode = 1;
} else {
	process.stdout.write(
		`Layers: ${modules.length} files, ${crossing} imports between folders, ${forbidden.length} rules, each seen to catch its violation\n`,
	);
}

/** `core`, `pipeline/extract`, `apim/policy-text`; undefined for files right under src/ (entry points) and outside of it. */
function folderOf(path: string): string | undefined {
	return /^src\/((?:(?:pipeline|apim)\/)?[^/]+)\//.exec(path)?.[1];
}

/** Holds the table that people read against the one that is run. */
function tableProblems(): string[] {
	const found: string[] = [];
	const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
	for (const folder of Object.keys(layers)) {
		const name = folder.replace('pipeline', '');
		if (!text.includes(`\`${folder}`) && !text.includes(`\`${name}\``)) {
			found.push(`ARCHITECTURE.md does not name src/${folder}/`);
		}
	}
	return found;
}
