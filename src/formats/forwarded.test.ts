import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendForwardedFor, formatForwarded } from './forwarded.ts';
import { isFieldValue } from './header-value.ts';

test.each([
	[{ for: '192.0.2.43', host: 'example.com', proto: 'https' as const }, 'for=192.0.2.43;host=example.com;proto=https'],
	[
		{ for: '2001:DB8:cafe::17', by: '203.0.113.60', host: 'example.com:8080', proto: 'http' as const },
		'for="[2001:db8:cafe::17]";by=203.0.113.60;host="example.com:8080";proto=http',
	],
	[
		{ for: '::ffff:192.0.2.43', by: '::1', host: '[::1]:80', proto: 'http' as const },
		'for=192.0.2.43;by="[::1]";host="[::1]:80";proto=http',
	],
	[{ for: 'fe80::1%eth0', host: '', proto: 'http' as const }, 'for="[fe80::1]";proto=http'],
	[{ for: '', host: 'a"\\b', proto: 'http' as const }, 'for=unknown;host="a\\"\\\\b";proto=http'],
	[{ for: 'a;b=c', host: 'a\r\nb', proto: 'http' as const }, 'for=unknown;proto=http'],
])('%j', (element, text) => {
	expect(formatForwarded(element)).toBe(text);
});

test('nothing that is passed in breaks out of its parameter', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (address, host) => {
			const text = formatForwarded({ for: address, by: address, host, proto: 'https' });
			expect(isFieldValue(text)).toBe(true);
			const value = String.raw`(?:[!#$%&'*+\-.^_\x60|~0-9A-Za-z]+|"(?:[^"\\]|\\.)*")`;
			expect(text).toMatch(new RegExp(`^for=${value};by=${value}(?:;host=${value})?;proto=https$`));
		}),
	);
});

test.each([
	[undefined, '192.0.2.1', '192.0.2.1'],
	['', '192.0.2.1', '192.0.2.1'],
	['203.0.113.7', '::ffff:192.0.2.1', '203.0.113.7, 192.0.2.1'],
	['203.0.113.7, 2001:db8::1', '2001:db8:0::2', '203.0.113.7, 2001:db8::1, 2001:db8::2'],
	['203.0.113.7', 'nonsense, 1', '203.0.113.7, unknown'],
])('%j and %j', (existing, address, list) => {
	expect(appendForwardedFor(existing, address)).toBe(list);
});
