import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from './support/temp-dir.ts';

const folder = tempDir();
const bin = join(import.meta.dirname, '..', 'bin');

/** Runs the entry point on a Node that says it is `version`. */
function startOn(version: string) {
	const feign = join(folder, `node-${version}.cjs`);
	writeFileSync(feign, `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`);
	return spawnSync(process.execPath, ['--require', feign, join(bin, 'countersign.cjs'), '--help'], {
		encoding: 'utf8',
	});
}

test.each(['0.12.18', '4.9.1', '18.20.4', '20.20.2', '22.18.0'])(
	'Node %s is told what it lacks, with status 2',
	(version) => {
		const { status, stdout, stderr } = startOn(version);
		expect(stderr).toMatch(/^countersign needs Node\.js 22\.19 or newer; this is Node\.js \S+ .*\n$/);
		expect(stderr).toContain(version);
		expect(stdout).toBe('');
		expect(status).toBe(2);
	},
);

test.each(['22.19.0', '24.0.0', '100.1.0'])('Node %s is not refused', (version) => {
	expect(startOn(version).stderr).not.toContain('needs Node.js');
});
