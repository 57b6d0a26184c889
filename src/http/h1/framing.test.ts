import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptFieldLines } from '../../../test/support/field-lines.ts';
import { ambiguous, chunked, framingOf, noFraming } from './framing.ts';

const framing = (raw: readonly string[]): number => framingOf(keptFieldLines(raw));

test('one way to say how long a body is', () => {
	expect(framing([])).toBe(noFraming);
	expect(framing(['Host', 'x', 'X-Content-Length', '5'])).toBe(noFraming);
	expect(framing(['content-LENGTH', '0'])).toBe(0);
	expect(framing(['Content-Length', '000012'])).toBe(12);
	expect(framing(['Transfer-Encoding', 'Chunked'])).toBe(chunked);
});

const lengths = ['+5', '0x5', '5_0', '5 6', '-1', '', '5,5', '5.0', '1e3', ' 5', '5\n', '\u0665', '9999999999999999'];
const codings = [
	'chunked,identity',
	'identity',
	'gzip, chunked',
	'chunked, chunked',
	' chunked',
	'\x0bchunked',
	'xchunked',
	'chunked;q=1',
	',chunked',
	'chunked,',
	'"chunked"',
	'chunked\0',
	'cow',
	'',
];

test.each<{ raw: readonly string[] }>([
	{ raw: ['Content-Length', '5', 'Transfer-Encoding', 'chunked'] },
	{ raw: ['Transfer-Encoding', 'chunked', 'content-length', '5'] },
	{ raw: ['Content-Length', '5', 'Content-Length', '5'] },
	{ raw: ['Content-Length', '5', 'content-length', '6'] },
	{ raw: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'] },
	{ raw: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'identity'] },
	...lengths.map((value) => ({ raw: ['Content-Length', value] })),
	...codings.map((value) => ({ raw: ['Transfer-Encoding', value] })),
])('ambiguous: $raw', ({ raw }) => {
	expect(framing(raw)).toBe(ambiguous);
});

test('never throws, and a number always stands in the field', () => {
	const name = fc.constantFrom('Content-Length', 'content-length', 'Transfer-Encoding', 'Host');
	const value = fc.oneof(fc.string(), fc.nat().map(String), fc.constant('chunked'));
	fc.assert(
		fc.property(fc.array(fc.tuple(name, value), { maxLength: 4 }), (lines) => {
			const found = framing(lines.flat());
			const lengths = lines.filter(([each]) => each.toLowerCase() === 'content-length');
			const codings = lines.filter(([each]) => each === 'Transfer-Encoding');
			if (found >= 0) expect([Number(lengths[0]?.[1]), codings.length]).toEqual([found, 0]);
			if (found === noFraming) expect(lengths.length + codings.length).toBe(0);
			if (found === chunked) expect([lengths.length, codings.length]).toEqual([0, 1]);
		}),
	);
});
