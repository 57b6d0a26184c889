import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endOfValue } from './end-of-value.ts';
import { isValueOctet } from './octets.ts';

/** One octet after the other. */
function slowly(bytes: Uint8Array, from: number, to: number): number {
	let at = from;
	while (at < to && isValueOctet[bytes[at] ?? 0] === 1) at += 1;
	return at;
}

const memory = new ArrayBuffer(4096);

test('every octet, at every place of a value and of the memory, ends it or does not as the table says', () => {
	for (let octet = 0; octet < 256; octet++) {
		for (let place = 0; place < 40; place++) {
			const bytes = new Uint8Array(memory, place % 8, 64).fill(0x61);
			bytes[place] = octet;
			bytes[50] = 0x0d;
			expect([octet, place, endOfValue(bytes, 0, 64)]).toEqual([octet, place, slowly(bytes, 0, 64)]);
		}
	}
});

test('what lies behind the end is not looked at, wherever the two lie in memory', () => {
	for (let offset = 0; offset < 4; offset++) {
		const bytes = new Uint8Array(memory, offset, 64).fill(0x61);
		for (let from = 0; from < 8; from++) {
			for (let to = from; to < 48; to++)
				expect([offset, from, endOfValue(bytes, from, to)]).toEqual([offset, from, to]);
		}
	}
});

test('whatever the octets are, and wherever they lie in memory, a value ends where it would octet by octet', () => {
	const mostlyPlain = fc.oneof(
		{ weight: 60, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
		{ weight: 3, arbitrary: fc.integer({ min: 0x7e, max: 0xff }) },
		{ weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff }) },
	);
	const value = fc.array(mostlyPlain, { maxLength: 300 });
	fc.assert(
		fc.property(value, fc.nat(7), fc.nat(20), fc.nat(20), fc.boolean(), (octets, offset, from, cut, isShared) => {
			const own = isShared ? memory : new ArrayBuffer(octets.length + offset);
			const bytes = new Uint8Array(own, offset, octets.length);
			bytes.set(octets);
			const start = Math.min(from, octets.length);
			const to = Math.max(start, octets.length - cut);
			expect(endOfValue(bytes, start, to)).toBe(slowly(bytes, start, to));
		}),
		{ numRuns: 3_000 },
	);
});
