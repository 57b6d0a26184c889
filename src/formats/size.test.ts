import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSize } from './size.ts';

test.each([
	['0', 0],
	['1024', 1024],
	['512B', 512],
	['64KiB', 65_536],
	['1MiB', 1_048_576],
	['2GiB', 2_147_483_648],
	['8kB', 8000],
	['8KB', 8000],
	['10MB', 10_000_000],
	['1GB', 1_000_000_000],
])('%s is %d bytes', (text, bytes) => {
	expect(parseSize(text)).toBe(bytes);
});

test.each([
	'',
	'KiB',
	'64 KiB',
	'-1',
	'+1',
	'1.5MB',
	'064',
	'1e3',
	'1mb',
	'1Mb',
	'1TB',
	'1MiBs',
	'9'.repeat(17),
	'0x10',
])('%j is no size', (text) => {
	expect(parseSize(text)).toBeUndefined();
});

test('never throws, and gives whole numbers only', () => {
	fc.assert(
		fc.property(fc.string(), fc.maxSafeNat(), (text, bytes) => {
			expect(Number.isSafeInteger(parseSize(text) ?? 0)).toBe(true);
			expect(parseSize(String(bytes))).toBe(bytes);
		}),
	);
});
