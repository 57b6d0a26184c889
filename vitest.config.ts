import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const conditions = ['countersign-source'];
const folders = ['src', 'test', 'bench'];
const fixtures = 'test/fixtures/**';

/**
 * Most test files share a process, which saves loading the gateway a few hundred times. A file that looks at what belongs
 * to the whole process, or changes it, has one of its own: mocks of modules, globals and time, the environment, standard
 * streams, authorities, handles and memory.
 */
const ofTheProcess =
	/\bvi\.(?:(?:do)?mock|spyOn|stub\w+|useFakeTimers)\(|process\.env(?:\[[^\]]+\]|\.\w+) = |getActiveResourcesInfo|memoryUsage|setDefaultCACertificates\(/i;

const alone = folders
	.flatMap((folder) =>
		readdirSync(join(import.meta.dirname, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
			join(folder, name),
		),
	)
	.filter(
		(name) => name.endsWith('.test.ts') && ofTheProcess.test(readFileSync(join(import.meta.dirname, name), 'utf8')),
	)
	// Memory of other processes, seen from here, and much of the processor.
	.concat('test/http/gigabyte.test.ts');
if (alone.length < 10) throw new Error('no test file seems to look at its process: has the pattern lost its meaning?');

export default defineConfig({
	resolve: { conditions },
	ssr: { resolve: { conditions, externalConditions: conditions } },
	test: {
		setupFiles: ['test/support/canary-setup.ts'],
		// Tests wait more than they compute.
		maxWorkers: Math.max(3, availableParallelism()),
		testTimeout: 20_000,
		hookTimeout: 30_000,
		// Commands that tests start take half of their time to strip types and compile.
		env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/countersign') },
		projects: [
			{
				extends: true,
				test: {
					name: 'together',
					include: folders.map((folder) => `${folder}/**/*.test.ts`),
					exclude: [fixtures, ...alone],
					isolate: false,
				},
			},
			{ extends: true, test: { name: 'alone', include: alone } },
		],
	},
});
