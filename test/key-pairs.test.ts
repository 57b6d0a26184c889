/** Key pairs made while the gateway runs: by the admin API and the command line, used over real sockets. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { senderKey, signSas } from './support/sign-sas.ts';

let upstream: RecordingUpstream;
let gateway: TestGateway;

function config(store: Record<string, unknown>) {
	return {
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store,
		providers: {
			bus: {
				tokens: ['shared_access'],
				format: 'service_bus',
				audience: 'sb://bus.example.net/',
				stored_keys: true,
				keys: { fixed: { primary: senderKey } },
			},
		},
		routes: [{ name: 'orders', path: '/orders', scopes: ['telemetry:write'], upstream: upstream.url }],
	};
}

beforeAll(async () => {
	upstream = await recordingUpstream({ closedBy: 'caller' });
	const encryption_keys = [randomBytes(32).toString('base64')];
	gateway = await startTestGateway(config({ type: 'sqlite', encryption_keys }));
});
afterAll(async () => {
	await gateway.stop();
	await upstream.close();
});

async function post(path: string, body: unknown, to: TestGateway = gateway) {
	const response = await fetch(new URL(path, to.gateway.adminUrl), {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	return { status: response.status, body: (await response.json()) as Record<string, string> };
}

async function signed(name: string, key = ''): Promise<number> {
	const authorization = `SharedAccessSignature ${signSas({ skn: name, key })}`;
	const response = await fetch(`${gateway.url}/orders`, { headers: { authorization } });
	await response.arrayBuffer();
	return response.status;
}

test('made, used, rotated half by half, disabled, removed: at once, for signatures seen before too', async () => {
	const scopes = ['telemetry:write'];
	const made = await post('/keys', { name: 'meters', scopes, claims: { site: 'north' } });
	expect(made).toMatchObject({ status: 201, body: { provider: 'bus', name: 'meters', disabled: false } });
	const { primary, secondary } = made.body;
	expect([
		await signed('meters', primary),
		await signed('meters', secondary),
		await signed('meters', senderKey),
	]).toEqual([200, 200, 401]);
	expect(gateway.records.at(-3)).toMatchObject({ decision: 'allow', client: 'meters', kind: 'shared_access' });
	const again = await post('/keys/regenerate', { name: 'meters', half: 'primary' });
	expect([
		await signed('meters', primary),
		await signed('meters', secondary),
		await signed('meters', again.body['key']),
	]).toEqual([401, 200, 200]);
	expect((await post('/keys/disable', { name: 'meters' })).body['disabled']).toBe(true);
	expect([await signed('meters', secondary), await signed('meters', again.body['key'])]).toEqual([401, 401]);
	await post('/keys/enable', { name: 'meters' });
	expect(await signed('meters', secondary)).toBe(200);
	await post('/keys/remove', { name: 'meters' });
	expect(await signed('meters', secondary)).toBe(401);
	expect(gateway.changes.map(({ action }) => action)).toEqual([
		'key_create',
		'key_regenerate',
		'key_disable',
		'key_enable',
		'key_remove',
	]);
	const told = JSON.stringify([gateway.changes, gateway.records, gateway.log]);
	for (const key of [primary, secondary, again.body['key']]) expect(told).not.toContain(key?.slice(0, 20));
});

test('no page shows a key again', async () => {
	const { body } = await post('/keys', { name: 'shown', scopes: [] });
	for (const path of ['/keys', '/providers', '/routes', '/revocations', '/healthz', '/metrics']) {
		const text = await (await fetch(new URL(path, gateway.gateway.adminUrl))).text();
		for (const half of ['primary', 'secondary']) expect(text, path).not.toContain(body[half]?.slice(0, 20));
		if (path === '/keys') expect(text).toContain('"shown"');
	}
});

test.each<[string, Record<string, unknown>, number]>([
	['/keys', { name: 'fixed' }, 409],
	['/keys', { name: 'shown' }, 409],
	['/keys', { name: 'a b' }, 400],
	['/keys', { name: '' }, 400],
	['/keys', { name: 'x', provider: 'nobody' }, 400],
	['/keys', { name: 'x', scopes: ['a b'] }, 400],
	['/keys', { name: 'x', claims: { aud: 'other' } }, 400],
	['/keys', { name: 'x', primary: 'mine' }, 400],
	['/keys/regenerate', { name: 'shown', half: 'both' }, 400],
	['/keys/regenerate', { name: 'nobody', half: 'primary' }, 404],
	['/keys/disable', { name: 'nobody' }, 404],
	['/keys/remove', { name: 'fixed' }, 404],
])('%s %j: %i', async (path, body, status) => {
	expect((await post(path, body)).status).toBe(status);
});

test('the command line: create, list, regenerate', async () => {
	const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
	const run = async (...args: readonly string[]) => {
		const node = ['--conditions=countersign-source', main, 'keys', ...args, '--admin', gateway.gateway.adminUrl ?? ''];
		return (await promisify(execFile)(process.execPath, node)).stdout;
	};
	const created = await run('create', '--name', 'cli', '--scope', 'telemetry:write');
	const key = /^primary {3}(\S+)\nsecondary \S+\n$/.exec(created)?.[1] ?? '';
	expect(await signed('cli', key)).toBe(200);
	expect(await run('list')).toMatch(/^bus cli: primary of \S+, secondary of \S+$/m);
	expect(await run('regenerate', '--name', 'cli', '--half', 'primary')).toMatch(/^primary \S{44}\n$/);
	expect(await signed('cli', key)).toBe(401);
	await expect(run('regenerate', '--name', 'nobody', '--half', 'primary')).rejects.toThrow('404');
});

test('a store that outlives the process holds no key without one to seal it; memory does', async () => {
	for (const [type, status] of [
		['sqlite', 409],
		['memory', 201],
	] as const) {
		const own = await startTestGateway(config({ type }));
		onTestFinished(() => own.stop());
		expect((await post('/keys', { name: 'x' }, own)).status, type).toBe(status);
	}
});
