import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cookieValues, withoutCookies } from './cookie.ts';

test.each([
	['a=1', ['1']],
	['a=1; b=2; a=3', ['1', '3']],
	['b=2;a=1', ['1']],
	['b=2;\ta = 1 ;c', ['1']],
	['a="1"', ['1']],
	['a="', ['"']],
	['a=""', ['']],
	['a=', ['']],
	['a=b=c', ['b=c']],
	['a', []],
	['=a', []],
	['A=1; aa=2; ba=3; b=a=4', []],
	['', []],
	['a=%41', ['%41']],
	['\u00a0a=1', []],
])('a in %j', (header, values) => {
	expect(cookieValues(header, 'a')).toEqual(values);
});

test.each([
	['a=1', ''],
	['a=1; b=2; a=3', 'b=2'],
	['b=2;a=1;c="3"', 'b=2; c="3"'],
	['a = 1; b', 'b'],
	['a; b=2', 'b=2'],
	['A=1; aa=2', 'A=1; aa=2'],
	['c="x; a=1"', 'c="x'],
	[' ; ;a=1;', ''],
	['', ''],
])('%j without a', (header, rest) => {
	expect(withoutCookies(header, ['a'])).toBe(rest);
});

test('without several', () => {
	expect(withoutCookies('a=1; b=2; c=3', ['c', 'a'])).toBe('b=2');
	expect(withoutCookies('a=1; b=2', [])).toBe('a=1; b=2');
});

const pairs = fc.array(
	fc.tuple(fc.constantFrom('a', 'b', 'session', '__Host-a'), fc.stringMatching(/^[!#-+\--:<-[\]-~]*$/)),
	{ maxLength: 6 },
);

test('reads what clients write, and takes out exactly what is named', () => {
	fc.assert(
		fc.property(pairs, (written) => {
			const header = written.map(([name, value]) => `${name}=${value}`).join('; ');
			const others = written.filter(([name]) => name !== 'a');
			expect(cookieValues(header, 'a')).toEqual(written.filter(([name]) => name === 'a').map(([, value]) => value));
			expect(withoutCookies(header, ['a'])).toBe(others.map(([name, value]) => `${name}=${value}`).join('; '));
		}),
	);
});

test('whatever the field holds, nothing that could be read is left', () => {
	const piece = fc.constantFrom('a', 'a=1', ';', ' ', '\t', '=', '"', 'b=2', '\u00a0');
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.array(piece).map((all) => all.join('')),
			),
			(header) => {
				const rest = withoutCookies(header, ['a']);
				expect(cookieValues(rest, 'a')).toEqual([]);
				expect(cookieValues(rest, 'b')).toEqual(cookieValues(header, 'b'));
			},
		),
		{ numRuns: 1000 },
	);
});

test('hostile sizes end', () => {
	expect(cookieValues('a=1;'.repeat(200_000), 'a')).toHaveLength(200_000);
	expect(withoutCookies(`a${' '.repeat(2_000_000)}=1`, ['a'])).toBe('');
});
