import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const file = join(import.meta.dirname, 'v8-settings.ts');

/** Megabytes of the young generation, both halves, before and after half a second in which much is kept for a short time. */
async function youngGeneration(argument: string): Promise<readonly number[]> {
	const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, file, argument]);
	return JSON.parse(stdout);
}

const script = `
	import { getHeapSpaceStatistics } from 'node:v8';
	const [, file, argument] = process.argv;
	const { settleV8, serveV8 } = await import(file);
	settleV8();
	if (argument === 'serve') serveV8();
	const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 2 ** 20;
	const sizes = [size()];
	const kept = new Array(20_000).fill(0);
	for (let next = 0, end = Date.now() + 500; Date.now() < end; ) {
		await new Promise((resolve) => setImmediate(resolve));
		for (let i = 0; i < 200; i++) kept[next++ % kept.length] = { i, text: 'x' + i, list: [1, 2, 3] };
	}
	console.log(JSON.stringify([...sizes, size()]));
`;

test('the young generation grows under load, up to eight megabytes a half', async () => {
	const [before, after] = await youngGeneration('serve');
	expect(before).toBeLessThanOrEqual(2);
	expect(after).toBe(16);
});

test('it does not grow before the gateway serves', async () => {
	const [, after] = await youngGeneration('');
	expect(after).toBe(2);
});
