/** Group I (I07, I08): the client certificate as a TLS terminator tells of it, from trusted proxies and from anybody else. */
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CertificateFormat, usualCertificateField } from '#formats/told-certificate';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	type SentRequest,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { clientOn } from '../support/raw-client.ts';
import { type SelfSigned, selfSigned, thumbprintOf } from '../support/self-signed.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';
import { ownCertificate, secureSocket } from '../support/tls-gateway.ts';

const holder = selfSigned({ commonName: 'holder' });
const thief = selfSigned({ commonName: 'thief' });
const derOf = ({ certificate }: SelfSigned) => new X509Certificate(certificate).raw;
const hexOf = (certificate: SelfSigned) => Buffer.from(thumbprintOf(certificate), 'base64url').toString('hex');

/** How the terminator of each gateway writes a certificate, and what is none. */
const terminators: readonly {
	readonly format: CertificateFormat;
	readonly name?: string;
	readonly write: (certificate: SelfSigned) => string;
	readonly malformed: readonly string[];
}[] = [
	{
		format: 'rfc9440',
		write: (certificate) => `:${derOf(certificate).toString('base64')}:`,
		malformed: [derOf(holder).toString('base64'), '::', ':!:', `:${derOf(holder).toString('base64')}:;v=1`],
	},
	{
		format: 'xfcc',
		write: (certificate) => `By=spiffe://cluster/gateway;Hash=${hexOf(certificate)};Subject="CN=holder, O=\\"x\\""`,
		malformed: ['By=spiffe://cluster/gateway', `Hash=${hexOf(holder)}0`, `Hash=${hexOf(holder)},Hash=${hexOf(thief)}`],
	},
	{
		format: 'xfcc',
		name: 'X-Envoy-Cert',
		write: (certificate) => `Hash=${hexOf(certificate)};Cert="${encodeURIComponent(certificate.certificate)}"`,
		malformed: [`Hash=${hexOf(thief)};Cert="${encodeURIComponent(holder.certificate)}"`],
	},
	{
		format: 'pem',
		write: (certificate) => encodeURIComponent(certificate.certificate),
		malformed: ['(null)', '%', encodeURIComponent(holder.certificate + thief.certificate), holder.key.slice(0, 27)],
	},
	{
		format: 'base64',
		write: (certificate) => derOf(certificate).toString('base64'),
		malformed: ['MIIB', `${derOf(holder).toString('base64')},`],
	},
];

let provider: TestProvider;

beforeAll(async () => {
	provider = await createTestProvider();
});

afterAll(() => provider.stop());

describe.each(terminators)('$format in $name', ({ format, name, write, malformed }) => {
	const field = name ?? usualCertificateField[format];
	let rig: GuardedGateway;
	let secure: string;

	beforeAll(async () => {
		rig = await startGuardedGateway(
			(upstream) => ({
				listen: [
					'127.0.0.1:0',
					{
						address: '127.0.0.1:0',
						tls: { certificate: 'server.pem', key: 'server.key', client_certificate: 'request' },
					},
				],
				trusted_proxies: ['127.0.0.2'],
				client_certificate_header: { format, ...(name === undefined ? {} : { name }) },
				limits: { headers: '128KiB' },
				providers: { idp: { issuer: provider.issuer, audience: 'https://api.example.com' } },
				routes: [
					{ path: '/mtls', binding: 'mtls', upstream },
					{ path: '/if-bound', upstream },
					{ path: '/public', public: true, upstream },
				],
			}),
			{ files: { 'server.pem': ownCertificate.certificate, 'server.key': ownCertificate.key } },
		);
		secure = rig.gateway.gateway.addresses[1]?.url ?? '';
	});

	afterAll(() => rig.stop());

	/** From the terminator's address. */
	async function tell(request: SentRequest): Promise<Seen> {
		const { hostname: host, port } = new URL(rig.gateway.url);
		const socket = connect({ host, port: Number(port), localAddress: '127.0.0.2' });
		await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
		return sendOn(socket, request);
	}

	async function sendOn(socket: Parameters<typeof clientOn>[0], request: SentRequest): Promise<Seen> {
		onTestFinished(() => void socket.destroy());
		const records = rig.gateway.records.length;
		const arrived = rig.upstream.requests.length;
		const client = clientOn(socket);
		client.send(requestBytes(request));
		const response = await client.response();
		const record = await rig.gateway.record(records + 1);
		return { response, record, forwarded: rig.upstream.requests.slice(arrived) };
	}

	const bound = (to = holder) => provider.issue({ cnf: { 'x5t#S256': thumbprintOf(to) } });

	test('I08: the terminator is believed, and what it says does not travel on', async () => {
		for (const target of ['/mtls', '/if-bound']) {
			const seen = await tell({ target, token: bound(), headers: [[field, write(holder)]] });
			expect(expectForwarded(seen).lines.filter((line) => /cert/i.test(line))).toEqual([]);
			const other = await tell({ target, token: bound(), headers: [[field, write(thief)]] });
			expectRefused(other, '401-IT', 'binding_mismatch');
			expectRefused(await tell({ target, token: bound() }), '401-IT', 'binding_missing');
			expectRefused(await tell({ target, token: bound(), headers: [[field, '']] }), '401-IT', 'binding_missing');
		}
	});

	test.each(malformed)('I08: %s is malformed, and not the same as none', async (value) => {
		for (const target of ['/mtls', '/if-bound']) {
			const seen = await tell({ target, token: bound(), headers: [[field, value]] });
			expectRefused(seen, '400-IR', 'credential_malformed');
		}
	});

	test('I08: two certificates, and 64 KiB of one', async () => {
		const twice = [
			[field, write(holder)],
			[field.toLowerCase(), write(holder)],
		] as const;
		expectRefused(await tell({ target: '/mtls', token: bound(), headers: twice }), '400-IR', 'credential_repeated');
		const huge = `:${Buffer.alloc(48 * 1024, 0x30).toString('base64')}:`;
		const seen = await tell({ target: '/mtls', token: bound(), headers: [[field, huge]] });
		expectRefused(seen, '400-IR', 'credential_malformed');
	});

	test('I07: whoever is no terminator is not read, in any spelling, and neither is another spelling of the terminator', async () => {
		const value = write(holder);
		for (const spelling of [field, field.toUpperCase(), field.replaceAll('-', '_'), field.replaceAll('-', '.')]) {
			const headers = [[spelling, value]] as const;
			expectRefused(await rig.send({ target: '/mtls', token: bound(), headers }), '401-IT', 'binding_missing');
			for (const target of ['/if-bound', '/public']) {
				const request = expectForwarded(await rig.send({ target, token: provider.issue(), headers }));
				expect(request.lines.filter((line) => /cert/i.test(line))).toEqual([]);
			}
			if (spelling.toLowerCase() === field.toLowerCase()) continue;
			expectRefused(await tell({ target: '/mtls', token: bound(), headers }), '401-IT', 'binding_missing');
		}
	});

	test('the certificate of a connection counts for who is no terminator, and never for a terminator’s client', async () => {
		const shown = { cert: holder.certificate, key: holder.key };
		const direct = { target: '/mtls', token: bound(), host: 'localhost' };
		expectForwarded(await sendOn(await secureSocket(secure, shown), direct));
		const told = { ...direct, headers: [[field, write(thief)]] } as const;
		expectForwarded(await sendOn(await secureSocket(secure, shown), told));
		const terminator = { ...shown, localAddress: '127.0.0.2' };
		expectRefused(await sendOn(await secureSocket(secure, terminator), direct), '401-IT', 'binding_missing');
		expectRefused(await sendOn(await secureSocket(secure, terminator), told), '401-IT', 'binding_mismatch');
	});
});
