/** Shared access signatures beside JWTs on one route: the same rules, the same records, the same headers; rotation of keys. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKeyPairs } from '#assembly/key-pairs';
import { explain } from '#policy/explain';
import { explainedRequest } from '#policy/explained-request';
import { nodeCryptography } from '#runtime/node/cryptography';
import { definition, provider, route, rules } from './support/definition.ts';
import {
	expectForwarded,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from './support/guarded-gateway.ts';
import { facts, testPolicy } from './support/policy.ts';
import { requestView } from './support/request-view.ts';
import { secondaryKey, senderKey, signSas } from './support/sign-sas.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

describe('one route for a JWT and a signature', () => {
	let issuer: TestProvider;
	let rig: GuardedGateway;

	beforeAll(async () => {
		issuer = await createTestProvider({ audience: 'https://api.example.com' });
		const keys = {
			'device-7': { primary: senderKey, scopes: ['telemetry:write'], claims: { sub: 'meter-7', site: 'north' } },
			'device-8': { primary: secondaryKey, scopes: ['telemetry:read'], claims: { sub: 'meter-8', site: 'south' } },
		};
		rig = await startGuardedGateway((upstream) => ({
			providers: {
				idp: { issuer: issuer.issuer, jwks_uri: issuer.jwksUri },
				devices: { tokens: ['shared_access'], format: 'service_bus', keys },
			},
			routes: [
				{
					name: 'telemetry',
					path: '/telemetry/**',
					providers: ['idp', 'devices'],
					audience: 'https://api.example.com',
					scopes: ['telemetry:write'],
					claims: { site: 'north' },
					clients: ['device-7', 'device-8'],
					max_lifetime: '1h',
					claims_to_headers: { 'x-user-id': 'sub', 'x-client': 'client_id', 'x-scopes': 'scope', 'x-site': 'site' },
					upstream,
				},
			],
		}));
	});

	afterAll(async () => {
		await rig.stop();
		await issuer.stop();
	});

	const jwt = (claims: Readonly<Record<string, unknown>> = {}, lifetime = 600) =>
		`Bearer ${issuer.issue(
			{ sub: 'meter-7', client_id: 'device-7', scope: 'telemetry:write', site: 'north', ...claims },
			{ lifetime },
		)}`;
	const sas = (skn = 'device-7', lifetime = 600, resource = 'https://api.example.com/telemetry') =>
		`SharedAccessSignature ${signSas({
			skn,
			key: skn === 'device-7' ? senderKey : secondaryKey,
			resource,
			se: Math.floor(Date.now() / 1000) + lifetime,
		})}`;
	const send = (authorization: string): Promise<Seen> =>
		rig.sendBytes(requestBytes({ target: '/telemetry/7', headers: [['Authorization', authorization]] }));

	/** What is the same of two requests that were decided alike. */
	function comparable({ record }: Seen): object {
		const { time, request_id, trace_id, span_id, token_id, duration, upstream_duration, found, expected, ...rest } =
			record;
		expect([time, request_id, trace_id, span_id, token_id, duration].every((value) => value !== undefined)).toBe(true);
		return {
			...rest,
			provider: undefined,
			kind: undefined,
			worded: [found, expected].map((text) => typeof text),
			upstream_duration: typeof upstream_duration,
		};
	}

	test('both pass; the upstream and the records see the same but for provider and kind', async () => {
		const [a, b] = [await send(jwt()), await send(sas())];
		const [first, second] = [expectForwarded(a), expectForwarded(b)];
		for (const name of ['x-user-id', 'x-client', 'x-scopes', 'x-site']) {
			expect(second.values(name)).toEqual(first.values(name));
		}
		expect(first.values('x-user-id')).toEqual(['meter-7']);
		expect(comparable(b)).toEqual(comparable(a));
		expect(a.record).toMatchObject({ provider: 'idp', kind: 'jwt' });
		expect(b.record).toMatchObject({
			provider: 'devices',
			kind: 'shared_access',
			subject: 'meter-7',
			client: 'device-7',
		});
	});

	test.each([
		['scope_insufficient', () => jwt({ scope: 'telemetry:read' }), () => sas('device-8')],
		['token_lifetime_exceeded', () => jwt({}, 7200), () => sas('device-7', 7200)],
		['token_expired', () => jwt({ iat: 1, exp: 2 }), () => sas('device-7', -60)],
		[
			'audience_mismatch',
			() => jwt({ aud: 'https://other.example.com' }),
			() => sas('device-7', 600, 'https://other.example.com/telemetry'),
		],
	])('%s: for both alike', async (reason, token, signature) => {
		const [a, b] = [await send(token()), await send(signature())];
		expect(a.record.reason).toBe(reason);
		expect(b.record.reason).toBe(reason);
		expect(b.response.status).toBe(a.response.status);
		expect(a.response.headers.get('www-authenticate')).toMatch(/^Bearer error="\w+"/);
		expect(b.response.headers.get('www-authenticate')).toBe(
			a.response.headers.get('www-authenticate')?.replace('Bearer', 'SharedAccessSignature'),
		);
	});

	test('without a credential, both schemes are offered', async () => {
		const { response } = await rig.send({ target: '/telemetry/7' });
		expect(response.head).toMatch(/^www-authenticate: Bearer\r$/im);
		expect(response.head).toMatch(/^www-authenticate: SharedAccessSignature\r$/im);
	});
});

describe('key pairs', () => {
	function policy(disabled = false) {
		const devices = provider({
			name: 'devices',
			tokens: ['shared_access'],
			keys: { from: 'none' },
			sharedAccess: {
				format: 'service_bus',
				unnamedKey: undefined,
				storedKeys: false,
				keys: [{ name: 'sender', primary: senderKey, secondary: secondaryKey, disabled, scopes: ['a'], claims: {} }],
			},
		});
		const all = route({
			name: 'all',
			path: '/**',
			rules: [rules({ provider: 'devices', audience: ['sb://bus.example.net/'], scopes: { allOf: ['b'], anyOf: [] } })],
		});
		const open = route({
			...all,
			name: 'open',
			path: '/orders/**',
			rules: [rules({ provider: 'devices', audience: ['sb://bus.example.net/'] })],
		});
		return testPolicy(definition({ providers: [devices], routes: [all, open] }), {});
	}
	const request = (token: string, target = '/orders') =>
		requestView({ target, headers: [['authorization', `SharedAccessSignature ${token}`]] });

	test('a key that is withdrawn ends the signatures that it verified, and those of the other key stay known', async () => {
		const { decide } = policy();
		const [primary, secondary] = [signSas(), signSas({ key: secondaryKey })];
		for (const token of [primary, secondary]) expect((await decide(request(token))).facts.cached).toBe(false);
		const { voucher } = facts(await decide(request(primary)));
		expect((await decide(request(primary))).facts.cached).toBe(true);
		if (voucher === undefined) throw new Error('nobody vouches for it');
		voucher.retired = true;
		expect((await decide(request(primary))).facts.cached).toBe(false);
		expect((await decide(request(secondary))).facts.cached).toBe(true);
	});

	test('every key is tried, whichever verifies', async () => {
		const tried: string[] = [];
		const pairs = createKeyPairs(
			[
				{
					name: 'devices',
					sharedAccess: {
						format: 'service_bus',
						unnamedKey: undefined,
						storedKeys: false,
						keys: [
							{ name: 'sender', primary: senderKey, secondary: secondaryKey, disabled: false, scopes: [], claims: {} },
						],
					},
				},
			],
			{
				...nodeCryptography,
				importSecret(secret) {
					const key = nodeCryptography.importSecret(secret);
					return {
						verify(...input) {
							tried.push(Buffer.from(secret).toString());
							return key.verify(...input);
						},
					};
				},
			},
		);
		const { decide } = testPolicy(
			definition({
				providers: [
					provider({
						name: 'devices',
						tokens: ['shared_access'],
						keys: { from: 'none' },
						sharedAccess: { format: 'service_bus', unnamedKey: undefined, storedKeys: false, keys: [] },
					}),
				],
				routes: [
					route({
						name: 'all',
						path: '/**',
						rules: [rules({ provider: 'devices', audience: ['sb://bus.example.net/'] })],
					}),
				],
			}),
			{},
			pairs,
		);
		for (const key of [senderKey, secondaryKey, 'neither of these two keys']) {
			tried.length = 0;
			await decide(request(signSas({ key })));
			expect(tried).toEqual([senderKey, secondaryKey]);
		}
	});

	test('explain judges a signature like a JWT, with every finding', async () => {
		const { policy: compiled } = policy();
		for (const token of [signSas(), `SharedAccessSignature ${signSas()}`]) {
			const asked = explainedRequest(compiled, { url: 'https://api.example.com/other', method: 'GET', token });
			if (asked === undefined) throw new Error('no request');
			const explanation = await explain(compiled, asked);
			expect(explanation).toMatchObject({
				outcome: 'resource_mismatch',
				kind: 'shared_access',
				provider: 'devices',
				genuine: true,
			});
			expect(explanation.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
				'path passed',
				'method passed',
				'credential passed',
				'form passed',
				'provider passed',
				'key passed',
				'signature passed',
				'time passed',
				'revocation passed',
				'binding passed',
				'audience refused',
				'scopes refused',
				'replay passed',
			]);
		}
		const altered = explainedRequest(compiled, { url: '/orders', method: 'GET', token: signSas({ key: 'another' }) });
		if (altered === undefined) throw new Error('no request');
		expect(await explain(compiled, altered)).toMatchObject({ outcome: 'signature_invalid', genuine: false });
	});

	test('a disabled pair verifies nothing', async () => {
		const { reason } = policy(true);
		for (const key of [senderKey, secondaryKey]) expect(await reason(request(signSas({ key })))).toBe('key_unknown');
	});
});
