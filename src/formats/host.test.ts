import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHost } from './host.ts';

test.each([
	['api.example.com', 'api.example.com', undefined],
	['API.Example.COM:8443', 'api.example.com', 8443],
	['api.example.com.', 'api.example.com', undefined],
	['api.example.com.:80', 'api.example.com', 80],
	['localhost:1', 'localhost', 1],
	['my_service:65535', 'my_service', 65_535],
	['xn--bcher-kva.example', 'xn--bcher-kva.example', undefined],
	['192.0.2.1', '192.0.2.1', undefined],
	['192.0.2.1.:80', '192.0.2.1', 80],
	['[::1]', '[::1]', undefined],
	['[2001:DB8:0:0::1]:443', '[2001:db8::1]', 443],
	['[::ffff:192.0.2.1]:80', '192.0.2.1', 80],
	['1.example', '1.example', undefined],
	['0xa.example', '0xa.example', undefined],
	['a1', 'a1', undefined],
])('%j', (value, name, port) => {
	expect(parseHost(value)).toEqual({ name, port });
});

test.each([
	'',
	' ',
	'.',
	'a..b',
	'.a',
	'a..',
	'user@a',
	'user:password@a',
	'a:',
	'a:0',
	'a:080',
	'a:65536',
	'a:99999',
	'a:123456',
	'a:80:80',
	'a:+1',
	':80',
	'a b',
	' a',
	'a\t',
	'a\n',
	'a/b',
	'a?b',
	'a#b',
	'a\\b',
	'a,b',
	'a%2eb',
	'\u00e9.example',
	'a\u212a',
	'*.example',
	'127.1',
	'2130706433',
	'0x7f.0.0.1',
	'0x7f000001',
	'0177.0.0.1',
	'256.1.1.1',
	'1.2.3.4.5',
	'a.1',
	'::1',
	'[::1',
	'::1]',
	'[]',
	'[127.0.0.1]',
	'[::1%25eth0]',
	'[v1.a]',
	'[::1]a',
	'[::1]:',
	`${'a'.repeat(64)}.example`,
	Array.from({ length: 128 }, () => 'a').join('.'),
])('%j is no host', (value) => {
	expect(parseHost(value)).toBeUndefined();
});

test('the longest name is 253 characters', () => {
	const name = [63, 63, 63, 61].map((length) => 'a'.repeat(length)).join('.');
	expect(parseHost(name)?.name).toBe(name);
	expect(parseHost(`${name}.`)?.name).toBe(name);
	expect(parseHost(`${name}a`)).toBeUndefined();
});

test('two spellings of one host are one host', () => {
	const host = fc.oneof(
		fc.domain(),
		fc.ipV4(),
		fc.ipV6().map((address) => `[${address}]`),
	);
	fc.assert(
		fc.property(host, fc.option(fc.integer({ min: 1, max: 65_535 })), (name, port) => {
			const suffix = port === null ? '' : `:${port}`;
			const parsed = parseHost(name + suffix);
			expect(parsed).toEqual({ name: expect.any(String) as string, port: port ?? undefined });
			expect(parseHost(name.toUpperCase() + suffix)).toEqual(parsed);
			expect(parseHost((parsed?.name ?? '') + suffix)).toEqual(parsed);
			const rooted = name.startsWith('[') ? name : `${name}.`;
			expect(parseHost(rooted + suffix)).toEqual(parsed);
		}),
	);
});

test('never throws; what it accepts is the host that a URL parser sees', () => {
	const piece = fc.constantFrom(
		'a',
		'B',
		'.',
		':',
		'80',
		'[',
		']',
		'::1',
		'@',
		'%61',
		'1',
		'0x1',
		'/',
		'-',
		'_',
		'\u3002',
	);
	fc.assert(
		fc.property(
			fc.oneof(
				fc.string(),
				fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
			),
			(value) => {
				const parsed = parseHost(value);
				if (parsed === undefined) return;
				const url = new URL(`http://${value}/`);
				expect(url.hostname.replace(/\.$/, '')).toBe(parsed.name);
				expect(url.port === '' ? (parsed.port ?? 80) : Number(url.port)).toBe(parsed.port ?? 80);
			},
		),
		{ numRuns: 3000 },
	);
});

test('hostile sizes end', () => {
	for (const text of ['a', 'a.', '1', '[', ':', '0x']) expect(parseHost(text.repeat(1_000_000))).toBeUndefined();
});
