import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { acceptsJson } from './accept.ts';

test.each([
	undefined,
	'',
	' ',
	'*/*',
	'application/*',
	'application/json',
	'APPLICATION/JSON',
	'application/problem+json',
	'application/json; charset=utf-8',
	'text/html, application/json;q=0.001',
	'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
	'application/json;q=0, application/problem+json',
	'application/json;q=0, */*',
	'application/*;q=0, application/json',
	'*/*;q=0, application/json;q=1.000',
	'text/x;a="b, c/d;q=0", application/json',
	'nonsense, application/json',
	'application/json ; q=1',
])('%j accepts JSON', (accept) => {
	expect(acceptsJson(accept)).toBe(true);
});

test.each([
	'text/html',
	'text/*',
	'application/xml',
	'application/json;q=0',
	'application/json; Q=0.000',
	'*/*;q=0',
	'application/*;q=0, */*',
	'application/json;q=0, application/problem+json;q=0, */*',
	'application/jsonp',
	'*',
	'text/x;a="application/json, application/json"',
	'application/json;q=2',
	'application/json;q=high',
	'application / json',
	'text/html, "unclosed, application/json',
])('%j does not', (accept) => {
	expect(acceptsJson(accept)).toBe(false);
});

test('never throws', () => {
	fc.assert(
		fc.property(fc.string(), (accept) => {
			expect(acceptsJson(accept)).toBeTypeOf('boolean');
		}),
	);
	expect(acceptsJson('a/'.repeat(500_000))).toBe(false);
	expect(acceptsJson(' '.repeat(500_000) + 'x')).toBe(false);
	expect(acceptsJson('",'.repeat(500_000))).toBe(false);
});
