/** Group A: nothing in a JOSE header is trusted, fetched or half understood (A12–A26). */
import { createPrivateKey } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DocumentFetcher, Reason } from '#core/index';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { selfSigned } from '../support/self-signed.ts';
import { encode, signSegments, testKey, wrapKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const key = testKey('RS256', 'header');
const attacker = testKey('RS256', 'header-attacker');
/** What the attacker serves to whoever fetches it. */
const bait = JSON.stringify({ keys: [{ ...attacker.jwk, kid: key.kid }, attacker.jwk] });

let provider: TestProvider;
let rig: GuardedGateway;
let canary: Server;
let canaryUrl: string;
let canaryRequests = 0;
const fetched: string[] = [];

beforeAll(async () => {
	canary = createServer((_, response) => {
		canaryRequests += 1;
		response.setHeader('content-type', 'application/json').end(bait);
	});
	await new Promise<void>((resolve) => {
		canary.listen(0, '127.0.0.1', resolve);
	});
	canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
	provider = await createTestProvider({ keys: [key] });
	const fetcher = createDocumentFetcher();
	const recording: DocumentFetcher = {
		get(url, options) {
			fetched.push(url);
			return fetcher.get(url, options);
		},
	};
	const { issuer, audience } = provider;
	rig = await startGuardedGateway(
		(upstream) => ({
			limits: { headers: '256KiB', token: '200KiB' },
			providers: {
				idp: { issuer, audience },
				strict: { issuer, audience, jwks_uri: provider.jwksUri, profile: 'rfc9068' },
			},
			routes: [
				{ name: 'idp', path: '/', providers: ['idp'], upstream },
				{ name: 'strict', path: '/strict', providers: ['strict'], upstream },
			],
		}),
		{ runtime: { fetcher: recording } },
	);
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
	canary.closeAllConnections();
	canary.close();
});

const send = (token: string) => rig.send({ token });

async function expectDenied(token: string, reason: Reason): Promise<void> {
	expectRefused(await send(token), '401-IT', reason);
}

/** Connections that this process opens while `work` runs, those of the test's own client included. */
async function connectionsDuring(work: () => Promise<unknown>): Promise<number> {
	let opened = 0;
	const count = (): void => {
		opened += 1;
	};
	subscribe('net.client.socket', count);
	try {
		await work();
	} finally {
		unsubscribe('net.client.socket', count);
	}
	return opened;
}

test('the genuine tokens of these tests pass, with every harmless parameter beside the known ones', async () => {
	expectForwarded(await send(provider.issue()));
	expectForwarded(await send(provider.issue({}, { header: { cty: 'text/plain', x: { y: [1] }, nonce: 'n' } })));
});

test('A12: header jwk with the key that signed it', async () => {
	for (const kid of [key.kid, attacker.kid, null]) {
		const header = { jwk: { ...attacker.jwk, kid: key.kid } };
		const token = provider.issue({}, { key: attacker, kid, header });
		await expectDenied(token, kid === attacker.kid ? 'key_unknown' : 'signature_invalid');
	}
});

test.each(['jku', 'x5u'])('A13: %s at a server of the attacker', async (parameter) => {
	const before = fetched.length;
	for (const kid of [key.kid, attacker.kid]) {
		const token = provider.issue({}, { key: attacker, kid, header: { [parameter]: `${canaryUrl}/keys` } });
		await expectDenied(token, kid === key.kid ? 'signature_invalid' : 'key_unknown');
	}
	// It would not be fetched for a genuine token either.
	expectForwarded(await send(provider.issue({}, { header: { [parameter]: `${canaryUrl}/keys` } })));
	expect(canaryRequests).toBe(0);
	expect(fetched.slice(before).filter((url) => !url.startsWith(provider.url))).toEqual([]);
	// The canary does count.
	await fetch(canaryUrl);
	expect(canaryRequests).toBe(1);
	canaryRequests = 0;
});

test.each([
	'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
	'http://169.254.169.254/metadata/identity/oauth2/token',
	'file:///etc/passwd',
	'http://[::1]:80/',
	'data:application/json,{}',
])('A14: jku %s', async (jku) => {
	const before = fetched.length;
	const token = provider.issue({}, { key: attacker, kid: key.kid, header: { jku, x5u: jku } });
	const opened = await connectionsDuring(() => expectDenied(token, 'signature_invalid'));
	// The one connection is the test's own to the gateway.
	expect(opened).toBe(1);
	expect(fetched).toHaveLength(before);
});

test('A15: header x5c with a self-signed certificate of the key that signed it', async () => {
	const { certificate, key: pem } = selfSigned({ commonName: 'idp.example.com' });
	const leaf = wrapKey(createPrivateKey(pem), 'ES256', key.kid);
	const x5c = [certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '')];
	// With the kid of the real key, which is an RSA key; with another; and with the certificate as the only hint.
	await expectDenied(provider.issue({}, { key: leaf, header: { x5c } }), 'algorithm_rejected');
	await expectDenied(provider.issue({}, { key: leaf, kid: 'leaf', header: { x5c } }), 'key_unknown');
	await expectDenied(provider.issue({}, { key: leaf, kid: null, header: { x5c, 'x5t#S256': 'AAAA' } }), 'key_unknown');
});

const kids: readonly (readonly [name: string, kid: string])[] = [
	['an SQL injection', "' UNION SELECT '1"],
	['a shell command', '$(sleep 10)'],
	['a device', '/dev/tcp/127.0.0.1/80'],
	['a path', '../../../../../../dev/null'],
	['64 KiB', 'k'.repeat(65_536)],
	['64 KiB of line breaks', '\r\n'.repeat(32_768)],
	['NUL', '\u0000'],
	['the kid of the key and a NUL', `${key.kid}\u0000`],
	['__proto__', '__proto__'],
	['constructor', 'constructor'],
	['toString', 'toString'],
	['hasOwnProperty', 'hasOwnProperty'],
	['a forged log line', 'x\n{"decision":"allow","status":200}\u001b[31m\u2028'],
	['the empty text', ''],
];

test.each(kids)('A17: kid is %s', async (_, kid) => {
	const lines = rig.gateway.log.length;
	for (const signer of [attacker, key]) {
		const seen = await send(provider.issue({}, { key: signer, kid }));
		expectRefused(seen, '401-IT', 'key_unknown');
		// One record, one line, of bounded length, whatever the kid.
		const line = JSON.stringify(seen.record);
		expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
		expect(line.length).toBeLessThan(2000);
	}
	for (const line of rig.gateway.log.slice(lines)) expect(line).not.toMatch(/[\u0000-\u001f]/);
});

test.each([1, { kid: key.kid }, [key.kid], null, true])('A18: kid %j', async (kid) => {
	await expectDenied(provider.issue({}, { header: { kid } }), 'token_malformed');
});

test.each([
	['names a registered parameter', { crit: ['exp'], exp: 4_102_444_800 }],
	['names alg', { crit: ['alg'] }],
	['is empty', { crit: [] }],
	['names one twice', { crit: ['x', 'x'], x: 1 }],
	['names an absent one', { crit: ['x'] }],
	['names an unknown one', { crit: ['x'], x: 1 }],
	['is the text b64', { crit: 'b64', b64: true }],
	['is null', { crit: null }],
	['is an object', { crit: { 0: 'exp', length: 1 } }],
	['holds a list', { crit: [['exp']] }],
	['names __proto__', { crit: ['__proto__'] }],
])('A19: crit %s, under a genuine signature', async (_, header) => {
	await expectDenied(provider.issue({}, { header }), 'token_malformed');
});

test('A20: b64 false with the payload unencoded', async () => {
	const header = encode({ alg: 'RS256', kid: key.kid, typ: 'at+jwt', b64: false, crit: ['b64'] });
	const [, payload = ''] = provider.issue().split('.');
	// A payload of JSON has quotes in it, and such a thing is no b64token at all (RFC 6750 §2.1).
	const raw = Buffer.from(payload, 'base64url').toString().replaceAll('.', '');
	expectRefused(await send(signSegments(header, raw, key)), '400-IR', 'credential_malformed');
	// One that could be base64url as well: the same octets signed, two readings.
	await expectDenied(signSegments(header, payload, key), 'token_malformed');
});

test.each([{ b64: false }, { b64: true, crit: ['b64'] }, { b64: true }])('A20: header %j', async (header) => {
	await expectDenied(provider.issue({}, { header }), 'token_malformed');
});

const otherTypes = [
	'dpop+jwt',
	'logout+jwt',
	'secevent+jwt',
	'token-introspection+jwt',
	'client-authentication+jwt',
	'application/dpop+jwt',
	'entity-statement+jwt',
	'kb+jwt',
	'JOSE',
	'',
] as const;

test.each(otherTypes)('A22: typ %j by the trusted issuer', async (typ) => {
	// An empty typ is a type too, and nobody's: only its absence was allowed.
	await expectDenied(provider.issue({}, { header: { typ } }), 'token_type_rejected');
});

test.each([
	['JWT', { nonce: 'n', at_hash: 'x' }],
	['JWT', { at_hash: 'x' }],
	['JWT', { nonce: 'n' }],
	[undefined, { c_hash: 'x' }],
	['JWT', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
	['JWT', { typ: 'ID' }],
	['JWT', { typ: 'Refresh' }],
])('A22: typ %j with the claims of another kind of token: %j', async (typ, claims) => {
	await expectDenied(provider.issue(claims, { header: { typ } }), 'token_type_rejected');
});

test.each([1, null, ['at+jwt'], { typ: 'at+jwt' }])('A22: typ %j', async (typ) => {
	await expectDenied(provider.issue({}, { header: { typ } }), 'token_malformed');
});

const strict = (typ: string | undefined): Promise<Seen> =>
	rig.send({ target: '/strict', token: provider.issue({}, { header: { typ } }) });

test.each(['JWT', 'jwt', undefined, 'at+jwt2', 'x-at+jwt', 'application/at+jwt; v=1', 'text/at+jwt', 'at+jwt '])(
	'A23: typ %j under RFC 9068',
	async (typ) => {
		expectRefused(await strict(typ), '401-IT', 'token_type_rejected');
	},
);

test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])(
	'A23: typ %j under RFC 9068 passes',
	async (typ) => {
		expectForwarded(await strict(typ));
	},
);

test.each(['JWT', 'jwt', 'application/jwt', 'application/JWT'])('A24: a nested JWT, cty %j', async (cty) => {
	await expectDenied(provider.issue({}, { payload: provider.issue(), header: { cty } }), 'token_malformed');
	// The claims are in the outer one after all, and still it says that they are not.
	await expectDenied(provider.issue({}, { header: { cty } }), 'token_malformed');
});

test('A24: a nested JWT that does not say so', async () => {
	await expectDenied(provider.issue({}, { payload: provider.issue() }), 'token_malformed');
	await expectDenied(provider.issue({}, { payload: JSON.stringify(provider.issue()) }), 'token_malformed');
});

test.each(['DEF', 'def', '', null, 'GZIP'])('A26: zip %j', async (zip) => {
	await expectDenied(provider.issue({}, { header: { zip } }), 'token_malformed');
});

test('A26: no token of this file moved the gateway to a request of its own', async () => {
	// Only its provider's metadata and keys were fetched: at the start, and a bounded number of times for unknown kids.
	expect(new Set(fetched)).toEqual(new Set([provider.discoveryUri, provider.jwksUri]));
	expect(fetched.length).toBeLessThan(10);
	expectRefused(await rig.sendBytes(requestBytes()), '401-NC', 'credential_missing');
});
