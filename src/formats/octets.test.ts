import { expect, test } from 'vitest';
import { briefOctets } from './octets.ts';

test('nobody gets octets that another one has, and all of them are zero', () => {
	const all = Array.from({ length: 500 }, (_, index) => {
		const octets = briefOctets((index * 37) % 700);
		expect(octets.every((octet) => octet === 0)).toBe(true);
		return octets.fill(index);
	});
	all.forEach((octets, index) => {
		expect(octets).toHaveLength((index * 37) % 700);
		expect(octets.every((octet) => octet === (index & 255))).toBe(true);
	});
});

test('short ones share a block, a long one has its own', () => {
	expect(briefOctets(10).buffer.byteLength).toBe(16_384);
	expect(briefOctets(4_097).buffer.byteLength).toBe(4_097);
	expect(briefOctets(100_000)).toHaveLength(100_000);
});
