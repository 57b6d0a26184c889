import { BlockList, isIP } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileBlocks, formatIp, isCidr, isLoopbackHost, parseIp } from './ip.ts';

test.each([
	['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
	['2001:db8::0:1', '2001:db8::1'],
	['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
	['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
	['1::', '1::'],
	['::', '::'],
	['::1', '::1'],
	['::ffff:192.0.2.1', '192.0.2.1'],
	['::FFFF:c000:201', '192.0.2.1'],
	['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
	['192.0.2.1', '192.0.2.1'],
])('RFC 5952: %s is %s', (text, canonical) => {
	const address = parseIp(text);
	expect(address && formatIp(address)).toBe(canonical);
});

test.each([
	'',
	'1.2.3',
	'1.2.3.4.5',
	'01.2.3.4',
	'1.2.3.256',
	'0x7f.0.0.1',
	'127.1',
	'2130706433',
	' 1.2.3.4',
	'1.2.3.4\n',
	'1.2.3.4.',
	'::1%eth0',
	'[::1]',
	':::',
	'1:2:3:4:5:6:7',
	'1:2:3:4:5:6:7:8:9',
	'1:2:3:4::5:6:7:8',
	'1::2::3',
	'12345::',
	':1::',
	'1:',
	'::1.2.3.4:5',
	'1.2.3.4::',
	'::01.2.3.4',
])('%j is no address', (text) => {
	expect(parseIp(text)).toBeUndefined();
});

test('knows the addresses that the platform knows', () => {
	const piece = fc.constantFrom(':', '::', '.', '0', '1', 'ff', 'FFFF', '255', '256', '1.2.3.4', 'g', '%', '/');
	const text = fc.oneof(
		fc.ipV4(),
		fc.ipV6(),
		fc.string(),
		fc.array(piece, { maxLength: 16 }).map((all) => all.join('')),
	);
	fc.assert(
		fc.property(text, (candidate) => {
			expect(parseIp(candidate) !== undefined).toBe(isIP(candidate) !== 0 && !candidate.includes('%'));
		}),
		{ numRuns: 5000 },
	);
});

test('writes IPv6 as URLs do, and reads it back', () => {
	fc.assert(
		fc.property(fc.ipV6(), (text) => {
			const address = parseIp(text);
			if (address === undefined || address.version === 4) return;
			expect(`[${formatIp(address)}]`).toBe(new URL(`http://[${text}]/`).hostname);
			expect(parseIp(formatIp(address))).toEqual(address);
		}),
		{ numRuns: 1000 },
	);
});

test.each([
	['10.0.0.0/8', '10.255.0.1', true],
	['10.0.0.0/8', '11.0.0.1', false],
	['10.1.2.3/8', '10.9.9.9', true],
	['10.0.0.0/8', '::ffff:10.1.2.3', true],
	['::ffff:10.0.0.0/104', '10.1.2.3', true],
	['192.0.2.1', '192.0.2.1', true],
	['192.0.2.1', '192.0.2.2', false],
	['192.0.2.128/25', '192.0.2.127', false],
	['0.0.0.0/0', '203.0.113.9', true],
	['0.0.0.0/0', '2001:db8::1', false],
	['::/0', '2001:db8::1', true],
	['::/0', '10.0.0.1', false],
	['::/0', '::ffff:10.0.0.1', false],
	['2001:db8::/33', '2001:db8:7fff::1', true],
	['2001:db8::/33', '2001:db8:8000::1', false],
	['fe80::/10', 'fe80::1%eth0', true],
	['::1', '0:0:0:0:0:0:0:1', true],
	['::/0', 'localhost', false],
	['0.0.0.0/0', '', false],
])('%s holds %s: %j', (block, address, expected) => {
	expect(compileBlocks(['198.51.100.7', block])(address)).toBe(expected);
});

test('no blocks hold nothing', () => {
	expect(compileBlocks([])('127.0.0.1')).toBe(false);
});

test('an entry that is no block is an error', () => {
	expect(() => compileBlocks(['10.0.0.0/33'])).toThrow('10.0.0.0/33');
});

test.each([
	'10.0.0.0/33',
	'::/129',
	'10.0.0.0/',
	'10.0.0.0/08',
	'10.0.0.0/-1',
	'10/8',
	'::ffff:10.0.0.0/90',
	'a',
	'',
	'/8',
])('%j is no CIDR block', (text) => {
	expect(isCidr(text)).toBe(false);
});

test.each(['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '::/0', '2001:db8::/32', '::1', '::ffff:10.0.0.0/96'])(
	'%s is one',
	(text) => {
		expect(isCidr(text)).toBe(true);
	},
);

test('agrees with the platform about IPv4 blocks', () => {
	fc.assert(
		fc.property(fc.ipV4(), fc.nat(32), fc.ipV4(), fc.nat(32), (network, prefix, other, shared) => {
			const list = new BlockList();
			list.addSubnet(network, prefix, 'ipv4');
			const holds = compileBlocks([`${network}/${prefix}`]);
			const near = mix(network, other, shared);
			expect(holds(near)).toBe(list.check(near, 'ipv4'));
			expect(holds(`::ffff:${near}`)).toBe(list.check(near, 'ipv4'));
		}),
	);
});

/** An address with the first `bits` bits of one and the rest of the other. */
function mix(one: string, other: string, bits: number): string {
	const [first, second] = [one, other].map((text) =>
		text.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n),
	);
	const low = (1n << BigInt(32 - bits)) - 1n;
	const mixed = ((first ?? 0n) & ~low) | ((second ?? 0n) & low);
	return [24n, 16n, 8n, 0n].map((shift) => (mixed >> shift) & 255n).join('.');
}

test.each([
	'localhost',
	'LOCALHOST',
	'127.0.0.1',
	'127.255.3.4',
	'::1',
	'[::1]',
	'[::ffff:127.0.0.1]',
	'0:0:0:0:0:0:0:1',
])('%s is loopback', (name) => {
	expect(isLoopbackHost(name)).toBe(true);
});

test.each([
	'',
	'localhost.example',
	'a.localhost',
	'127.0.0.1.example',
	'128.0.0.1',
	'::',
	'::2',
	'0.0.0.0',
	'[::1',
	'127.1',
])('%j is not', (name) => {
	expect(isLoopbackHost(name)).toBe(false);
});

test('hostile sizes end', () => {
	for (const text of [':'.repeat(1_000_000), '1:'.repeat(1_000_000), '1.'.repeat(1_000_000)]) {
		expect(parseIp(text)).toBeUndefined();
	}
});
