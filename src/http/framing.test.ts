import fc from 'fast-check';
import { expect, test } from 'vitest';
import { framingOf } from './framing.ts';

test('one way to say how long a body is', () => {
	expect(framingOf([])).toBe('none');
	expect(framingOf(['Host', 'x', 'X-Content-Length', '5'])).toBe('none');
	expect(framingOf(['content-LENGTH', '0'])).toBe(0);
	expect(framingOf(['Content-Length', '000012'])).toBe(12);
	expect(framingOf(['Transfer-Encoding', 'Chunked'])).toBe('chunked');
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
	expect(framingOf(raw)).toBeNull();
});

test('never throws, and a number always stands in the field', () => {
	const name = fc.constantFrom('Content-Length', 'content-length', 'Transfer-Encoding', 'Host');
	const value = fc.oneof(fc.string(), fc.nat().map(String), fc.constant('chunked'));
	fc.assert(
		fc.property(fc.array(fc.tuple(name, value), { maxLength: 4 }), (lines) => {
			const framing = framingOf(lines.flat());
			const lengths = lines.filter(([each]) => each.toLowerCase() === 'content-length');
			const codings = lines.filter(([each]) => each === 'Transfer-Encoding');
			if (typeof framing === 'number') expect([Number(lengths[0]?.[1]), codings.length]).toEqual([framing, 0]);
			if (framing === 'none') expect(lengths.length + codings.length).toBe(0);
			if (framing === 'chunked') expect([lengths.length, codings.length]).toEqual([0, 1]);
		}),
	);
});
