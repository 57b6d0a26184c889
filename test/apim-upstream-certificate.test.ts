/** `authentication-certificate`: what the upstream of a policy is shown in the TLS handshake. */
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from './support/definition.ts';
import type { GuardedGateway } from './support/guarded-gateway.ts';
import { policyOf, startPolicyGateway } from './support/policy-gateway.ts';
import { selfSigned } from './support/self-signed.ts';

const own = selfSigned();
const one = selfSigned({ commonName: 'one' });
const two = selfSigned({ commonName: 'two' });
const thumbprint = 'AD36D13743694E49BD05E05CA1316331670A9605';

let rig: GuardedGateway;
let handshakes = 0;
const server = createServer(
	{
		cert: own.certificate,
		key: own.key,
		ca: [one.certificate, two.certificate],
		requestCert: true,
		rejectUnauthorized: false,
	},
	(request, response) => {
		const shown = (request.socket as TLSSocket).getPeerCertificate().subject;
		response.setHeader('X-Shown', typeof shown?.CN === 'string' ? shown.CN : 'nobody');
		response.end(request.url);
	},
);

beforeAll(async () => {
	server.on('secureConnection', () => {
		handshakes += 1;
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const address = server.address();
	const url = `https://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`;
	const tls = { ca: './ca.pem' };
	const files = {
		'ca.pem': own.certificate,
		'one.pem': one.certificate,
		'one.key': one.key,
		'two.pem': two.certificate,
		'two.key': two.key,
		'none.xml': policyOf(''),
		'one.xml': policyOf('<authentication-certificate certificate-id="one" />'),
		'two.xml': policyOf(`<authentication-certificate thumbprint="${thumbprint.toLowerCase()}" />`),
		'either.xml': policyOf(
			`<choose><when condition="@(context.Request.Headers.ContainsKey("X-Two"))"><authentication-certificate thumbprint="${thumbprint}" /></when><otherwise><authentication-certificate certificate-id="one" /></otherwise></choose>`,
		),
		'elsewhere.xml': policyOf(
			'<authentication-certificate certificate-id="one" /><set-backend-service backend-id="other" />',
		),
	};
	rig = await startPolicyGateway(
		{ plain: policyOf('<authentication-certificate certificate-id="one" />') },
		{
			certificates: {
				one: { certificate: './one.pem', key: './one.key' },
				[thumbprint]: { certificate: './two.pem', key: './two.key' },
			},
			backends: { other: { url: `${url}/other`, tls } },
		},
		{
			files,
			routes: () =>
				['none', 'one', 'two', 'either', 'elsewhere'].map((name) => ({
					name,
					path: `/${name}/**`,
					apim_policy: `./${name}.xml`,
					upstream: { url: `${url}/base`, strip_prefix: `/${name}`, tls },
				})),
		},
	);
});

afterAll(async () => {
	await rig.stop();
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
});

async function shown(
	target: string,
	headers: readonly (readonly [string, string])[] = [],
): Promise<readonly unknown[]> {
	const { response } = await rig.send({ target, headers });
	return [response.status, response.headers.get('x-shown'), response.body];
}

test('by id and by thumbprint, and nothing without the statement', async () => {
	expect(await shown('/none/a')).toEqual([200, 'nobody', '/base/a']);
	expect(await shown('/one/a?b=1')).toEqual([200, 'one', '/base/a?b=1']);
	expect(await shown('/two/a')).toEqual([200, 'two', '/base/a']);
	expect(await shown('/elsewhere/a')).toEqual([200, 'one', '/other/a']);
});

test('connections are kept, and never shared between certificates', async () => {
	const before = handshakes;
	for (let i = 0; i < 3; i++) {
		expect(await shown('/either/a')).toEqual([200, 'one', '/base/a']);
		expect(await shown('/either/a', [['X-Two', '1']])).toEqual([200, 'two', '/base/a']);
		expect(await shown('/elsewhere/a')).toEqual([200, 'one', '/other/a']);
	}
	// Those of the test before are used again.
	expect(handshakes).toBe(before);
});

test('an upstream without TLS is shown nothing, and gets no request', async () => {
	const { response, record, forwarded } = await rig.send({ target: '/plain' });
	expect([response.status, record.reason, forwarded]).toEqual([500, 'internal_error', []]);
});

test.each([
	['<authentication-certificate certificate-id="unknown" />', 'certificate_unusable'],
	['<authentication-certificate certificate-id="no-key" />', 'certificate_unusable'],
	['<authentication-certificate certificate-id="mixed-up" />', 'certificate_unusable'],
	['<authentication-certificate />', 'attribute_missing'],
	['<authentication-certificate certificate-id="good" thumbprint="00" />', 'attribute_missing'],
	['<authentication-certificate thumbprint="00" />', 'value_invalid'],
	['<authentication-certificate body="MII" password="x" />', 'not_supported'],
	['<authentication-certificate certificate-id="@(context.Request.Method)" />', 'expression_not_allowed'],
])('refused at load: %s', (statement, rule) => {
	const definition = apim({
		certificates: [
			{ id: 'good', certificate: one.certificate, key: one.key },
			{ id: 'no-key', certificate: one.certificate, key: undefined },
			{ id: 'mixed-up', certificate: one.certificate, key: two.key },
		],
	});
	const { findings } = checkPolicy(
		[{ scope: 'api', file: 'p.xml', text: policyOf(statement) }],
		definition,
		nodeCryptography,
	);
	expect(findings.filter(({ severity }) => severity === 'error').map((finding) => finding.rule)).toEqual([rule]);
});
