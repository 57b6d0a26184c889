/**
 * Tokens of self-hosted gateways over real sockets: issued and withdrawn by the calls of Azure Resource Manager on one
 * gateway, good or not on every gateway that shares the store.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { hasRedis, startRedis } from './support/redis-server.ts';
import { makeTempDir } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

const day = 24 * 3600 * 1000;
const ahead = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();
const resource = '/subscriptions/subid/resourceGroups/rg1/providers/Microsoft.ApiManagement/service';
const version = '?api-version=2024-05-01';

let provider: TestProvider;
let upstream: RecordingUpstream;
let a: TestGateway;
let b: TestGateway;
let keys: Record<string, string>;
const store = {
	type: 'sqlite',
	path: join(makeTempDir(), 'shared.db'),
	encryption_keys: [randomBytes(32).toString('base64')],
};

function config(own: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		admin: {
			listen: '127.0.0.1:0',
			auth: {
				provider: 'idp',
				scopes: ['gateway:admin'],
				audience: 'countersign-admin',
				key_scopes: ['gateway:keys'],
			},
		},
		store,
		providers: {
			idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' },
			contoso: { tokens: ['shared_access'], format: 'apim_gateway', stored_keys: true },
			bus: {
				tokens: ['shared_access'],
				format: 'service_bus',
				audience: 'sb://bus.example.net/',
				stored_keys: true,
			},
		},
		routes: [
			{
				name: 'sync',
				path: '/sync/**',
				providers: ['contoso'],
				scopes: ['config:read'],
				upstream: upstream.url,
				claims_to_headers: { 'x-gateway': 'client_id' },
			},
			{ name: 'bus', path: '/bus', providers: ['bus'], upstream: upstream.url },
		],
		...own,
	};
}

beforeAll(async () => {
	provider = await createTestProvider();
	upstream = await recordingUpstream({ closedBy: 'caller' });
	a = await startTestGateway(config());
	b = await startTestGateway(config());
	const made = await call(a, '/keys', { provider: 'contoso', name: 'edge-gw-01', scopes: ['config:read'] });
	if (made.status !== 201) throw new Error(made.text);
	keys = made.json;
});

afterAll(async () => {
	await Promise.all([a.stop(), b.stop()]);
	await upstream.close();
	await provider.stop();
});

const adminToken = (scope = 'gateway:admin gateway:keys') => provider.issue({ aud: 'countersign-admin', scope });

interface Answer {
	readonly status: number;
	readonly text: string;
	readonly json: Record<string, string>;
	readonly headers: Headers;
}

/** A POST to the admin listener, with a good admin token unless another, or none, is given. */
async function call(to: TestGateway, path: string, body?: unknown, token: string | null = adminToken()) {
	const response = await fetch((to.gateway.adminUrl ?? '') + path, {
		method: 'POST',
		headers: {
			...(token === null ? {} : { authorization: `Bearer ${token}` }),
			...(body === undefined ? {} : { 'content-type': 'application/json' }),
		},
		...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
	});
	const text = await response.text();
	const json = (text === '' ? {} : JSON.parse(text)) as Record<string, string>;
	return { status: response.status, text, json, headers: response.headers } satisfies Answer;
}

const azure = (action: string, { service = 'contoso', gateway = 'edge-gw-01', query = version } = {}) =>
	`${resource}/${service}/gateways/${gateway}/${action}${query}`;

async function generate(to: TestGateway, keyType: string, expiry = ahead(day)): Promise<string> {
	const { status, json } = await call(to, azure('generateToken'), { keyType, expiry });
	expect(status).toBe(200);
	expect(Object.keys(json)).toEqual(['value']);
	return json['value'] ?? '';
}

async function opens(gateway: TestGateway, token: string): Promise<number> {
	const response = await fetch(`${gateway.url}/sync/config`, { headers: { authorization: `GatewayKey ${token}` } });
	await response.arrayBuffer();
	return response.status;
}

test('a token opens a route on both gateways, until its key is regenerated; one of the other key goes on', async () => {
	const primary = await generate(a, 'primary');
	const secondary = await generate(a, 'secondary');
	expect(primary).toMatch(/^edge-gw-01&\d{12}&[A-Za-z0-9+/]{86}==$/);
	await vi.waitFor(async () => expect(await opens(b, primary)).toBe(200), { timeout: 10_000, interval: 20 });
	expect([await opens(a, primary), await opens(a, secondary), await opens(b, secondary)]).toEqual([200, 200, 200]);
	expect(upstream.requests.at(-1)?.values('x-gateway')).toEqual(['edge-gw-01']);
	expect(upstream.requests.at(-1)?.values('authorization')).toEqual([]);

	const changed = await call(a, azure('regenerateKey'), { keyType: 'primary' });
	const ended = performance.now();
	expect([changed.status, changed.text]).toEqual([204, '']);
	expect([changed.headers.get('content-length'), changed.headers.get('content-type')]).toEqual([null, null]);
	expect(changed.headers.get('cache-control')).toBe('no-store');
	expect(await opens(a, primary)).toBe(401);
	await vi.waitFor(async () => expect(await opens(b, primary)).toBe(401), { timeout: 10_000, interval: 20 });
	expect(performance.now() - ended).toBeLessThan(5_000);
	expect([await opens(a, secondary), await opens(b, secondary)]).toEqual([200, 200]);
	expect(a.records.findLast(({ reason }) => reason !== undefined)?.reason).toBe('signature_invalid');
	// Asked for on the one that did not make the key: it signs with the key that is in force.
	const renewed = await generate(b, 'primary');
	expect([await opens(a, renewed), await opens(b, renewed)]).toEqual([200, 200]);
});

test('listKeys shows both keys, to nobody’s cache, and the audit log says who saw them', async () => {
	const before = a.changes.length;
	const { status, json, headers } = await call(a, azure('listKeys'));
	expect([status, Object.keys(json)]).toEqual([200, ['primary', 'secondary']]);
	expect(json['secondary']).toBe(keys['secondary']);
	expect(headers.get('cache-control')).toBe('no-store');
	expect(a.changes.slice(before)).toMatchObject([
		{ event: 'change', action: 'gateway_keys_list', provider: 'contoso', name: 'edge-gw-01' },
	]);
	expect(a.changes.at(-1)?.by).toMatch(/ of idp$/);
});

test('every call is on record, and no record, log or page holds a key or a token', async () => {
	const expiry = ahead(day);
	const token = await generate(a, 'secondary', expiry);
	expect(a.changes.at(-1)).toMatchObject({
		action: 'gateway_token_generate',
		name: 'edge-gw-01',
		half: 'secondary',
		expires_at: `${expiry.slice(0, 16)}:00.000Z`,
	});
	await call(a, azure('regenerateKey'), { keyType: 'primary' });
	expect(a.changes.at(-1)).toMatchObject({ action: 'key_regenerate', name: 'edge-gw-01', half: 'primary' });
	expect(await opens(a, token)).toBe(200);
	const told = JSON.stringify([a.changes, a.records, a.log, b.changes, b.records, b.log]);
	const now = (await call(a, azure('listKeys'))).json;
	for (const secret of [keys['primary'], keys['secondary'], now['primary'], now['secondary']]) {
		expect(told).not.toContain(secret?.slice(0, 20));
	}
	expect(told).not.toContain(token.split('&')[2]?.slice(0, 20));
});

describe('errors have the shape of Azure', () => {
	const good = { keyType: 'primary', expiry: ahead(day) };
	test.each<[string, string, unknown, number, string, (string | undefined)?]>([
		[
			'a keyType that is none',
			azure('generateToken'),
			{ ...good, keyType: 'tertiary' },
			400,
			'ValidationError',
			'keyType',
		],
		['no keyType', azure('generateToken'), { expiry: good.expiry }, 400, 'ValidationError', 'keyType'],
		[
			'an expiry in the past',
			azure('generateToken'),
			{ ...good, expiry: '2025-06-30T00:00:00Z' },
			400,
			'ValidationError',
			'expiry',
		],
		[
			'an expiry too far ahead',
			azure('generateToken'),
			{ ...good, expiry: ahead(31 * day) },
			400,
			'ValidationError',
			'expiry',
		],
		[
			'an expiry that is no time',
			azure('generateToken'),
			{ ...good, expiry: 'soon' },
			400,
			'ValidationError',
			'expiry',
		],
		['a key that is none', azure('regenerateKey'), { keyType: 'both' }, 400, 'ValidationError', 'keyType'],
		['a body that is no JSON', azure('generateToken'), '{', 400, 'BadRequest'],
		['no body', azure('regenerateKey'), undefined, 415, 'UnsupportedMediaType'],
		['an unknown gateway', azure('generateToken', { gateway: 'nobody' }), good, 404, 'ResourceNotFound'],
		['an unknown gateway, listed', azure('listKeys', { gateway: 'nobody' }), undefined, 404, 'ResourceNotFound'],
		['a name that every object has', azure('listKeys', { gateway: '__proto__' }), undefined, 404, 'ResourceNotFound'],
		['an unknown service', azure('listKeys', { service: 'fabrikam' }), undefined, 404, 'ResourceNotFound'],
		['a provider of something else', azure('listKeys', { service: 'bus' }), undefined, 404, 'ResourceNotFound'],
		['no api-version', azure('generateToken', { query: '' }), good, 400, 'MissingApiVersionParameter'],
		[
			'an unknown api-version',
			azure('listKeys', { query: '?api-version=2013-01-01' }),
			undefined,
			400,
			'InvalidApiVersionParameter',
		],
	])('%s', async (_, path, body, status, code, target) => {
		const before = a.changes.length;
		const { json, ...answer } = await call(a, path, body);
		expect(answer.status).toBe(status);
		expect(answer.headers.get('content-type')).toBe('application/json');
		const error = json['error'] as unknown as Record<string, unknown>;
		expect(error).toMatchObject({ code, message: expect.stringMatching(/\S/) });
		expect(error['details']).toEqual(
			target === undefined ? undefined : [{ code: 'ValidationError', target, message: expect.stringMatching(/\S/) }],
		);
		expect(a.changes).toHaveLength(before);
	});

	test('the other methods', async () => {
		const response = await fetch(a.gateway.adminUrl + azure('listKeys'), {
			headers: { authorization: `Bearer ${adminToken()}` },
		});
		expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
		expect(await response.json()).toMatchObject({ error: { code: 'MethodNotAllowed' } });
	});
});

test('the service in another case is the same one', async () => {
	expect((await call(a, azure('listKeys', { service: 'Contoso' }))).status).toBe(200);
	expect((await call(a, azure('listKeys').toLowerCase())).status).toBe(200);
});

test.each(['generateToken', 'listKeys', 'regenerateKey'])(
	'%s without the right admin token: refused in the shape of Azure, with the challenge of a route',
	async (action) => {
		const body = { keyType: 'primary', expiry: ahead(day) };
		const before = a.changes.length;
		const missing = await call(a, azure(action), body, null);
		expect(missing.status).toBe(401);
		expect(missing.headers.get('www-authenticate')).toBe('Bearer');
		expect(missing.json).toMatchObject({ error: { code: 'AuthenticationFailed' } });
		const stranger = await call(a, azure(action), body, provider.issue({ scope: 'gateway:admin gateway:keys' }));
		expect([stranger.status, stranger.json]).toMatchObject([401, { error: { code: 'AuthenticationFailed' } }]);
		// Enough for health and metrics, not for keys.
		const reading = await call(a, azure(action), body, adminToken('gateway:admin'));
		expect([reading.status, reading.json]).toMatchObject([403, { error: { code: 'AuthorizationFailed' } }]);
		expect(reading.headers.get('www-authenticate')).toContain('scope="gateway:admin gateway:keys"');
		expect(a.changes).toHaveLength(before);
	},
);

test('key_scopes: asked for by whatever makes keys, and by nothing else', async () => {
	const reader = adminToken('gateway:admin');
	expect((await call(a, '/keys', { provider: 'bus', name: 'x' }, reader)).status).toBe(403);
	expect((await call(a, '/keys/regenerate', { provider: 'bus', name: 'x', half: 'primary' }, reader)).status).toBe(403);
	for (const path of ['/providers', '/keys', '/metrics']) {
		const response = await fetch(a.gateway.adminUrl + path, { headers: { authorization: `Bearer ${reader}` } });
		expect([path, response.status]).toEqual([path, 200]);
	}
	expect((await call(a, '/keys', { provider: 'bus', name: 'x' }, adminToken('gateway:keys'))).status).toBe(403);
});

test('a gateway whose keys are disabled gets no token', async () => {
	await call(a, '/keys', { provider: 'contoso', name: 'paused', scopes: ['config:read'] });
	await call(a, '/keys/disable', { provider: 'contoso', name: 'paused' });
	const body = { keyType: 'primary', expiry: ahead(day) };
	expect(await call(a, azure('generateToken', { gateway: 'paused' }), body)).toMatchObject({
		status: 409,
		json: { error: { code: 'Conflict' } },
	});
});

test('without a guard nothing is shown or issued', async () => {
	const own = await startTestGateway(config({ admin: { listen: '127.0.0.1:0' } }));
	onTestFinished(() => own.stop());
	const answer = await call(own, azure('listKeys'), undefined, null);
	expect([answer.status, answer.json]).toMatchObject([403, { error: { code: 'AuthorizationFailed' } }]);
	expect(own.changes).toEqual([]);
});

test.skipIf(!hasRedis)('two gateways on one Redis', async () => {
	const redis = await startRedis();
	onTestFinished(() => redis.stop());
	const shared = { store: { ...store, type: 'redis', url: redis.url, path: undefined } };
	const both = await Promise.all([startTestGateway(config(shared)), startTestGateway(config(shared))]);
	onTestFinished(async () => void (await Promise.all(both.map((gateway) => gateway.stop()))));
	const [c, d] = both;
	await call(c, '/keys', { provider: 'contoso', name: 'edge-gw-01', scopes: ['config:read'] });
	const [primary, secondary] = [await generate(c, 'primary'), await generate(d, 'secondary')];
	await vi.waitFor(async () => expect(await opens(d, primary)).toBe(200), { timeout: 10_000, interval: 20 });
	expect((await call(d, azure('regenerateKey'), { keyType: 'primary' })).status).toBe(204);
	expect(await opens(d, primary)).toBe(401);
	await vi.waitFor(async () => expect(await opens(c, primary)).toBe(401), { timeout: 10_000, interval: 20 });
	expect([await opens(c, secondary), await opens(d, secondary)]).toEqual([200, 200]);
});
