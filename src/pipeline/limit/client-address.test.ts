import { expect, test } from 'vitest';
import { compileBlocks } from '#formats/ip';
import { requestView } from '../../../test/support/request-view.ts';
import { createClientAddress } from './client-address.ts';

const addressOf = createClientAddress(compileBlocks(['10.0.0.0/8', 'fd00::/8']));
const from = (peer: string, ...forwarded: readonly string[]) =>
	addressOf(requestView({ peer, headers: forwarded.map((value) => ['X-Forwarded-For', value] as const) }));

test.each([
	['the peer', '192.0.2.1', [], '192.0.2.1'],
	['an IPv4 address in IPv6', '::ffff:192.0.2.1', [], '192.0.2.1'],
	['an IPv6 peer by its /64', '2001:db8:1:2:3:4:5:6', [], '2001:db8:1:2::/64'],
	['a link-local peer with its zone', 'fe80::1%eth0', [], 'fe80::/64'],
	['nobody whom the peer made up', '192.0.2.1', ['198.51.100.7'], '192.0.2.1'],
	['what a trusted proxy tells', '10.0.0.1', ['198.51.100.7'], '198.51.100.7'],
	[
		'what the last proxy tells, not what the client began with',
		'10.0.0.1',
		['203.0.113.9, 198.51.100.7'],
		'198.51.100.7',
	],
	['the client before two trusted proxies', '10.0.0.1', ['203.0.113.9, 198.51.100.7, 10.0.0.2'], '198.51.100.7'],
	['an IPv6 client by its /64', '10.0.0.1', ['2001:db8:1:2:3:4:5:6'], '2001:db8:1:2::/64'],
	['a trusted proxy that tells nothing', '10.0.0.1', [], '10.0.0.1'],
	['a trusted proxy that tells nonsense', '10.0.0.1', ['198.51.100.7, unknown'], '10.0.0.1'],
	['a trusted proxy beside which the client tells too', '10.0.0.1', ['203.0.113.9', '198.51.100.7'], '10.0.0.1'],
	['a chain of trusted proxies alone', '10.0.0.1', ['10.0.0.3, 10.0.0.2'], '10.0.0.3'],
] as const)('%s', (_, peer, forwarded, expected) => {
	expect(from(peer, ...forwarded)).toBe(expected);
});

test('reads no more than the end of a long list', () => {
	const list = ['203.0.113.9', ...Array.from({ length: 5_000 }, () => '10.0.0.2')].join(',');
	expect(from('10.0.0.1', list)).toBe('10.0.0.2');
});
