import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineBatch } from './line-batch.ts';

test('whatever the lines are, a batch holds their UTF-8, each with its end, and is empty once they are forgotten', () => {
	const line = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 20_000, maxLength: 40_000 }));
	const batch = new LineBatch();
	fc.assert(
		fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
			batch.clear();
			for (const each of lines) batch.add(each);
			expect(batch.bytes.equals(Buffer.from(lines.map((each) => `${each}\n`).join('')))).toBe(true);
			expect([batch.lines, batch.length]).toEqual([lines.length, batch.bytes.length]);
		}),
		{ numRuns: 50 },
	);
	batch.clear();
	expect([batch.lines, batch.length]).toEqual([0, 0]);
});

test('memory is used again, and what a flood of lines took is given back', () => {
	const batch = new LineBatch();
	batch.add('one');
	const usual = batch.bytes.buffer;
	batch.clear();
	batch.add('two');
	expect(batch.bytes.buffer).toBe(usual);
	batch.add('x'.repeat(1_000_000));
	expect(batch.bytes.buffer.byteLength).toBeGreaterThan(1_000_000);
	batch.clear();
	batch.add('three');
	expect(batch.bytes.buffer.byteLength).toBe(usual.byteLength);
});
