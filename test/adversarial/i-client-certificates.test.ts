/** Group I (I02–I12): tokens bound to client certificates, over real TLS listeners and from terminators (RFC 8705). */
import { X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	type SentRequest,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { type IntrospectionServer, startIntrospectionServer } from '../support/introspection-server.ts';
import { clientOn } from '../support/raw-client.ts';
import { type SelfSigned, selfSigned, thumbprintOf } from '../support/self-signed.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';
import { h2Request, h2Session, ownCertificate, secureSocket } from '../support/tls-gateway.ts';

const ca = selfSigned({ commonName: 'authority', isAuthority: true });
const holder = selfSigned({ commonName: 'holder', issuer: ca });
const thief = selfSigned({ commonName: 'thief', issuer: ca });
const own = selfSigned({ commonName: 'self-signed' });
const past = { from: Date.UTC(2020, 0, 1), to: Date.UTC(2021, 0, 1) };
const bound = (to: SelfSigned = holder) => ({ 'x5t#S256': thumbprintOf(to) });

let provider: TestProvider;
let opaque: IntrospectionServer;
let rig: GuardedGateway;
/** Listeners: with certificates required, with certificates asked for, and without. */
let required: string;
let requested: string;

beforeAll(async () => {
	provider = await createTestProvider();
	opaque = await startIntrospectionServer();
	const tls = { certificate: 'server.pem', key: 'server.key', client_ca: 'ca.pem' };
	rig = await startGuardedGateway(
		(upstream) => ({
			listen: [
				'127.0.0.1:0',
				{ address: '127.0.0.1:0', tls: { ...tls, client_certificate: 'require' } },
				{ address: '127.0.0.1:0', tls: { ...tls, client_certificate: 'request' } },
			],
			providers: {
				idp: { issuer: provider.issuer, audience: 'https://api.example.com' },
				legacy: {
					issuer: opaque.issuer,
					tokens: ['opaque'],
					introspection_endpoint: opaque.endpoint,
					client: { id: 'gateway', secret: 'a-secret-of-the-gateway' },
					audience: 'https://api.example.com',
				},
			},
			routes: [
				{ path: '/if-bound', providers: ['idp'], upstream },
				{ path: '/mtls', providers: ['idp'], binding: 'mtls', upstream },
				{ path: '/required', providers: ['idp'], binding: 'required', upstream },
				{ path: '/opaque', providers: ['legacy'], binding: 'mtls', upstream },
			],
		}),
		{ files: { 'server.pem': ownCertificate.certificate, 'server.key': ownCertificate.key, 'ca.pem': ca.certificate } },
	);
	[, required = '', requested = ''] = rig.gateway.gateway.addresses.map(({ url }) => url);
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
	await opaque.stop();
});

/** One request with this certificate on a connection of its own. */
async function sendAs(certificate: SelfSigned | undefined, request: SentRequest, url = requested): Promise<Seen> {
	return sendOn(await connection(certificate, url), request);
}

async function connection(certificate: SelfSigned | undefined, url = requested, options: ConnectionOptions = {}) {
	const shown = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key };
	return clientOn(await secureSocket(url, { ...shown, ...options }));
}

async function sendOn(client: Awaited<ReturnType<typeof connection>>, request: SentRequest): Promise<Seen> {
	const records = rig.gateway.records.length;
	const arrived = rig.upstream.requests.length;
	client.send(requestBytes({ host: 'localhost', ...request }));
	const response = await client.response();
	const record = await rig.gateway.record(records + 1);
	return { response, record, forwarded: rig.upstream.requests.slice(arrived) };
}

const guarded = ['/if-bound', '/mtls', '/required'];

test.each(guarded)('I03: the right certificate opens %s', async (target) => {
	const token = provider.issue({ cnf: bound() });
	expectForwarded(await sendAs(holder, { target, token }));
	expectForwarded(await sendAs(holder, { target, token }, required));
});

test.each(guarded)('I02: another certificate of the same authority, or none, does not open %s', async (target) => {
	const token = provider.issue({ cnf: bound() });
	expectRefused(await sendAs(thief, { target, token }), '401-IT', 'binding_mismatch');
	expectRefused(await sendAs(thief, { target, token }, required), '401-IT', 'binding_mismatch');
	expectRefused(await sendAs(undefined, { target, token }), '401-IT', 'binding_missing');
	expectRefused(await rig.send({ target, token }), '401-IT', 'binding_missing');
});

test('a route for bound tokens refuses unbound ones, whatever certificate comes with them', async () => {
	const token = provider.issue();
	for (const target of ['/mtls', '/required']) {
		expectRefused(await sendAs(holder, { target, token }), '401-IT', 'binding_missing');
	}
	expectForwarded(await sendAs(holder, { target: '/if-bound', token }));
});

const right = thumbprintOf(holder);
test.each([
	['padded', `${right}=`],
	['in hexadecimal', Buffer.from(right, 'base64url').toString('hex')],
	['of SHA-1 length', 'A4DtL2JmUMhAsvJj5tKyn64SqzM'],
	['lower-cased', right.toLowerCase()],
	['upper-cased', right.toUpperCase()],
	['in Base64', Buffer.from(right, 'base64url').toString('base64')],
	['with a bit set behind its last octet', right.slice(0, -1) + String.fromCharCode(right.charCodeAt(42) + 1)],
	['with a space', ` ${right}`],
	['empty', ''],
	['a number', 5],
	['a list', [right]],
	['null', null],
	['an object', { 'x5t#S256': right }],
])('I04: x5t#S256 %s', async (_, value) => {
	for (const target of guarded) {
		const seen = await sendAs(holder, { target, token: provider.issue({ cnf: { 'x5t#S256': value } }) });
		expectRefused(seen, '401-IT', 'binding_mismatch');
	}
});

test.each([
	['jkt', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
	['a member that nobody knows', { kid: 'x' }],
	['x5t', { x5t: right }],
])('I05: two members, of which the certificate satisfies one, beside %s', async (_, other) => {
	for (const target of guarded) {
		const token = provider.issue({ cnf: { ...bound(), ...other } });
		const { record, forwarded } = await sendAs(holder, { target, token });
		expect({ reason: record.reason, status: record.status, forwarded }).toEqual({
			reason: 'binding_missing',
			status: 401,
			forwarded: [],
		});
	}
});

test('G06: what the holder made known is worth nothing to a thief, on other connections and the same listener', async () => {
	const token = provider.issue({ cnf: bound() });
	for (let round = 0; round < 3; round++) {
		expectForwarded(await sendAs(holder, { target: '/if-bound', token }));
		expectRefused(await sendAs(thief, { target: '/if-bound', token }), '401-IT', 'binding_mismatch');
		expectRefused(await sendAs(undefined, { target: '/if-bound', token }), '401-IT', 'binding_missing');
		expectRefused(await rig.send({ target: '/if-bound', token }), '401-IT', 'binding_missing');
	}
});

const certificateFields = [
	'X-SSL-Client-Cert',
	'X-Forwarded-Client-Cert',
	'X-ARR-ClientCert',
	'Client-Cert',
	'ssl-client-cert',
	'X_SSL_Client_Cert',
	'X_Forwarded_Client_Cert',
	'CLIENT_CERT',
	'Ssl_Client_Cert',
	'x.ssl.client.cert',
];

test.each(certificateFields)('I07: %s of somebody who is no terminator is neither read nor passed on', async (name) => {
	const token = provider.issue({ cnf: bound() });
	const { raw } = new X509Certificate(holder.certificate);
	for (const value of [
		encodeURIComponent(holder.certificate),
		raw.toString('base64'),
		`:${raw.toString('base64')}:`,
		`Hash=${raw.toString('hex')}`,
	]) {
		const headers = [[name, value]] as const;
		expectRefused(await rig.send({ target: '/mtls', token, headers }), '401-IT', 'binding_missing');
		expectRefused(await sendAs(thief, { target: '/mtls', token, headers }), '401-IT', 'binding_mismatch');
		const request = expectForwarded(await rig.send({ target: '/if-bound', token: provider.issue(), headers }));
		expect(request.lines.filter((line) => /cert/i.test(line))).toEqual([]);
	}
});

test.each([
	['expired', { ...past, issuer: ca }],
	['not yet valid', { from: Date.UTC(2040, 0, 1), to: Date.UTC(2041, 0, 1), issuer: ca }],
	['for servers only', { serverOnly: true, issuer: ca }],
	['self-signed', {}],
	['of an unknown authority', { issuer: selfSigned({ commonName: 'unknown', isAuthority: true }) }],
])('I09: a certificate that is %s ends the handshake where one is required', async (_, options) => {
	const certificate = selfSigned({ commonName: 'holder', ...options });
	const records = rig.gateway.records.length;
	const client = await connection(certificate, required).catch(() => undefined);
	client?.send(requestBytes({ host: 'localhost', target: '/mtls' }));
	const answer = client === undefined ? undefined : await client.response().catch(() => undefined);
	expect(answer).toBeUndefined();
	expect(rig.gateway.records).toHaveLength(records);
});

test('I09: where it is only asked for, a self-signed certificate counts by its thumbprint alone (RFC 8705 §2.2)', async () => {
	expectForwarded(await sendAs(own, { target: '/mtls', token: provider.issue({ cnf: bound(own) }) }));
	const seen = await sendAs(own, { target: '/mtls', token: provider.issue({ cnf: bound() }) });
	expectRefused(seen, '401-IT', 'binding_mismatch');
});

test('I10: it is the certificate of this connection, with every token and after resumption', async () => {
	const [first, second] = [provider.issue({ cnf: bound() }), provider.issue({ cnf: bound(thief) })];
	const client = await connection(holder);
	expectForwarded(await sendOn(client, { target: '/mtls', token: first }));
	expectRefused(await sendOn(client, { target: '/mtls', token: second }), '401-IT', 'binding_mismatch');
	expectForwarded(await sendOn(client, { target: '/mtls', token: first }));

	const socket = await secureSocket(requested, { cert: holder.certificate, key: holder.key, maxVersion: 'TLSv1.2' });
	const session = socket.getSession();
	if (session === undefined) throw new Error('no session');
	// A resumed session is the holder's, whatever certificate the client would show now.
	const resumed = await connection(thief, requested, { session, maxVersion: 'TLSv1.2' });
	expectForwarded(await sendOn(resumed, { target: '/mtls', token: first }));
	expectRefused(await sendOn(resumed, { target: '/mtls', token: second }), '401-IT', 'binding_mismatch');
});

test('I11: a connection that was made for one host carries no request for another', async () => {
	const token = provider.issue({ cnf: bound() });
	const seen = await sendAs(holder, { target: '/mtls', token, host: 'other.example.com' });
	expect(seen.response.status).toBe(421);
	expect(seen.forwarded).toEqual([]);
	const session = await h2Session(requested, { cert: holder.certificate, key: holder.key });
	const authorization = `Bearer ${token}`;
	const good = await h2Request(session, { ':path': '/mtls', authorization });
	expect(good.status).toBe(200);
	const other = await h2Request(session, { ':path': '/mtls', ':authority': 'other.example.com', authorization });
	expect(other.status).toBe(421);
	const stolen = `Bearer ${provider.issue({ cnf: bound(thief) })}`;
	expect((await h2Request(session, { ':path': '/mtls', authorization: stolen })).status).toBe(401);
});

test('I12: an opaque token is bound by what the introspection answer says', async () => {
	opaque.answer(opaque.active({ cnf: bound() }));
	expectForwarded(await sendAs(holder, { target: '/opaque', token: 'opaque-token-1' }));
	expectRefused(await sendAs(thief, { target: '/opaque', token: 'opaque-token-1' }), '401-IT', 'binding_mismatch');
	expectRefused(await sendAs(undefined, { target: '/opaque', token: 'opaque-token-1' }), '401-IT', 'binding_missing');
	opaque.answer(opaque.active({}));
	expectRefused(await sendAs(holder, { target: '/opaque', token: 'opaque-token-2' }), '401-IT', 'binding_missing');
	opaque.answer(opaque.active({ cnf: null }));
	expectRefused(await sendAs(holder, { target: '/opaque', token: 'opaque-token-3' }), '401-IT', 'binding_missing');
});
