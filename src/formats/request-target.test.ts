import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRequestTarget } from './request-target.ts';

const strict = { encodedSlash: false };
const lenient = { encodedSlash: true };
const origin = { authority: undefined, scheme: undefined };

test.each([
	['/', '/', ''],
	['/a', '/a', ''],
	['/a/', '/a/', ''],
	['/a/b?c=d', '/a/b', '?c=d'],
	['/?', '/', '?'],
	['/ADMIN', '/ADMIN', ''],
	['/.well-known/jwks.json', '/.well-known/jwks.json', ''],
	['/...', '/...', ''],
	['/..a/b..', '/..a/b..', ''],
	['/a;v=1/b', '/a;v=1/b', ''],
	["/!$&'()*+,=:@-._~", "/!$&'()*+,=:@-._~", ''],
	['/%61dmin', '/admin', ''],
	['/%7euser/%2D%5f', '/~user/-_', ''],
	['/caf%c3%a9', '/caf%C3%A9', ''],
	['/a%3ab', '/a%3Ab', ''],
	['/a%20b', '/a%20b', ''],
	['/100%25', '/100%25', ''],
	['/%2541', '/%2541', ''],
	['/[a]|{b}^"<>`', '/%5Ba%5D%7C%7Bb%7D%5E%22%3C%3E%60', ''],
	['/a%2eb', '/a.b', ''],
	['/a?/../%2e%2e//\\%5c%00%', '/a', '?/../%2e%2e//\\%5c%00%'],
	['/a??b', '/a', '??b'],
])('%j', (target, path, query) => {
	expect(parseRequestTarget(target, strict)).toEqual({ path, query, ...origin });
});

test.each([
	['http://api.example.com/a?b', 'http', 'api.example.com', '/a', '?b'],
	['HTTPS://API.example.com:8443', 'https', 'API.example.com:8443', '/', ''],
	['http://[::1]:80?b', 'http', '[::1]:80', '/', '?b'],
	['http://a/%61/', 'http', 'a', '/a/', ''],
])('absolute-form %j', (target, scheme, authority, path, query) => {
	expect(parseRequestTarget(target, strict)).toEqual({ path, query, authority, scheme });
});

test.each([
	'',
	'*',
	'a',
	'example.com:443',
	'?a',
	'#',
	'/a#b',
	'/a?b#c',
	'/a b',
	'/a?b c',
	'/a\tb',
	'/a\u0000',
	'/a?\u0000',
	'/a\u007f',
	'/\u00e9',
	'/a?\u00e9',
	'/a?\u0100',
	'/%',
	'/%4',
	'/%4g',
	'/%%32',
	'/a%',
	'http://',
	'http:///a',
	'http://user@a/',
	'http://user:password@a/',
	'http://a b/',
	'http://a#b',
	'http://a\\b/',
	'http://\u00e9/',
	'http:/a',
	'http:a',
	'ftp://a/',
	'javascript://a/',
	' /a',
	' http://a/',
	'\\a',
])('%j is malformed', (target) => {
	expect(parseRequestTarget(target, strict)).toBe('malformed');
	expect(parseRequestTarget(target, lenient)).toBe('malformed');
});

const ambiguous = [
	'/pub/../admin',
	'/pub/%2e%2e/admin',
	'/pub/.%2E/admin',
	'/pub/..;/admin',
	'/pub/..;a=b/admin',
	'/pub/..%3b/admin',
	'/pub/%2e%2e;/admin',
	'/pub/%252e%252e/admin',
	'/pub/%25252e./admin',
	'/pub/%25%32%65%25%32%65/admin',
	'/pub/%2525252525252e%2e/admin',
	'/pub/..%253b/admin',
	'/pub/..%20/admin',
	'/pub/..%3f/admin',
	'/pub/..%23/admin',
	'/./admin',
	'/.',
	'/..',
	'/a/.',
	'/a/..',
	'/.;a',
	'/%2e',
	'//',
	'//admin',
	'/a//b',
	'/a//',
	'/;/admin',
	'/;a=b/admin',
	'/%3b/admin',
	'/\\admin',
	'/a\\..\\admin',
	'/%5cadmin',
	'/%5Cadmin',
	'/%255cadmin',
	'/%25%35%63admin',
	'/admin%00',
	'/admin%2500.png',
	'/admin%0a',
	'/admin%0d%0aX:1',
	'/admin%250a',
	'/admin%7f',
	'/%c0%ae%c0%ae/admin',
	'/%e0%80%af',
	'/%ff',
	'/%ed%a0%80',
	'/a%252fb',
	'/a%25252Fb',
	'/a%25%32%66b',
	'/pub/%2e%2e%2fadmin',
	'/pub/..%2fadmin',
	'/pub%2f..%2fadmin',
	'http://a/pub/../admin',
	'http://a//admin',
];

test.each(ambiguous)('%j is ambiguous', (target) => {
	expect(parseRequestTarget(target, strict)).toBe('ambiguous');
	expect(parseRequestTarget(target, lenient)).toBe('ambiguous');
});

test.each([
	['/admin%2f', '/admin%2F'],
	['/a%2fb/%61', '/a%2Fb/a'],
	['/r/https%3A%2F%2Fa.example%2F', '/r/https%3A%2F%2Fa.example%2F'],
])('%j only where an encoded slash is data', (target, path) => {
	expect(parseRequestTarget(target, strict)).toBe('ambiguous');
	expect(parseRequestTarget(target, lenient)).toEqual({ path, query: '', ...origin });
});

const pieces = [
	'/',
	'/',
	'.',
	'..',
	'%2e',
	'%2E',
	'%25',
	'2e',
	'2f',
	'5c',
	'00',
	'%32',
	'%65',
	'%2f',
	'%5c',
	'%00',
	'%3b',
];
const others = [
	'a',
	'b',
	';',
	'\\',
	'%',
	'%61',
	'%c3%a9',
	'%c0',
	'%7E',
	':',
	'[',
	'?',
	'#',
	' ',
	'\u00e9',
	'%20',
	'%0a',
];
const hostile = fc.array(fc.constantFrom(...pieces, ...others), { maxLength: 10 }).map((all) => `/${all.join('')}`);
const options = fc.record({ encodedSlash: fc.boolean() });

test('never throws, and the normal form is its own normal form', () => {
	fc.assert(
		fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' }), fc.webUrl()), options, (target, given) => {
			const parsed = parseRequestTarget(target, given);
			if (typeof parsed === 'string') return;
			expect(parsed.path).toMatch(/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$/);
			expect(parseRequestTarget(parsed.path + parsed.query, given)).toEqual({ ...parsed, ...origin });
			expect(parsed.query === '' || parsed.query.startsWith('?')).toBe(true);
			expect(target.endsWith(parsed.query)).toBe(true);
		}),
		{ numRuns: 5000 },
	);
});

const slashes = (text: string): number => text.split('/').length;

/** The rule, level by level and without regard to speed. */
function isDangerousAtSomeLevel(path: string, encodedSlash: boolean): boolean {
	let text = path;
	for (let level = 0; ; level++) {
		const segments = text.split('/');
		// oxlint-disable-next-line no-control-regex -- they are what is looked for
		if (/[\\\x00-\x1f\x7f]/.test(text)) return true;
		if (segments.some((segment) => ['.', '..'].includes((segment.split(/[;?#]/)[0] ?? '').trim()))) return true;
		if (segments.some((segment) => /^[;?#]/.test(segment.trim()) || (segment !== '' && segment.trim() === '')))
			return true;
		if (level === 0 && segments.slice(1, -1).includes('')) return true;
		const next = text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
		if (slashes(next) > slashes(text) && (level > 0 || !encodedSlash)) return true;
		if (next === text) return false;
		text = next;
	}
}

test('refuses exactly what some level of decoding makes dangerous', () => {
	const encodings = fc.array(fc.constantFrom(...pieces, 'a', ';', '%20', '\\', '%3f', '%23'), { maxLength: 9 });
	fc.assert(
		fc.property(encodings, options, (all, given) => {
			const path = `/${all.join('')}`;
			const parsed = parseRequestTarget(path, given);
			fc.pre(parsed !== 'malformed');
			expect(parsed === 'ambiguous').toBe(isDangerousAtSomeLevel(path, given.encodedSlash));
		}),
		{ numRuns: 5000 },
	);
});

test('whichever unreserved characters are encoded, the path is one', () => {
	const plain = fc
		.stringMatching(/^\/[A-Za-z0-9_~-]([A-Za-z0-9._~/:-]{0,12}[A-Za-z0-9])?$/)
		.filter((path) => !path.includes('/'.repeat(2)));
	fc.assert(
		fc.property(plain, fc.array(fc.nat(2), { minLength: 16, maxLength: 16 }), (path, choices) => {
			fc.pre(typeof parseRequestTarget(path, strict) !== 'string');
			const respelled = Array.from(path, (character, index) => {
				if (choices[index] === 0 || !/[A-Za-z0-9._~-]/.test(character)) return character;
				const hex = character.charCodeAt(0).toString(16);
				return `%${choices[index] === 1 ? hex : hex.toUpperCase()}`;
			}).join('');
			expect(parseRequestTarget(respelled, strict)).toEqual({ path, query: '', ...origin });
		}),
	);
});

test('an encoded slash being data lets nothing else through', () => {
	fc.assert(
		fc.property(hostile, (target) => {
			const open = parseRequestTarget(target, lenient);
			const closed = parseRequestTarget(target, strict);
			const onlyOpen = typeof closed === 'string' && typeof open !== 'string' && open.path.includes('%2F');
			expect(onlyOpen ? closed : open).toEqual(closed);
		}),
		{ numRuns: 2000 },
	);
});

test('hostile sizes end', () => {
	const count = 1_000_000;
	expect(parseRequestTarget(`/${'a'.repeat(count)}`, strict)).toBeTypeOf('object');
	expect(parseRequestTarget('/a'.repeat(count), strict)).toBeTypeOf('object');
	expect(parseRequestTarget(`${'/a'.repeat(count)}/\\`, strict)).toBe('ambiguous');
	expect(parseRequestTarget('/'.repeat(count), strict)).toBe('ambiguous');
	expect(parseRequestTarget(`/%${'25'.repeat(count)}2e`, strict)).toBe('ambiguous');
	expect(parseRequestTarget(`/a%${'25'.repeat(count)}`, strict)).toBeTypeOf('object');
	expect(parseRequestTarget(`/${'%25'.repeat(count)}`, strict)).toBeTypeOf('object');
	expect(parseRequestTarget(`http://${'a'.repeat(count)}`, strict)).toBeTypeOf('object');
	expect(parseRequestTarget(`/${'%'.repeat(count)}`, strict)).toBe('malformed');
});
