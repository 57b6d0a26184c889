import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatTraceParent, isRequestId, parseTraceParent } from './trace-context.ts';

const hex = (length: number) =>
	fc
		.array(fc.nat(15), { minLength: length, maxLength: length })
		.map((digits) => digits.map((digit) => digit.toString(16)).join(''))
		.filter((text) => !/^0*$/.test(text));

const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('the example of the specification', () => {
	expect(parseTraceParent(example)).toEqual({
		traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
		parentId: '00f067aa0ba902b7',
		flags: 1,
	});
});

test('what is written is read back', () => {
	fc.assert(
		fc.property(hex(32), hex(16), fc.nat(3), (traceId, parentId, flags) => {
			const written = formatTraceParent({ traceId, parentId, flags });
			expect(written).toHaveLength(55);
			expect(parseTraceParent(written)).toEqual({ traceId, parentId, flags });
		}),
	);
});

test('nothing throws, and what is read is what stands there', () => {
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.string().map((text) => example + text),
				fc.string({ unit: 'binary' }),
			),
			(text) => {
				const read = parseTraceParent(text);
				if (read === undefined) return;
				expect(text.slice(3, 35)).toBe(read.traceId);
				expect(text.slice(36, 52)).toBe(read.parentId);
			},
		),
	);
});

test('one character changed to one outside the alphabet is refused', () => {
	fc.assert(
		fc.property(fc.nat(54), fc.constantFrom('A', 'g', ' ', ',', 'ä', '\u0000'), (at, other) => {
			expect(parseTraceParent(example.slice(0, at) + other + example.slice(at + 1))).toBeUndefined();
		}),
	);
});

test.each([
	['empty', ''],
	['version ff', example.replace(/^00/, 'ff')],
	['a trace id of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
	['a parent id of zeros', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`],
	['upper case', example.toUpperCase()],
	['version 00 with more behind it', `${example}-more`],
	['version 00 with a dash behind it', `${example}-`],
	['a later version with more behind it, not set off', `cc${example.slice(2)}x`],
	['two of them in one field', `${example},${example}`],
	['blanks around it', ` ${example}`],
])('%s is refused', (_, value) => {
	expect(parseTraceParent(value)).toBeUndefined();
});

test('of a later version the first four members count, and unknown flags are dropped', () => {
	expect(parseTraceParent(`cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-what-the-future`)?.flags).toBe(3);
});

test.each([
	['a', true],
	['A-z_0.9', true],
	['x'.repeat(128), true],
	['x'.repeat(129), false],
	['', false],
	['a b', false],
	['a,b', false],
	['ä', false],
	['a\n', false],
])('request id %j: %s', (value, accepted) => {
	expect(isRequestId(value)).toBe(accepted);
});
