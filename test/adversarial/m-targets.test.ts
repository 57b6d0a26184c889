/** Group M: request targets and hosts that two servers could read in two ways (M14–M16). */
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Reason } from '#core/index';
import {
	type ExpectedAnswer,
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { clientOn } from '../support/raw-client.ts';
import { selfSigned } from '../support/self-signed.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;

const routes = (upstream: string) => [
	{ name: 'admin', path: '/admin', providers: ['idp'], scopes: ['admin'], upstream },
	{ name: 'public', path: '/pub/**', public: true, upstream },
	{ name: 'closed-host', host: 'closed.example.com', path: '/', providers: ['idp'], upstream },
	{ name: 'open-host', host: 'open.example.com', path: '/', public: true, upstream },
];

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	rig = await startGuardedGateway((upstream) => ({
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: routes(upstream),
	}));
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

const ambiguous: readonly [ExpectedAnswer, Reason] = ['400', 'path_ambiguous'];
const malformed: readonly [ExpectedAnswer, Reason] = ['400', 'request_malformed'];
const nowhere: readonly [ExpectedAnswer, Reason] = ['404', 'route_not_found'];

test.each([
	['/pub/../admin', ambiguous],
	['/pub/%2e%2e/admin', ambiguous],
	['/pub/%2e%2e%2fadmin', ambiguous],
	['/pub/..;/admin', ambiguous],
	['//admin', ambiguous],
	['/./admin', ambiguous],
	['/admin%2f', ambiguous],
	['/admin%00', ambiguous],
	['/ADMIN', nowhere],
	['/admin/', nowhere],
	['\\admin', malformed],
	['/pub\\..\\admin', ambiguous],
	['/pub/%252e%252e/admin', ambiguous],
	['/pub/%5c..%5cadmin', ambiguous],
	['/admin#x', malformed],
	['/pub#/../admin', malformed],
	['/pub/.%2e/admin', ambiguous],
	['/pub/%c0%ae%c0%ae/admin', ambiguous],
	['/pub/%u002e%u002e/admin', malformed],
	['/pub/%', malformed],
	['/pub//../admin', ambiguous],
	['/pub/;/../admin', ambiguous],
	['/pub/..', ambiguous],
	['/pub/..%3b/admin', ambiguous],
	['/pub/%09../admin', ambiguous],
] as const)('M14: %s', async (target, [answer, reason]) => {
	for (const token of [provider.issue({ scope: 'admin' }), undefined]) {
		expectRefused(await rig.send({ target, ...(token === undefined ? {} : { token }) }), answer, reason);
	}
});

test('M14: /%61dmin is /admin, for the decision and for the upstream', async () => {
	expectRefused(await rig.send({ target: '/%61dmin' }), '401-NC', 'credential_missing');
	const seen = await rig.send({ target: '/%61dmin?next=/../%2e', token: provider.issue({ scope: 'admin' }) });
	expect(seen.record.route).toBe('admin');
	expect(expectForwarded(seen).target).toBe('/admin?next=/../%2e');
});

test.each([
	['/pub/a%2Eb', '/pub/a.b'],
	['/pub/...', '/pub/...'],
	['/pub/a;b=c/d', '/pub/a;b=c/d'],
	['/pub/%e2%82%ac', '/pub/%E2%82%AC'],
	['/pub/a:b@c', '/pub/a:b@c'],
	['/pub?/../admin', '/pub?/../admin'],
	['/pub/', '/pub/'],
])('M14: %s is plain, and reaches the upstream as %s', async (target, forwarded) => {
	const seen = await rig.send({ target });
	expect(expectForwarded(seen).target).toBe(forwarded);
	expect(seen.record.route).toBe('public');
});

test('M14: without a token, no path that any server could read as another reaches the upstream', async () => {
	const piece = fc.constantFrom(
		'/',
		'/',
		'.',
		'..',
		'pub',
		'admin',
		'%2e',
		'%2E',
		'%2f',
		'%5c',
		'\\',
		';',
		';x=1',
		'%00',
		'%25',
		'2e',
		'2f',
		'A',
		'%61',
		'%3b',
	);
	const outcomes = { forwarded: 0, refused: 0 };
	await fc.assert(
		fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
			const { forwarded } = await rig.send({ target: `/pub/${pieces.join('')}` });
			outcomes[forwarded.length > 0 ? 'forwarded' : 'refused'] += 1;
			for (const { target } of forwarded)
				for (const reading of readings(target)) expect(reading).toMatch(/^\/pub(?:\/|$)/);
		}),
		{ numRuns: 300 },
	);
	expect(outcomes.forwarded).toBeGreaterThan(10);
	expect(outcomes.refused).toBeGreaterThan(10);
});

/** How backends are known to read a path: decoded up to three times, `\` as `/`, parameters cut off, dots resolved. */
function readings(path: string): readonly string[] {
	const decoded = [path];
	for (let n = 0; n < 3; n++)
		decoded.push(
			(decoded.at(-1) ?? '').replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
				String.fromCharCode(Number.parseInt(hex, 16)),
			),
		);
	return decoded
		.flatMap((text) => [text, text.replaceAll('\\', '/')])
		.flatMap((text) => [text, text.replaceAll(/;[^/]*/g, ''), text.split('\0', 1)[0] ?? ''])
		.map((text) => {
			const kept: string[] = [];
			for (const segment of text.split('/').filter((each) => each !== '' && each !== '.')) {
				if (segment === '..') kept.pop();
				else kept.push(segment);
			}
			return `/${kept.join('/')}`;
		});
}

test('M15: an absolute-form target for another host than Host', async () => {
	const seen = await rig.send({ target: 'http://open.example.com/', host: 'closed.example.com' });
	expectRefused(seen, '421', 'misdirected');
	expectRefused(
		await rig.send({ target: 'http://closed.example.com/', host: 'open.example.com' }),
		'421',
		'misdirected',
	);
	expectRefused(
		await rig.send({ target: 'http://open.example.com:81/', host: 'open.example.com' }),
		'421',
		'misdirected',
	);
});

test('M15: an absolute-form target for the same host is that host and path', async () => {
	expectRefused(
		await rig.send({ target: 'http://closed.example.com/', host: 'closed.example.com' }),
		'401-NC',
		'credential_missing',
	);
	const forwarded = expectForwarded(await rig.send({ target: 'http://OPEN.example.com', host: 'open.example.com' }));
	expect(forwarded.target).toBe('/');
	expect(forwarded.values('host')).toEqual([new URL(rig.upstream.url).host]);
});

test.each([
	'ftp://open.example.com/',
	'http://',
	'http:///',
	'http://user@open.example.com/',
	'http:/open.example.com/',
	'file:///etc/passwd',
])('M15: the target %s', async (target) => {
	expectRefused(await rig.send({ target, host: 'open.example.com' }), '400', 'request_malformed');
});

test.each([
	['none', ''],
	['two', 'Host: open.example.com\r\nHost: open.example.com\r\n'],
	['two that differ', 'Host: closed.example.com\r\nHost: open.example.com\r\n'],
	['a list', 'Host: closed.example.com, open.example.com\r\n'],
	['with user information', 'Host: closed.example.com@open.example.com\r\n'],
	['with a path', 'Host: open.example.com/x\r\n'],
	['with a bad port', 'Host: open.example.com:http\r\n'],
	['with a port out of range', 'Host: open.example.com:65536\r\n'],
	['with a space', 'Host: open.example.com x\r\n'],
	['percent-encoded', 'Host: %6fpen.example.com\r\n'],
	['with octets outside ASCII', 'Host: \xf6pen.example.com\r\n'],
	['two dots at the end', 'Host: open.example.com..\r\n'],
])('M15: Host: %s', async (_, lines) => {
	expectRefused(await rig.sendBytes(`GET / HTTP/1.1\r\n${lines}\r\n`), '400', 'request_malformed');
});

test.each(['CLOSED.example.com', 'closed.example.com.', 'closed.example.com:8080', 'Closed.Example.Com.:443'])(
	'M15: Host: %s is closed.example.com',
	async (host) => {
		expectRefused(await rig.send({ host }), '401-NC', 'credential_missing');
		const seen = await rig.send({ host, token: provider.issue() });
		expectForwarded(seen);
		expect(seen.record.route).toBe('closed-host');
	},
);

test('M15: a host without a route of its own', async () => {
	expectRefused(await rig.send({ host: 'open.example.com.evil.example' }), '404', 'route_not_found');
	expectRefused(await rig.send({ host: 'other.example.com' }), '404', 'route_not_found');
});

test('M15: the policy of Host counts, whatever name the TLS handshake had', async () => {
	const { certificate, key } = selfSigned();
	const tls = await startGuardedGateway(
		(upstream) => ({
			listen: { address: '127.0.0.1:0', tls: { certificate: 'tls.crt', key: 'tls.key' } },
			providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
			routes: routes(upstream),
		}),
		{ files: { 'tls.crt': certificate, 'tls.key': key } },
	);
	onTestFinished(() => tls.stop());
	const ask = async (servername: string, host: string): Promise<number> => {
		const socket = connectTls({
			host: '127.0.0.1',
			port: tls.gateway.port,
			servername,
			ca: certificate,
			checkServerIdentity: () => undefined,
		});
		await new Promise((resolve, reject) => {
			socket.once('secureConnect', resolve).once('error', reject);
		});
		const client = clientOn(socket);
		client.send(requestBytes({ host }));
		const { status } = await client.response();
		client.destroy();
		return status;
	};
	expect(await ask('open.example.com', 'closed.example.com')).toBe(401);
	expect(await ask('closed.example.com', 'closed.example.com')).toBe(401);
	expect(tls.upstream.requests).toHaveLength(0);
	expect(await ask('closed.example.com', 'open.example.com')).toBe(200);
	const records = tls.gateway.records.map(({ route, reason }) => ({ route, reason }));
	const refused = { route: 'closed-host', reason: 'credential_missing' };
	expect(records.slice(0, 2)).toEqual([refused, refused]);
});

test.each([
	['OPTIONS', '*', malformed],
	['GET', '*', malformed],
	['GET', 'open.example.com:443', malformed],
	['GET', 'pub/x', malformed],
	['OPTIONS', '*/pub', malformed],
	['CONNECT', 'open.example.com:443', ['405', 'method_not_allowed']],
	['CONNECT', '127.0.0.1:9090', ['405', 'method_not_allowed']],
	['TRACE', '/pub/x', ['405', 'method_not_allowed']],
] as const)('M16: %s %s', async (method, target, [answer, reason]) => {
	expectRefused(await rig.send({ method, target, host: 'open.example.com' }), answer, reason);
});
