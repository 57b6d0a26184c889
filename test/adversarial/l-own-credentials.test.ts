/** L07, L09, L10: the gateway's own credentials: a managed identity's endpoint, an upstream that refuses, one that leads away. */
import { expect, onTestFinished, test } from 'vitest';
import { fakeClock, fakeTimers } from '../support/fake-runtime.ts';
import { expectForwarded, expectRefused, startGuardedGateway } from '../support/guarded-gateway.ts';
import { type RecordingOptions, recordingUpstream } from '../support/recording-upstream.ts';
import { createTestProvider } from '../support/test-provider.ts';
import { startTokenEndpoint, type TokenAnswer } from '../support/token-endpoint.ts';

/** Azure's instance metadata service, as its documentation has it: no `Metadata: true`, no answer. */
function metadata(answer: (count: number) => TokenAnswer) {
	let count = 0;
	return ({ headers, target }: { headers: Record<string, unknown>; target: string }): TokenAnswer => {
		if (headers['metadata'] !== 'true' || headers['x-forwarded-for'] !== undefined) return { status: 400 };
		if (!target.startsWith('/token?api-version=2018-02-01&resource=')) return { status: 400 };
		count++;
		return answer(count);
	};
}

const identityToken = (n: number): TokenAnswer => ({
	body: {
		access_token: `identity-${n}`,
		client_id: '5e29463d',
		expires_in: '3599',
		expires_on: String(Math.floor(Date.now() / 1000) + 3599),
		resource: 'https://storage.azure.com/',
		token_type: 'Bearer',
	},
});

async function rig(
	answer: (count: number) => TokenAnswer,
	{ upstreamAnswer, fake = false }: { upstreamAnswer?: NonNullable<RecordingOptions['answer']>; fake?: boolean } = {},
) {
	const idp = await createTestProvider();
	const endpoint = await startTokenEndpoint();
	endpoint.answer(metadata(answer));
	const clock = fakeClock();
	clock.jump(Date.now() - clock.now());
	const timers = fakeTimers(clock);
	const gateway = await startGuardedGateway(
		(upstream) => ({
			providers: { idp: { issuer: idp.issuer, audience: idp.audience, jwks_uri: idp.jwksUri } },
			routes: [
				{
					path: '/**',
					upstream,
					backend_token: {
						type: 'managed_identity',
						resource: 'https://storage.azure.com/',
						identity_endpoint: endpoint.url,
						timeout: '20s',
					},
				},
			],
		}),
		{
			...(upstreamAnswer === undefined ? {} : { answer: upstreamAnswer }),
			...(fake ? { runtime: { clock, timers } } : {}),
		},
	);
	onTestFinished(async () => {
		await gateway.stop();
		await endpoint.stop();
		await idp.stop();
	});
	return { idp, endpoint, gateway, timers };
}

test('L07: 410, 429 and 500 are asked again, later each time and as late as Retry-After says; a redirect goes nowhere', async () => {
	const answers: TokenAnswer[] = [
		{ status: 410 },
		{ status: 429, headers: { 'retry-after': '5' } },
		{ status: 500 },
		{ status: 302, headers: { location: 'http://127.0.0.1:1/' } },
	];
	const { idp, endpoint, gateway, timers } = await rig((n) => answers[n - 1] ?? identityToken(n), { fake: true });
	expect(endpoint.asked).toHaveLength(1);
	const refused = await gateway.send({ token: idp.issue() });
	expectRefused(refused, '503', 'backend_token_unavailable');
	// Requests ask nobody: the next attempt is planned.
	expect(endpoint.asked).toHaveLength(1);
	const attempt = async (seconds: number, asked: number) => {
		await timers.advance((seconds - 0.1) * 1000);
		expect(endpoint.asked).toHaveLength(asked - 1);
		await timers.advance(100);
		while (endpoint.asked.length < asked) await new Promise((resolve) => setTimeout(resolve, 5));
		await new Promise((resolve) => setTimeout(resolve, 50));
	};
	await attempt(1, 2);
	await attempt(5, 3);
	await attempt(4, 4);
	await attempt(8, 5);
	const seen = await gateway.send({ token: idp.issue() });
	expect(seen.forwarded[0]?.values('authorization')).toEqual(['Bearer identity-5']);
});

test('L07: the resource is the configuration’s, whatever a client sends', async () => {
	const { idp, endpoint, gateway } = await rig(identityToken);
	const headers = [
		['Metadata', 'true'],
		['Resource', 'https://vault.azure.net/'],
		['X-Identity-Header', 'guessed'],
	] as const;
	await gateway.send({ target: '/?resource=https://vault.azure.net/', token: idp.issue(), headers });
	expect(endpoint.asked).toHaveLength(1);
	expect(endpoint.asked[0]?.target).toBe('/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F');
});

test('L09: the upstream refuses the kept token: one renewal and one more request, where that is safe; then its 401', async () => {
	let accepted = 'Bearer identity-2';
	const { idp, endpoint, gateway } = await rig(identityToken, {
		upstreamAnswer: (request, response) => {
			response.writeHead(request.headers.authorization === accepted ? 200 : 401).end();
		},
	});
	const renewed = await gateway.send({ token: idp.issue() });
	expect(renewed.response.status).toBe(200);
	expect(renewed.forwarded.map((each) => each.values('authorization')[0])).toEqual([
		'Bearer identity-1',
		'Bearer identity-2',
	]);
	accepted = 'nothing at all';
	const refused = await gateway.send({ token: idp.issue() });
	expect(refused.response.status).toBe(401);
	expect(refused.forwarded).toHaveLength(1);
	const unsafe = await gateway.send({ method: 'POST', body: 'pay', token: idp.issue() });
	expect(unsafe.response.status).toBe(401);
	expect(unsafe.forwarded).toHaveLength(1);
	// An upstream that refuses everything makes no storm of renewals.
	for (let n = 0; n < 20; n++) await gateway.send({ token: idp.issue() });
	expect(endpoint.asked).toHaveLength(2);
});

test('L10: a redirect of the upstream is the client’s to follow, without any credential of ours (CVE-2022-0155)', async () => {
	const elsewhere = await recordingUpstream();
	const { idp, gateway } = await rig(identityToken, {
		upstreamAnswer: (_request, response) => response.writeHead(302, { location: `${elsewhere.url}/away` }).end(),
	});
	const seen = await gateway.send({ token: idp.issue() });
	expect(seen.response.status).toBe(302);
	expect(elsewhere.connections).toBe(0);
	expect(seen.response.head).not.toContain('identity-1');
});

test('credentials of the configuration: what clients send under their names is gone on every route', async () => {
	const idp = await createTestProvider();
	const config = (upstream: string) => ({
		providers: { idp: { issuer: idp.issuer, audience: idp.audience } },
		routes: [
			{ path: '/key', upstream, backend_token: { type: 'api_key', header: 'X-Service-Key', value: 'canary-api-key' } },
			{ path: '/basic', upstream, backend_token: { type: 'basic', username: 'gateway', password: 'pass:wörd' } },
			{ path: '/plain', upstream },
			{ path: '/open', public: true, upstream },
		],
	});
	const gateway = await startGuardedGateway(config);
	onTestFinished(async () => {
		await gateway.stop();
		await idp.stop();
	});
	const token = idp.issue();
	const headers = [['X_Service.Key', 'spoofed']] as const;
	const key = await gateway.send({ target: '/key', token, headers });
	expect(key.forwarded[0]?.values('x-service-key')).toEqual(['canary-api-key']);
	const basic = await gateway.send({ target: '/basic', token, headers });
	const [, value = ''] = basic.forwarded[0]?.values('authorization')[0]?.split(' ') ?? [];
	expect(Buffer.from(value, 'base64').toString('utf8')).toBe('gateway:pass:wörd');
	expectForwarded(await gateway.send({ target: '/plain', token, headers }));
	for (const { lines } of gateway.upstream.requests) expect(lines.join('\n')).not.toContain('spoofed');
	const open = await gateway.send({ target: '/open', headers });
	expect(open.forwarded[0]?.lines.join('\n')).not.toContain('spoofed');
	expect(JSON.stringify(gateway.gateway.records) + gateway.gateway.log.join()).not.toContain('canary-api-key');
});
