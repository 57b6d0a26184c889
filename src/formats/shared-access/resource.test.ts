import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBelow, isWithin, parseResource, type Resource } from './resource.ts';

function resource(text: string): Resource {
	const parsed = parseResource(text);
	if (parsed === undefined) throw new Error(`${text} is no resource`);
	return parsed;
}

test.each([
	['sb://bus.example.net', 'sb', 'bus.example.net', '/'],
	['SB://Bus.Example.Net/Orders', 'sb', 'bus.example.net', '/Orders'],
	['hub.example.net/devices/one', '', 'hub.example.net', '/devices/one'],
	['https://api.example.com:443/a', 'https', 'api.example.com', '/a'],
	['http://api.example.com:80', 'http', 'api.example.com', '/'],
	['https://api.example.com:80', 'https', 'api.example.com:80', '/'],
	['https://[2001:DB8::1]:8443/a', 'https', '[2001:db8::1]:8443', '/a'],
	['sb://bus/%41%2d%e4%bd%a0', 'sb', 'bus', '/A-%E4%BD%A0'],
])('%s', (text, scheme, authority, path) => {
	expect(parseResource(text)).toEqual({ scheme, authority, path });
});

test.each([
	'',
	'/',
	'/orders',
	'sb://',
	'sb:///orders',
	'sb:bus',
	'://bus',
	'1b://bus',
	'sb://user@bus/a',
	'sb://bus:port/a',
	'sb://bus:123456/a',
	'sb://bus/a?b',
	'sb://bus?b',
	'sb://bus/a#b',
	'sb://bus//a',
	'sb://bus/./a',
	'sb://bus/a/..',
	'sb://bus/%2e%2e',
	'sb://bus/a%2fb',
	'sb://bus/a%5cb',
	'sb://bus/a\\b',
	'sb://bus/a b',
	'sb://bus /a',
	'sb://bús/a',
	'sb://bus/%',
	'sb://bus/%ff',
	'sb://bus/a\n',
])('%j is no resource', (text) => {
	expect(parseResource(text)).toBeUndefined();
});

test.each([
	['/', '/a', true],
	['/a', '/a', true],
	['/a', '/a/', true],
	['/a', '/a/b', true],
	['/a/', '/a/b', true],
	['/a/', '/a', false],
	['/a', '/ab', false],
	['/a', '/A', false],
	['/a/b', '/a', false],
	['/a', '/', false],
])('%s has %s at or below it: %s', (prefix, path, expected) => {
	expect(isBelow(prefix, path)).toBe(expected);
});

const segment = fc.stringMatching(/^[a-c]{1,2}$/);
const segments = fc.array(segment, { maxLength: 4 });

test('a prefix is one segment by segment, and nothing else is', () => {
	fc.assert(
		fc.property(segments, segments, (prefix, path) => {
			const expected = prefix.every((part, index) => path[index] === part);
			const [root, below] = [prefix, path].map((parts) => resource(`sb://bus/${parts.join('/')}`));
			if (root === undefined || below === undefined) throw new Error('no resource');
			expect(isBelow(root.path, below.path)).toBe(expected);
			expect(isWithin(root, below)).toBe(expected);
			expect(isWithin(root, { ...below, scheme: 'https' })).toBe(false);
			expect(isWithin(root, { ...below, authority: 'bus.example.net' })).toBe(false);
		}),
	);
});

test('whatever the text: no exception, and a path that is its own normal form', () => {
	const odd = fc.string({ unit: fc.constantFrom(...'sb:/.%2efa?#@\\[]'.split('')), maxLength: 20 });
	fc.assert(
		fc.property(fc.oneof(odd, fc.string()), (text) => {
			const parsed = parseResource(text);
			if (parsed === undefined) return;
			expect(parseResource(`x://${parsed.authority}${parsed.path}`)?.path).toBe(parsed.path);
		}),
		{ numRuns: 1000 },
	);
});
