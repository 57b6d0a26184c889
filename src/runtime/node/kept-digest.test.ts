/** A digest that is kept with each token takes no more memory than its characters. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { nodeCryptography } from './cryptography.ts';

test('a keyed digest that is cut keeps nothing of the whole one alive', () => {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	const digest = nodeCryptography.keyedDigest(Buffer.from('key'), 22);
	const count = 50_000;
	const kept = Array.from({ length: count }, () => '');
	collect();
	const before = process.memoryUsage().heapUsed;
	for (let i = 0; i < count; i++) kept[i] = digest(String(i));
	collect();
	const octets = (process.memoryUsage().heapUsed - before) / count;
	expect(new Set(kept.map((each) => each.length))).toEqual(new Set([22]));
	// 22 characters and a header are 40; a slice is 32, and 64 more of what it is a slice of.
	expect(octets).toBeLessThan(60);
});
