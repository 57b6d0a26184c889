/** Group J: shared access signatures over real sockets (J02–J08, J10, J14). J01, J09 and J12 stand in j-formats. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reason } from '#core/index';
import {
	expectForwarded,
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import {
	farAway,
	joinFields,
	type SasParts,
	sasFields,
	secondaryKey,
	senderKey,
	signSas,
} from '../support/sign-sas.ts';

const disabledKey = 'Hd2Kq9Lw4Rt7Yv1Zx6Cb3Nm8Pf5Gs0Ja';
const unnamedKey = 'Uq1We3Rt5Yu7Io9Pa2Sd4Fg6Hj8Kl0Zx';

let rig: GuardedGateway;

beforeAll(async () => {
	const keys = {
		sender: { primary: senderKey, secondary: secondaryKey },
		retired: { primary: disabledKey, disabled: true },
	};
	const bus = { tokens: ['shared_access'], format: 'service_bus', audience: 'sb://bus.example.net/', keys };
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			bus,
			unnamed: {
				...bus,
				keys: { ...keys, device: { primary: unnamedKey } },
				unnamed_key: 'device',
				audience: ['sb://bus.example.net/', 'hub.example.net'],
			},
			short: { ...bus, max_lifetime: '1h' },
			anywhere: {
				...bus,
				token_from: [{ header: 'Authorization' }, { header: 'Api-Key' }, { insecure_query: 'token' }],
			},
		},
		routes: [
			{ name: 'rooted', path: '/**', providers: ['bus'], upstream },
			{ name: 'unnamed', path: '/devices/**', providers: ['unnamed'], upstream },
			{ name: 'short', path: '/short/**', providers: ['short'], upstream },
			{ name: 'anywhere', path: '/anywhere/**', providers: ['anywhere'], upstream },
		],
	}));
});

afterAll(() => rig.stop());

/** Sends the signature and looks for what it signs with, wherever that must not be. */
async function send(token: string, target = '/orders', scheme = 'SharedAccessSignature'): Promise<Seen> {
	const headers = [['Authorization', `${scheme} ${token}`]] as const;
	const seen = await rig.sendBytes(requestBytes({ target, headers }));
	noTrace(token, seen);
	return seen;
}

function noTrace(token: string, seen: Seen): void {
	const signature = /sig=([^&]*)/.exec(token)?.[1] ?? token;
	expectNoTrace(signature, seen, rig.gateway);
	expectNoTrace(
		signature.replaceAll(/%[0-9A-F]{2}/gi, (octet) => String.fromCharCode(Number.parseInt(octet.slice(1), 16))),
		seen,
		rig.gateway,
	);
}

function refused(seen: Seen, reason: Reason): void {
	expectRefused(seen, reason === 'resource_mismatch' ? '403' : '401-IT', reason, 'SharedAccessSignature');
}

const now = () => Math.floor(Date.now() / 1000);

test('a signature of either key passes, seen first and seen before, and is taken out', async () => {
	for (const key of [senderKey, secondaryKey]) {
		const token = signSas({ key });
		for (let times = 0; times < 2; times++) {
			const seen = await send(token);
			expectForwarded(seen);
			expect(seen.record).toMatchObject({ provider: 'bus', kind: 'shared_access', client: 'sender' });
		}
	}
});

describe('J02: se', () => {
	test('in the past', async () => {
		refused(await send(signSas({ se: now() - 60 })), 'token_expired');
	});

	test.each([
		['missing', () => joinFields(sasFields().filter(([name]) => name !== 'se'))],
		['twice', () => `${signSas()}&se=${farAway}`],
		['twice, the first one past', () => `se=1&${signSas()}`],
		['empty', () => signSas({ se: '' })],
		['hexadecimal', () => signSas({ se: '0xF4865700' })],
		['with an exponent', () => signSas({ se: '1e10' })],
		['negative', () => signSas({ se: '-4102444800' })],
		['with a sign', () => signSas({ se: '+4102444800' })],
		['2^63', () => signSas({ se: '9223372036854775808' })],
		['with a fraction', () => signSas({ se: '4102444800.5' })],
		['with a leading zero', () => signSas({ se: '04102444800' })],
		['percent-encoded', () => signSas({ se: '%34102444800' })],
		['with white space before it', () => signSas({ se: ' 4102444800' })],
		['with white space in it', () => signSas({ se: '41024 44800' })],
		['with encoded white space', () => signSas({ se: '4102444800%20' })],
		['a number in words', () => signSas({ se: 'Infinity' })],
	])('%s', async (_, token) => {
		refused(await send(token()), 'token_malformed');
	});

	test('further away than max_lifetime', async () => {
		const resource = 'sb://bus.example.net/short';
		refused(await send(signSas({ resource, se: now() + 3660 }), '/short'), 'token_lifetime_exceeded');
		expectForwarded(await send(signSas({ resource, se: now() + 3540 }), '/short'));
	});
});

describe('J03: sig', () => {
	const withSignature = (change: (sig: string) => string) =>
		joinFields(sasFields().map(([name, value]) => [name, name === 'sig' ? change(value) : value] as const));
	const first = (sig: string) => `${sig.startsWith('A') ? 'B' : 'A'}${sig.slice(1)}`;

	test.each([
		['altered', first, 'signature_invalid'],
		['of another text', () => encodeURIComponent(Buffer.alloc(32, 7).toString('base64')), 'signature_invalid'],
		['truncated', () => encodeURIComponent(Buffer.alloc(31, 7).toString('base64')), 'signature_invalid'],
		['cut off', (sig: string) => sig.slice(0, -9), 'token_malformed'],
		['empty', () => '', 'token_malformed'],
		['without padding', (sig: string) => sig.replace(/(%3D)+$/i, ''), 'token_malformed'],
		['with a bad percent-encoding', (sig: string) => `%2${sig}`, 'token_malformed'],
		['with a half percent-encoding', (sig: string) => `${sig}%`, 'token_malformed'],
		['encoded twice', (sig: string) => encodeURIComponent(sig), 'token_malformed'],
		['in base64url', () => encodeURIComponent('-_-_'.repeat(11)), 'token_malformed'],
		[
			'with unused bits',
			(sig: string) => sig.replace(/(.)%3D$/i, (_, last: string) => `${unused(last)}%3D`),
			'token_malformed',
		],
		['with a zero octet behind it', (sig: string) => `${sig}%00`, 'token_malformed'],
	] as const)('%s', async (_, change, reason) => {
		refused(await send(withSignature(change)), reason);
	});

	test('percent-encodings in either case and a literal + are the same signature', async () => {
		const parts = partsWithPlus();
		const sig = sasFields(parts).find(([name]) => name === 'sig')?.[1] ?? '';
		expect(sig).toMatch(/%2B/);
		for (const spelling of [sig, lowerHex(sig), sig.replaceAll('%2B', '+')]) {
			const fields = sasFields(parts).map(([name, value]) => [name, name === 'sig' ? spelling : value] as const);
			expectForwarded(await send(joinFields(fields)));
		}
		const spaced = sasFields(parts).map(
			([name, value]) => [name, name === 'sig' ? sig.replaceAll('%2B', '%20') : value] as const,
		);
		refused(await send(joinFields(spaced)), 'token_malformed');
	});
});

/** The next character that decodes to the same octets. */
function unused(last: string): string {
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
	return alphabet[alphabet.indexOf(last) + 1] ?? 'A';
}

function lowerHex(text: string): string {
	return text.replaceAll(/%[0-9A-F]{2}/g, (encoding) => encoding.toLowerCase());
}

/** Some expiry under which the signature has a `+`. */
function partsWithPlus(): SasParts {
	for (let se = farAway; ; se++) if (signSas({ se }).includes('%2B')) return { se };
}

describe('J05: fields', () => {
	test('in any order', async () => {
		const fields = sasFields();
		for (let turn = 0; turn < fields.length; turn++) {
			expectForwarded(await send(joinFields([...fields.slice(turn), ...fields.slice(0, turn)])));
		}
	});

	test.each([
		['an extra & at the end', `${signSas()}&`],
		['an extra & at the beginning', `&${signSas()}`],
		['an extra & in between', signSas().replace('&', '&&')],
		['an unknown field', `${signSas()}&sv=2020-01-01`],
		['a field of another layout', `${signSas()}&uid=sender`],
		['sr twice', `${signSas()}&sr=sb%3A%2F%2Fbus.example.net%2F`],
		['sig twice', `${signSas()}&sig=AAAA`],
		['skn twice', `${signSas()}&skn=retired`],
		['the same field twice', `${signSas()}&skn=sender`],
		['a name in another case', signSas().replace('skn=', 'SKN=')],
		['an encoded name', signSas().replace('skn=', '%73kn=')],
		['; for &', signSas().replaceAll('&', ';')],
		['no fields at all', 'nothing'],
		['a comma', `${signSas()},${signSas()}`],
		['quotes', `"${signSas()}"`],
	])('%s', async (_, token) => {
		refused(await send(token), 'token_malformed');
	});
});

describe('J06: skn', () => {
	test.each([
		['unknown', signSas({ skn: 'nobody' })],
		['missing', signSas({ skn: undefined })],
		['__proto__', signSas({ skn: '__proto__' })],
		['constructor', signSas({ skn: 'constructor' })],
		['in another case', signSas({ skn: 'Sender' })],
		['of a key that is disabled', signSas({ skn: 'retired', key: disabledKey })],
	])('%s', async (_, token) => {
		refused(await send(token), 'key_unknown');
	});

	test('empty', async () => {
		refused(await send(signSas({ skn: '' })), 'token_malformed');
	});

	test('of another key than the one that signed', async () => {
		refused(await send(signSas({ key: disabledKey })), 'signature_invalid');
	});

	test('missing, where a key is named for that', async () => {
		const resource = 'hub.example.net/devices/one';
		expectForwarded(await send(signSas({ skn: undefined, key: unnamedKey, resource }), '/devices/one/messages'));
		refused(
			await send(signSas({ skn: undefined, key: senderKey, resource }), '/devices/one/messages'),
			'signature_invalid',
		);
	});
});

describe('J07: sr', () => {
	const at = (resource: string, target: string) => send(signSas({ resource }), target);

	test.each([
		['sb://bus.example.net/orders', '/orders'],
		['sb://bus.example.net/orders', '/orders/'],
		['sb://bus.example.net/orders', '/orders/7?a=b'],
		['sb://bus.example.net/orders/7', '/orders/7/lines'],
		['sb://bus.example.net/orders/', '/orders/7'],
		['sb://bus.example.net/', '/orders'],
		['sb://bus.example.net', '/orders'],
		['SB://BUS.example.NET/orders', '/orders'],
		['sb://bus.example.net/caf%C3%A9', '/caf%c3%a9/menu'],
	])('%s opens %s', async (resource, target) => {
		expectForwarded(await at(resource, target));
	});

	test.each([
		['sb://bus.example.net/orders', '/ordersarchive'],
		['sb://bus.example.net/orders', '/orders-archive'],
		['sb://bus.example.net/orders', '/Orders'],
		['sb://bus.example.net/orders', '/order'],
		['sb://bus.example.net/orders', '/'],
		['sb://bus.example.net/orders', '/orders;v=1'],
		['sb://bus.example.net/orders/', '/orders'],
		['sb://bus.example.net/orders/7', '/orders'],
		['sb://bus.example.net/orders/7', '/orders/8'],
	])('%s does not open %s', async (resource, target) => {
		refused(await at(resource, target), 'resource_mismatch');
	});

	test.each([
		'sb://other.example.net/orders',
		'https://bus.example.net/orders',
		'bus.example.net/orders',
		'sb://bus.example.net:5671/orders',
		'sb://bus.example.net.evil.example/orders',
		'sb://evil.example/bus.example.net/orders',
	])('%s is outside the root', async (resource) => {
		refused(await at(resource, '/orders'), 'audience_mismatch');
	});

	test.each([
		'sb://bus.example.net//orders',
		'sb://bus.example.net/orders/..',
		'sb://bus.example.net/orders/../admin',
		'sb://bus.example.net/orders/%2e%2e/admin',
		'sb://bus.example.net/orders%2fadmin',
		'sb://bus.example.net/orders\\admin',
		'sb://bus.example.net/orders?a=b',
		'sb://bus.example.net/orders#a',
		'sb://bus.example.net@evil.example/orders',
		'sb:///orders',
		'/orders',
		'sb://bus.example.net /orders',
	])('%s has no one reading', async (resource) => {
		refused(await at(resource, '/orders'), 'token_malformed');
	});

	test.each(['//orders', '/orders/../admin', '/orders/%2e%2e/admin'])('%s is refused before', async (target) => {
		const seen = await rig.sendBytes(
			requestBytes({ target, headers: [['Authorization', `SharedAccessSignature ${signSas()}`]] }),
		);
		expect({ status: seen.response.status, reason: seen.record.reason }).toEqual({
			status: 400,
			reason: 'path_ambiguous',
		});
		expect(seen.forwarded).toHaveLength(0);
	});

	test('it is signed as it is written: another spelling of the same resource needs a signature of its own', async () => {
		const lower = 'sb%3a%2f%2fbus.example.net%2forders';
		expectForwarded(await send(signSas({ sr: lower })));
		expectForwarded(await send(signSas({ sr: 'sb://bus.example.net/orders' })));
		refused(await send(signSas({ sr: lower, input: `${lower.toUpperCase()}\n${farAway}` })), 'signature_invalid');
		refused(await send(signSas({ sr: lower, input: `sb://bus.example.net/orders\n${farAway}` })), 'signature_invalid');
	});
});

describe('J08: where it stands', () => {
	const token = signSas({ resource: 'sb://bus.example.net/anywhere' });

	test.each(['SharedAccessSignature', 'sharedaccesssignature', 'SHAREDACCESSSIGNATURE'])('%s', async (scheme) => {
		expectForwarded(await send(signSas(), '/orders', scheme));
	});

	test.each(['Bearer', 'GatewayKey', 'SharedAccessSignatures', 'SharedAccess'])(
		'%s is no scheme for it',
		async (scheme) => {
			const seen = await send(signSas(), '/orders', scheme);
			if (scheme === 'Bearer') expectRefused(seen, '400-IR', 'credential_malformed', 'SharedAccessSignature');
			else expectRefused(seen, '401-NC', 'scheme_unsupported', 'SharedAccessSignature');
		},
	);

	test('the scheme alone, and nothing at all', async () => {
		const alone = await rig.sendBytes(requestBytes({ headers: [['Authorization', 'SharedAccessSignature']] }));
		expectRefused(alone, '400-IR', 'credential_malformed', 'SharedAccessSignature');
		expectRefused(await rig.send(), '401-NC', 'credential_missing', 'SharedAccessSignature');
	});

	test('in the query or another header only where the provider says so', async () => {
		const query = `/orders?token=${encodeURIComponent(signSas())}`;
		expectRefused(
			await rig.sendBytes(requestBytes({ target: query })),
			'401-NC',
			'credential_missing',
			'SharedAccessSignature',
		);
		const header = await rig.sendBytes(
			requestBytes({ target: '/orders', headers: [['Api-Key', `SharedAccessSignature ${signSas()}`]] }),
		);
		expectRefused(header, '401-NC', 'credential_missing', 'SharedAccessSignature');
	});

	test.each([`SharedAccessSignature ${token}`, token])('in another header: %s', async (value) => {
		const seen = await rig.sendBytes(requestBytes({ target: '/anywhere', headers: [['Api-Key', value]] }));
		noTrace(token, seen);
		expect(expectForwarded(seen).values('api-key')).toEqual([]);
	});

	test('J14: in the query, taken out on the way and nowhere in the records', async () => {
		for (const value of [`SharedAccessSignature ${token}`, token]) {
			const target = `/anywhere/x?a=1&token=${encodeURIComponent(value)}&b=2`;
			const seen = await rig.sendBytes(requestBytes({ target }));
			noTrace(token, seen);
			noTrace(encodeURIComponent(token), seen);
			expect(expectForwarded(seen).target).toBe('/anywhere/x?a=1&b=2');
		}
	});

	test('twice', async () => {
		const seen = await rig.sendBytes(
			requestBytes({
				target: `/anywhere?token=${encodeURIComponent(token)}`,
				headers: [['Authorization', `SharedAccessSignature ${token}`]],
			}),
		);
		expectRefused(seen, '400-IR', 'credential_repeated', 'SharedAccessSignature');
	});
});

describe('J10: what was signed has one reading', () => {
	test.each([
		[
			'a line feed in se',
			signSas({ se: `${farAway}%0A1`, input: `sb%3A%2F%2Fbus.example.net%2Forders\n${farAway}\n1` }),
		],
		['a line feed in sr', signSas({ sr: 'sb%3A%2F%2Fbus.example.net%2Forders%0A1', se: farAway })],
		['a carriage return in sr', signSas({ sr: 'sb%3A%2F%2Fbus.example.net%2Forders%0D' })],
		['NUL in sr', signSas({ sr: 'sb%3A%2F%2Fbus.example.net%2Forders%00' })],
		['a line separator of C1 in sr', signSas({ sr: 'sb%3A%2F%2Fbus.example.net%2Forders%C2%85' })],
		['a line feed in skn', signSas({ skn: 'sender\n' })],
		['octets that are no UTF-8', signSas({ sr: 'sb%3A%2F%2Fbus.example.net%2F%FF' })],
		['an overlong slash', signSas({ sr: 'sb%3A%2F%2Fbus.example.net%C0%AF' })],
	])('%s', async (_, token) => {
		refused(await send(token), 'token_malformed');
	});
});
