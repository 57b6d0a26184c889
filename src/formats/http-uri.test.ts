import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHttpUri, normaliseHttpUri } from './http-uri.ts';
import { parseRequestTarget } from './request-target.ts';

test.each([
	['https://a.example', 'https://a.example/'],
	['https://a.example:443/', 'https://a.example/'],
	['http://a.example:80', 'http://a.example/'],
	['http://a.example:443', 'http://a.example:443/'],
	['HTTPS://A.Example:8443/B', 'https://a.example:8443/B'],
	['https://a.example:/b', 'https://a.example/b'],
	['https://a.example./b', 'https://a.example/b'],
	['https://[2001:DB8::1]:443/b', 'https://[2001:db8::1]/b'],
	['https://a.example/%7e%41%3a%2f', 'https://a.example/~A%3A%2F'],
	['https://a.example/"|', 'https://a.example/%22%7C'],
	['https://a.example?b', 'https://a.example/'],
	['https://a.example/b?c#d', 'https://a.example/b'],
	['https://a.example/b#c?d', 'https://a.example/b'],
	['https://a.example/a/./b/../c/', 'https://a.example/a/c/'],
	['https://a.example/a/..', 'https://a.example/'],
	['https://a.example/a/b/.', 'https://a.example/a/b/'],
	['https://a.example/../a', 'https://a.example/a'],
	['https://a.example/a//b', 'https://a.example/a//b'],
	['https://a.example/.a/..b', 'https://a.example/.a/..b'],
])('%s is %s', (text, expected) => {
	expect(normaliseHttpUri(text)).toBe(expected);
});

test.each([
	'',
	'a.example',
	'/a',
	'ftp://a.example/',
	'https:/a.example',
	'https://',
	'https:///a',
	'https://user@a.example/',
	'https://a.example:0/',
	'https://a.example:99999/',
	'https://a.example:44a/',
	'https://a example/',
	'https://a.example/ b',
	'https://a.example/é',
	'https://a.example/%',
	'https://a.example/%zz',
	'https://a.example/a\\b',
	'https://a.example\\@b.example/',
	'https://0x7f.1/',
	'https://1.2.3/',
	'https://a.example/\n',
	'\nhttps://a.example/',
])('%j is none', (text) => {
	expect(normaliseHttpUri(text)).toBeUndefined();
});

test('what is normal stays as it is, and every way to a path that the gateway takes is the same URI', () => {
	const segment = fc.string({
		unit: fc.constantFrom('a', 'Z', '9', '-', '~', '%7e', '%3A', '%c3%A9', ':', '@', '+'),
		minLength: 1,
	});
	fc.assert(
		fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
			const path = `/${segments.join('/')}`;
			const target = parseRequestTarget(path, { encodedSlash: false });
			if (typeof target === 'string') return;
			const own = formatHttpUri({ scheme: 'https', host: 'a.example', port: 443, path: target.path });
			expect(normaliseHttpUri(`https://A.example${path}?q`)).toBe(own);
			expect(normaliseHttpUri(`https://a.example:443/x/..${path}`)).toBe(own);
			expect(normaliseHttpUri(own)).toBe(own);
		}),
	);
});

test('no text throws, and a result is its own normal form', () => {
	const text = fc.oneof(
		fc.string(),
		fc
			.string({ unit: fc.constantFrom('/', '.', '%', '2', 'e', ':', '@', '?', '#', 'a', '[', ']', '\\') })
			.map((rest) => `https://a.example${rest}`),
	);
	fc.assert(
		fc.property(text, (value) => {
			const uri = normaliseHttpUri(value);
			if (uri !== undefined) expect(normaliseHttpUri(uri)).toBe(uri);
		}),
	);
});

test('long paths take linear time', () => {
	for (const part of ['/', '/.', '/..', '/a', '%', '%2e', '/a/..']) {
		normaliseHttpUri(`https://a.example/${part.repeat(1_000_000)}`);
	}
});
