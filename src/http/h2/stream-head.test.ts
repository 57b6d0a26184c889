import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Peer } from '../peer.ts';
import { readStreamHead } from './stream-head.ts';

const peer: Peer = {
	address: '192.0.2.7',
	scheme: 'https',
	serverName: 'localhost',
	isMutual: false,
	clientCertificate: undefined,
};
const limits = { headers: 16_384, headerCount: 100 };
const start = [':method', 'GET', ':scheme', 'https', ':authority', 'a.example', ':path', '/x?y'];
const read = (raw: readonly string[], isWhole = true) => readStreamHead(raw, isWhole, limits, peer);
const textOf = (raw: readonly string[], isWhole = true): string => {
	const head = read(raw, isWhole);
	return typeof head === 'string' ? head : head.text;
};

test('the head of HTTP/1.1 that means the same', () => {
	expect(textOf([...start, 'accept', '*/*', 'x', ''])).toBe(
		'GET /x?y HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\nx: \r\n\r\n',
	);
	const head = read([...start, 'accept', '*/*']);
	expect(head).toMatchObject({ method: 'GET', target: '/x?y', host: 'a.example', scheme: 'https', hasBody: false });
});

test('a body takes chunks unless its length is declared', () => {
	expect(textOf(start, false)).toBe('GET /x?y HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n');
	expect(textOf([...start, 'content-length', '5'], false)).toContain('content-length: 5\r\n\r\n');
	expect(textOf([...start, 'content-length', '0'])).toContain('content-length: 0\r\n\r\n');
	for (const length of ['5', '', '00', '-1']) {
		expect(textOf([...start, 'content-length', length])).toBe('request_malformed');
	}
});

test('crumbs of a cookie are one cookie', () => {
	expect(textOf([...start, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2; c=3'])).toContain(
		'x: y\r\ncookie: a=1; b=2; c=3\r\n',
	);
});

test('host beside :authority must say the same', () => {
	expect(textOf([...start, 'host', 'A.example'])).toBe('GET /x?y HTTP/1.1\r\nhost: a.example\r\n\r\n');
	expect(textOf([...start, 'host', 'a.example:443'])).toBe('request_malformed');
	const without = start.filter((_, index) => index !== 4 && index !== 5);
	expect(textOf([...without, 'host', 'b.example'])).toContain('host: b.example\r\n');
	const twice = read([...without, 'host', 'b.example', 'host', 'b.example']);
	expect(typeof twice === 'string' ? twice : twice.problem()).toBe('request_malformed');
	const none = read(without);
	expect(typeof none === 'string' ? none : none.problem()).toBe('request_malformed');
});

test('CONNECT is read, to be refused as such', () => {
	const head = read([':method', 'CONNECT', ':authority', 'a.example:443'], false);
	expect(typeof head === 'string' ? head : head.problem()).toBe('method_not_allowed');
	for (const raw of [
		[':method', 'CONNECT'],
		[':method', 'CONNECT', ':authority', 'a.example:443', ':path', '/'],
		[...start.with(1, 'CONNECT'), ':protocol', 'websocket'],
	]) {
		expect(textOf(raw)).toBe('request_malformed');
	}
});

const changes: readonly (readonly [index: number, value: string])[] = [
	[1, ''],
	[1, 'GE T'],
	[1, 'GET\r\n'],
	[3, 'http'],
	[3, 'HTTPS'],
	[5, 'a\r\nb'],
	[5, 'a b'],
	[7, ''],
	[7, 'x'],
	[7, '*'],
	[7, 'https://a.example/'],
	[7, '/ HTTP/1.1\r\nx: y'],
	[7, '/\xe9'],
];

test.each(changes)('a pseudo-header that cannot be: %i %j', (index, value) => {
	expect(textOf(start.with(index, value))).toBe('request_malformed');
});

test.each([
	['connection', 'close'],
	['keep-alive', 'x'],
	['proxy-connection', 'x'],
	['transfer-encoding', 'chunked'],
	['upgrade', 'h2c'],
	['te', 'gzip'],
	['te', 'trailers, gzip'],
	['X', 'y'],
	['', 'y'],
	['x y', 'z'],
	['x:y', 'z'],
	['x\r\ny', 'z'],
	['x', 'y\r\nz: a'],
	['x', 'y\nz'],
	['x', 'y\rz'],
	['x', '\0'],
	['x', ' y'],
	['x', 'y\t'],
	[':path', '/'],
	[':status', '200'],
	[':x', 'y'],
])('a field that cannot be: %j %j', (name, value) => {
	expect(textOf([...start, name, value])).toBe('request_malformed');
	expect(textOf([...start, 'a', 'b', name, value])).toBe('request_malformed');
});

test('the limits of HTTP/1.1 hold', () => {
	const fields = (count: number) => Array.from({ length: count }, (_, n) => [`x${n}`, 'v']).flat();
	expect(textOf([...start, ...fields(99)])).toMatch(/^GET/);
	expect(textOf([...start, ...fields(100)])).toBe('headers_too_large');
	expect(textOf([...start, 'x', 'v'.repeat(16_384)])).toBe('headers_too_large');
	expect(textOf(start.with(7, `/${'a'.repeat(16_384)}`))).toBe('headers_too_large');
});

const octets = fc.string({
	unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
	maxLength: 12,
});
const name = fc.oneof(
	octets,
	fc.constantFrom('host', 'cookie', 'te', 'connection', 'content-length', ':path', ':authority', ':method', 'x', 'X-A'),
);
const value = fc.oneof(octets, fc.constantFrom('/', 'a.example', 'trailers', '0', '5', 'GET', 'a\r\nb: c', ' a'));

test('whatever comes, nothing is in the head that was not in a field', () => {
	fc.assert(
		fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), fc.boolean(), (extra, isWhole) => {
			const raw = [...start, ...extra.flat()];
			const head = read(raw, isWhole);
			if (typeof head === 'string') return;
			const written = new Map<string, string[]>();
			for (let place = 0; place < head.places.length; place += 4) {
				const [from, to, at, end] = head.places.slice(place, place + 4);
				const key = head.text.slice(from, to);
				written.set(key, [...(written.get(key) ?? []), head.text.slice(at, end)]);
			}
			expect(written.get('host')).toEqual(['a.example']);
			written.delete('host');
			const coding = written.get('transfer-encoding');
			expect(coding).toEqual(isWhole || written.has('content-length') ? undefined : ['chunked']);
			written.delete('transfer-encoding');
			const expected = new Map<string, string[]>();
			for (const [key, each] of extra) if (key !== 'host') expected.set(key, [...(expected.get(key) ?? []), each]);
			const crumbs = expected.get('cookie');
			if (crumbs !== undefined) expected.set('cookie', [crumbs.join('; ').replace(/^[ \t]+|[ \t]+$/g, '')]);
			expect(written).toEqual(expected);
			expect([head.method, head.target]).toEqual(['GET', '/x?y']);
		}),
		{ numRuns: 2_000 },
	);
});
