import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { queryValues, withoutParameters } from './query.ts';

test.each([
	['?access_token=a', ['a']],
	['?x=1&access_token=a&access_token=b', ['a', 'b']],
	['?access%5Ftoken=a', ['a']],
	['?%61ccess_token=a', ['a']],
	['?access_token', ['']],
	['?access_token=', ['']],
	['?access_token=a%2Bb+c', ['a+b c']],
	['?access_token=a=b', ['a=b']],
	['?access_token=%', ['%']],
	['?access_token=%FF+', ['%FF+']],
	['?access_token=%c3%a9', ['\u00e9']],
	['?ACCESS_TOKEN=a&access_tokens=b&xaccess_token=c', []],
	['?x=access_token=a', []],
	['?access_token%3Da', []],
	['?access_token%FF=a', []],
	['?', []],
	['', []],
	['?&&', []],
])('access_token in %j', (query, values) => {
	expect(queryValues(query, 'access_token')).toEqual(values);
});

test.each([
	['?access_token=a', ''],
	['?access_token', ''],
	['?x=1&access_token=a&y=%7e', '?x=1&y=%7e'],
	['?access%5Ftoken=a&x', '?x'],
	['?x=+%20&%&access_token=a', '?x=+%20&%'],
	['?&access_token=a', ''],
	['?&&access_token=a&', '?&&'],
	['?x=1', '?x=1'],
	['?&&', '?&&'],
	['?', '?'],
	['', ''],
])('%j without access_token', (query, rest) => {
	expect(withoutParameters(query, ['access_token'])).toBe(rest);
});

test('a name with a space is written with + or %20', () => {
	expect(queryValues('?a+b=1&a%20b=2&a%2Bb=3', 'a b')).toEqual(['1', '2']);
	expect(withoutParameters('?a+b=1&a%20b=2&a%2Bb=3', ['a b'])).toBe('?a%2Bb=3');
});

test('reads what forms write', () => {
	const entries = fc.array(
		fc.tuple(fc.oneof(fc.constant('a'), fc.string({ unit: 'grapheme' })), fc.string({ unit: 'grapheme' })),
	);
	fc.assert(
		fc.property(entries, (written) => {
			const form = new URLSearchParams(written);
			const query = `?${form.toString()}`;
			for (const [name] of written) expect(queryValues(query, name)).toEqual(form.getAll(name));
			form.delete('a');
			expect(withoutParameters(query, ['a']).slice(1)).toBe(form.toString());
		}),
	);
});

test('whatever the query holds, nothing that could be read is left', () => {
	const piece = fc.constantFrom('a', '%61', 'a=1', '&', '=', '+', '%', 'b', 'c', '%2', '?', ';', '%26');
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.array(piece).map((all) => all.join('')),
			),
			(text) => {
				const rest = withoutParameters(`?${text}`, ['a', 'b']);
				expect(queryValues(rest, 'a')).toEqual([]);
				expect(queryValues(rest, 'c')).toEqual(queryValues(`?${text}`, 'c'));
			},
		),
		{ numRuns: 1000 },
	);
});

test('hostile sizes end', () => {
	expect(queryValues(`?${'a&'.repeat(500_000)}`, 'a')).toHaveLength(500_000);
	expect(queryValues(`?a=${'%'.repeat(1_000_000)}`, 'a')).toHaveLength(1);
});
