import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createBucketHistogram } from './bucket-histogram.ts';

const shape = { name: 'a_seconds', help: 'Seconds.', labelNames: ['x', 'y'], buckets: [0.001, 0.01, 0.5, 2] };

test('tells the registry what the library itself would tell', async () => {
	const label = fc.constantFrom('a', 'b "c"\n', '');
	const value = fc.oneof(fc.constantFrom(...shape.buckets), fc.double({ min: 0, max: 3, noNaN: true }));
	await fc.assert(
		fc.asyncProperty(fc.array(fc.tuple(label, label, value), { minLength: 1 }), async (seen) => {
			const [ours, theirs] = [new Registry(), new Registry()];
			const mine = createBucketHistogram({ ...shape, registry: ours });
			const standard = new Histogram({ ...shape, registers: [theirs] });
			for (const [x, y, seconds] of seen) {
				mine.bind([x, y]).observe(seconds);
				standard.labels(x, y).observe(seconds);
			}
			expect(await ours.metrics()).toBe(await theirs.metrics());
		}),
		{ numRuns: 50 },
	);
});

test('a series that was removed is gone, and comes back from zero', async () => {
	const registry = new Registry();
	const series = createBucketHistogram({ ...shape, registry }).bind(['a', 'b']);
	series.observe(1);
	series.remove();
	expect(await registry.metrics()).not.toContain('x="a"');
	series.observe(1);
	expect(await registry.metrics()).toContain('a_seconds_count{x="a",y="b"} 1');
});
