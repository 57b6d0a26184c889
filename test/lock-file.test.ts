import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
	readonly version?: string;
	readonly resolved?: string;
	readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8');
const { packages }: { packages: Readonly<Record<string, Locked>> } = JSON.parse(text);

test('the lock file knows the tools of every platform, or npm ci refuses it', () => {
	// A registry mirror that lacks the binaries of other platforms makes npm leave them out of a lock file that it writes.
	const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
		Object.keys(optionalDependencies).filter(
			(name) =>
				packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
		),
	);
	expect(missing).toEqual([]);
	expect(packages['node_modules/@biomejs/cli-darwin-arm64']?.version).toBeDefined();
});

test('the lock file names no registry', () => {
	expect(Object.values(packages).filter(({ resolved }) => resolved?.startsWith('http'))).toEqual([]);
});
