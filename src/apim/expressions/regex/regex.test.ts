import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findMatch } from './match.ts';
import { RegexProblem } from './node.ts';
import { regexProgram } from './program.ts';

function search(pattern: string, text: string, options = 0): string | null {
	const program = regexProgram(pattern, options);
	const positions = findMatch(program, text, 0, () => {});
	return positions === null
		? null
		: program.names.map((_, index) => text.slice(positions[index * 2], positions[index * 2 + 1])).join('|');
}

test.each([
	['a|ab', 'ab', 'a'],
	['(a|ab)(c|bcd)', 'abcd', 'abcd|a|bcd'],
	['a*?b', 'aab', 'aab'],
	['<.+?>', '<a><b>', '<a>'],
	['<.+>', '<a><b>', '<a><b>'],
	['^a.c$', 'abc\n', 'abc'],
	['^a.c\\z', 'abc\n', null],
	['(?i)BeaReR (.+)', 'bearer x', 'bearer x|x'],
	['x{2,3}', 'xxxx', 'xxx'],
	['x{2,3}?', 'xxxx', 'xx'],
	['\\bfoo\\b', 'a foo!', 'foo'],
	['[^\\d\\s]+', '12 ab', 'ab'],
	['[a-c\\-x]+', 'a-xz', 'a-x'],
	['[]a]+', ']a', ']a'],
	['(?:ab)+', 'ababa', 'abab'],
	['(a*)*', 'aa', 'aa|aa'],
	['(?<year>\\d{4})-(?<month>\\d\\d)', '2026-11', '2026-11|2026|11'],
	['^(https?)://([^/:]+)(?::(\\d+))?', 'https://example.com:8443/x', 'https://example.com:8443|https|example.com|8443'],
	['\\w+@\\w+\\.com', 'mail äb@c.com', 'äb@c.com'],
	['\\p{Lu}', 'aB', 'B'],
	['\\u0041\\x42', 'AB', 'AB'],
	['.', '\n', null],
])('%s in %j is %j', (pattern, text, found) => {
	expect(search(pattern, text)).toBe(found);
});

test.each([
	'(a)\\1',
	'(?=a)',
	'(?!a)',
	'(?<=a)',
	'(?>a)',
	'(a',
	'a)',
	'[a',
	'*',
	'a**',
	'a{2}{3}',
	'a{3,2}',
	'[z-a]',
	'\\q',
	'\\p{Nope}',
	'(?<n>a)(?<n>b)',
	'a{99999}',
	`${'('.repeat(60)}a${')'.repeat(60)}`,
	'(((a{100}){100}){100})',
	'[a-z-[aeiou]]',
])('%s is refused', (pattern) => {
	expect(() => regexProgram(pattern, 0)).toThrow(RegexProblem);
});

const atoms = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', '^', '$', 'x');
const patterns = fc.letrec<{ any: string }>((tie) => ({
	any: fc.oneof(
		{ depthSize: 'small' },
		atoms,
		fc.tuple(tie('any'), tie('any')).map(([a, b]) => a + b),
		fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(?:${a}|${b})`),
		tie('any').map((a) => `(${a})`),
		fc.tuple(tie('any'), fc.constantFrom('+', '{2}', '{1,2}', '+?')).map(([a, q]) => `(?:${a}x)${q}`),
		fc.tuple(tie('any'), fc.constantFrom('*', '?', '*?', '??')).map(([a, q]) => `(?:${a}y)${q}`),
	),
}));

test('finds what a backtracking engine finds', () => {
	fc.assert(
		fc.property(
			patterns.any,
			fc.string({ unit: fc.constantFrom(...'abcxy1 '.split('')), maxLength: 12 }),
			(pattern, text) => {
				const program = regexProgram(pattern, 0);
				const positions = findMatch(program, text, 0, () => {});
				const expected = new RegExp(pattern).exec(text);
				expect(positions === null ? null : text.slice(positions[0], positions[1])).toBe(expected?.[0] ?? null);
				if (positions !== null) expect(positions[0]).toBe(expected?.index);
			},
		),
		{ numRuns: 2000 },
	);
});

test('takes time by the length of text and program alone', () => {
	let work = 0;
	findMatch(regexProgram('^(a+)+$', 0), `${'a'.repeat(2000)}!`, 0, (more) => {
		work += more;
	});
	let double = 0;
	findMatch(regexProgram('^(a+)+$', 0), `${'a'.repeat(4000)}!`, 0, (more) => {
		double += more;
	});
	expect(double / work).toBeLessThan(2.1);
});

test('no pattern throws anything but a problem', () => {
	const unit = fc.constantFrom(...'ab()[]{}|*+?.^$\\-,:<>=!dwspuxk019'.split(''));
	fc.assert(
		fc.property(fc.string({ unit, maxLength: 20 }), (pattern) => {
			try {
				findMatch(regexProgram(pattern, 0), 'abab 01', 0, () => {});
			} catch (error) {
				expect(error).toBeInstanceOf(RegexProblem);
			}
		}),
		{ numRuns: 3000 },
	);
});
