/** Reload over real files and sockets: no request notices, the right policy is in force, a bad file changes nothing. */
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { type Gateway, startGateway } from '#gateway/start-gateway';
import { systemTimers } from '#runtime/node/timers';
import { fakeLog } from './support/fake-runtime.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { selfSigned } from './support/self-signed.ts';
import { secretKey, signJws, testKey } from './support/sign-jws.ts';
import { makeTempDir, writeIn } from './support/temp-dir.ts';
import { createTestProvider, jwksPath, type TestProvider } from './support/test-provider.ts';

/** `COUNTERSIGN_LONG=1` runs the load of the acceptance test: twenty seconds in place of three. */
const seconds = process.env['COUNTERSIGN_LONG'] === undefined ? 3 : 20;

async function provided(): Promise<TestProvider> {
	const provider = await createTestProvider();
	onTestFinished(() => provider.stop());
	return provider;
}

async function started(
	config: Parameters<typeof startTestGateway>[0],
	options: TestGatewayOptions = {},
): Promise<TestGateway> {
	const gateway = await startTestGateway(config, options);
	onTestFinished(() => gateway.stop());
	return gateway;
}

async function get(url: string, token?: string): Promise<Response> {
	const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
	await response.arrayBuffer();
	return response;
}

const statusOf = async (url: string, token?: string) => (await get(url, token)).status;

/** A configuration whose number shows in the challenge twice: in the realm, which is global, and in a route's scope. */
function numbered(number: number, provider: TestProvider, upstream: RecordingUpstream): Record<string, unknown> {
	return {
		admin: { listen: '127.0.0.1:0' },
		errors: { realm: `v${number}` },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' } },
		routes: [
			{ path: '/orders/**', upstream: upstream.url },
			{ path: '/versioned', scopes: [`v${number}`], upstream: upstream.url },
		],
	};
}

/** The number in force, as one request sees it; both places must say the same. */
async function numberInForce(gateway: TestGateway, token: string): Promise<number> {
	const response = await get(`${gateway.url}/versioned`, token);
	const challenge = response.headers.get('www-authenticate') ?? '';
	expect(response.status).toBe(403);
	const [, realm, scope] = /realm="v(\d+)".*scope="v(\d+)"/.exec(challenge) ?? [];
	expect(realm, challenge).toBe(scope);
	return Number(realm);
}

test('after each change the right policy is in force, and a broken file keeps the one before', async () => {
	const provider = await provided();
	const upstream = await recordingUpstream();
	const gateway = await started(numbered(0, provider, upstream));
	const token = provider.issue();
	let valid = 0;
	for (let number = 1; number <= 7; number++) {
		const how = number % 2 === 0 ? 'rename' : 'in place';
		if (number % 3 === 0) {
			const before = gateway.log.length;
			gateway.write(`routes: [{ path: /versioned, broken: ${number} }]\n`, how);
			const rejected = () =>
				gateway.log.slice(before).some((line) => line.startsWith('error the new configuration is'));
			await expect.poll(rejected, { timeout: 10_000 }).toBe(true);
			expect(gateway.log.slice(before).join('\n')).toContain('unknown key broken');
			expect((await gateway.gateway.reload()).state).toBe('rejected');
		} else {
			gateway.write(numbered(number, provider, upstream), how);
			valid = number;
			await expect.poll(() => numberInForce(gateway, token), { timeout: 10_000 }).toBe(number);
			expect((await gateway.gateway.reload()).state).toBe('in_force');
		}
		expect(await numberInForce(gateway, token)).toBe(valid);
	}
	// One provider, defined alike throughout: its keys were fetched once.
	expect(provider.requests(jwksPath)).toBe(1);
});

test(`ten writes a second for ${seconds} seconds under load, every third one broken: no request fails`, async () => {
	const provider = await provided();
	const upstream = await recordingUpstream({ keepBody: false });
	const gateway = await started(numbered(0, provider, upstream));
	const tokens = Array.from({ length: 20 }, (_, index) => provider.issue({ sub: `user-${index}` }));
	const counts = new Map<number, number>();
	const seen: number[] = [];
	let going = true;

	const load = Array.from({ length: 4 }, async (_, worker) => {
		for (let count = 0; going; count++) {
			const token = tokens[(count + worker) % tokens.length];
			const status = await statusOf(`${gateway.url}/orders/${count}`, token);
			counts.set(status, (counts.get(status) ?? 0) + 1);
		}
	});
	const watching = (async () => {
		while (going) seen.push(await numberInForce(gateway, tokens[0] ?? ''));
	})();

	const writes = seconds * 10;
	try {
		for (let number = 1; number <= writes; number++) {
			const how = number % 2 === 0 ? 'rename' : 'in place';
			if (number % 3 === 0) gateway.write(`listen: [\nroutes: ${number}`, how);
			else gateway.write(numbered(number, provider, upstream), how);
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
		gateway.write(numbered(writes + 1, provider, upstream));
		await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toBe(writes + 1);
	} finally {
		going = false;
		await Promise.all([...load, watching]);
	}

	expect([...counts.keys()]).toEqual([200]);
	expect(seen).toEqual(seen.toSorted((a, b) => a - b));
	// Changes that never calm down are taken up all the same.
	expect(new Set(seen).size).toBeGreaterThan(3);
	expect(seen.every((number) => number === 0 || number === writes + 1 || number % 3 !== 0)).toBe(true);
	expect(provider.requests(jwksPath)).toBe(1);
}, 60_000);

test('a mounted ConfigMap and a mounted Secret: ..data is swapped', async () => {
	const folder = makeTempDir();
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	const upstream = await recordingUpstream();
	const secrets = ['first-secret-of-at-least-32-octets', 'other-secret-of-at-least-32-octets'].map((text) =>
		secretKey(text),
	);
	const tokenOf = (index: number) =>
		signJws({
			header: JSON.stringify({ alg: 'HS256', typ: 'at+jwt' }),
			payload: { iss: 'https://idp.example.com/', sub: 'a', aud: 'api', iat: now(), exp: now() + 300 },
			key: secrets[index] ?? secretKey('none'),
		});
	const mount = (version: string, secret: string): void => {
		const files = {
			'gateway.yaml': `listen: 127.0.0.1:0
providers: { idp: { issuer: "https://idp.example.com/", audience: api, secret: "\${file:secret}" } }
routes: [{ path: /orders, upstream: "${upstream.url}" }, { path: "/${version}", public: true, upstream: "${upstream.url}" }]
`,
			secret,
		};
		mkdirSync(join(folder, `..${version}`));
		for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `..${version}`, name), text);
		symlinkSync(`..${version}`, join(folder, '..data_tmp'));
		renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
	};
	mount('one', 'first-secret-of-at-least-32-octets\n');
	for (const name of ['gateway.yaml', 'secret']) symlinkSync(join('..data', name), join(folder, name));
	const gateway: Gateway = await startGateway({
		configFile: join(folder, 'gateway.yaml'),
		log: fakeLog(),
		onAudit() {},
	});
	onTestFinished(() => gateway.stop());
	const [first, second] = [tokenOf(0), tokenOf(1)];
	expect([await statusOf(`${gateway.url}/orders`, first), await statusOf(`${gateway.url}/orders`, second)]).toEqual([
		200, 401,
	]);

	mount('two', 'other-secret-of-at-least-32-octets\n');
	rmSync(join(folder, '..one'), { recursive: true });
	await expect.poll(() => statusOf(`${gateway.url}/two`), { timeout: 10_000 }).toBe(200);
	expect(await statusOf(`${gateway.url}/one`)).toBe(404);
	// The first token was in the cache of genuine tokens, on a key that its provider no longer has.
	expect([await statusOf(`${gateway.url}/orders`, first), await statusOf(`${gateway.url}/orders`, second)]).toEqual([
		401, 200,
	]);
});

test('D17: keys in a file change under load: no 5xx, never a half-loaded set', async () => {
	const upstream = await recordingUpstream({ keepBody: false });
	const [leaving, staying, coming] = [
		testKey('RS256', 'leaving'),
		testKey('RS256', 'staying'),
		testKey('ES256', 'coming'),
	];
	const jwks = (...keys: readonly (typeof leaving)[]) => JSON.stringify({ keys: keys.map((key) => key.jwk) });
	const gateway = await started(
		{
			providers: { idp: { issuer: 'https://idp.example.com/', audience: 'api', jwks_file: './jwks.json' } },
			routes: [{ path: '/orders', upstream: upstream.url }],
		},
		{ files: { 'jwks.json': jwks(leaving, staying) } },
	);
	const issue = (key: typeof leaving) =>
		signJws({
			header: JSON.stringify({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid }),
			payload: { iss: 'https://idp.example.com/', sub: 'a', aud: 'api', iat: now(), exp: now() + 300 },
			key,
		});
	const url = `${gateway.url}/orders`;
	const statuses = { staying: new Set<number>(), leaving: new Set<number>(), coming: new Set<number>() };
	let going = true;
	const load = (['staying', 'leaving', 'coming'] as const).map(async (name) => {
		const key = { staying, leaving, coming }[name];
		while (going) statuses[name].add(await statusOf(url, issue(key)));
	});
	try {
		await expect.poll(() => statuses.leaving.size, { timeout: 10_000 }).toBe(1);
		for (const text of [jwks(leaving, staying, coming), jwks(staying), jwks(staying, coming)]) {
			const { reloads } = await gateway.gateway.reload();
			writeIn(gateway.folder, 'jwks.json', text);
			await expect.poll(async () => (await gateway.gateway.reload()).reloads, { timeout: 10_000 }).toBe(reloads + 1);
		}
		await expect.poll(() => statusOf(url, issue(coming))).toBe(200);
	} finally {
		going = false;
		await Promise.all(load);
	}
	expect(statuses.staying).toEqual(new Set([200]));
	expect(statuses.leaving).toEqual(new Set([200, 401]));
	expect(statuses.coming).toEqual(new Set([200, 401]));
	expect(await statusOf(url, issue(leaving))).toBe(401);
});

test('O02: an invalid file is said in log and health, and the way back is no reload', async () => {
	const provider = await provided();
	const upstream = await recordingUpstream();
	const config = numbered(1, provider, upstream);
	const gateway = await started(config);
	const health = async () => (await fetch(`${gateway.gateway.adminUrl}/healthz`)).json();
	expect(await health()).toMatchObject({ status: 'ok', configuration: { state: 'in_force', reloads: 0 } });

	gateway.write('listen: 127.0.0.1:0\nproviders: { idp: { issuer: [] } }\nroutes: [{ path: relative }]\n');
	const rejected = await gateway.gateway.reload();
	expect(rejected).toMatchObject({ state: 'rejected', rejections: 1 });
	expect(rejected.diagnostics.length).toBeGreaterThan(1);
	for (const { message } of rejected.diagnostics)
		expect(gateway.log.join('\n')).toContain(JSON.stringify(message).slice(1, -1));
	expect(await health()).toMatchObject({
		status: 'ok',
		configuration: { state: 'rejected', errors: rejected.diagnostics.length },
	});
	expect((await fetch(`${gateway.gateway.adminUrl}/readyz`)).status).toBe(200);
	expect(await statusOf(`${gateway.url}/orders/1`, provider.issue())).toBe(200);

	// Touched, but not changed: not said twice.
	const lines = gateway.log.length;
	gateway.write('listen: 127.0.0.1:0\nproviders: { idp: { issuer: [] } }\nroutes: [{ path: relative }]\n');
	expect(await gateway.gateway.reload()).toMatchObject({ rejections: 1 });
	expect(gateway.log.length).toBe(lines);

	gateway.write(config);
	expect(await gateway.gateway.reload()).toMatchObject({
		state: 'in_force',
		reloads: 0,
		rejections: 1,
		diagnostics: [],
	});
	rmSync(join(gateway.folder, 'gateway.yaml'));
	expect((await gateway.gateway.reload()).diagnostics[0]?.message).toMatch(/cannot be read/);
	expect(await statusOf(`${gateway.url}/orders/1`, provider.issue())).toBe(200);
});

test('an unchanged provider keeps its keys through an outage; a changed one loses its cached tokens', async () => {
	const provider = await provided();
	const upstream = await recordingUpstream();
	const gateway = await started(numbered(1, provider, upstream));
	const token = provider.issue();
	expect(await statusOf(`${gateway.url}/orders/1`, token)).toBe(200);
	provider.behave(jwksPath, { status: 500 });

	gateway.write(numbered(2, provider, upstream));
	expect(await gateway.gateway.reload()).toMatchObject({ reloads: 1 });
	expect(await statusOf(`${gateway.url}/orders/1`, token)).toBe(200);
	expect(gateway.records.at(-1)).toMatchObject({ reason: undefined });
	expect(provider.requests(jwksPath)).toBe(1);

	const stricter = numbered(3, provider, upstream);
	const providers = { idp: { issuer: provider.issuer, audience: provider.audience, typ: 'JWT' } };
	gateway.write({ ...stricter, providers });
	await gateway.gateway.reload();
	expect(await statusOf(`${gateway.url}/orders/1`, token)).toBe(401);
	expect(gateway.records.at(-1)?.reason).toBe('token_type_rejected');
	expect(provider.requests(jwksPath)).toBe(1);
});

test('a new provider is warm before the swap, and one that never answers holds it up for a bounded time only', async () => {
	const [old, slow, silent] = [await provided(), await provided(), await provided()];
	const upstream = await recordingUpstream();
	const later: (() => void)[] = [];
	const gateway = await started(numbered(1, old, upstream), {
		runtime: {
			// The time that a swap waits, given by the test.
			timers: {
				after(ms, task) {
					if (ms !== 5_000) return systemTimers.after(ms, task);
					later.push(task);
					return () => {};
				},
			},
		},
	});
	const idp = ({ issuer, audience }: TestProvider) => ({ issuer, audience, max_lifetime: '1h' });
	const route = (name: string) => ({ path: `/${name}`, providers: [name], upstream: upstream.url });
	slow.behave(jwksPath, { delay: 300, times: 1 });
	gateway.write({ providers: { idp: idp(old), slow: idp(slow) }, routes: [route('idp'), route('slow')] });
	const reloading = gateway.gateway.reload();
	const statuses = new Set<number>();
	while ((await Promise.race([reloading, statusOf(`${gateway.url}/slow`, slow.issue())])) === 404) statuses.add(404);
	await reloading;
	statuses.add(await statusOf(`${gateway.url}/slow`, slow.issue()));
	expect([...statuses].at(-1)).toBe(200);
	expect(gateway.records.some(({ reason }) => reason === 'keys_unavailable')).toBe(false);

	let open = (): void => {};
	silent.behave(jwksPath, {
		until: new Promise<void>((resolve) => {
			open = resolve;
		}),
	});
	onTestFinished(() => open());
	const before = later.length;
	gateway.write({
		providers: { idp: idp(old), slow: idp(slow), silent: idp(silent) },
		routes: [route('idp'), route('slow'), route('silent')],
	});
	const waiting = gateway.gateway.reload();
	await expect.poll(() => later.length, { timeout: 10_000 }).toBeGreaterThan(before);
	expect(await statusOf(`${gateway.url}/silent`)).toBe(404);
	for (const task of later.slice(before)) task();
	expect(await waiting).toMatchObject({ reloads: 2 });
	expect(await statusOf(`${gateway.url}/silent`)).toBe(401);
	expect(await statusOf(`${gateway.url}/slow`, slow.issue())).toBe(200);
});

test('what needs a restart is named, and everything else is taken over', async () => {
	const provider = await provided();
	const upstream = await recordingUpstream();
	const gateway = await started(numbered(1, provider, upstream));
	gateway.write({
		...numbered(2, provider, upstream),
		listen: '127.0.0.1:1',
		admin: { listen: '127.0.0.1:2' },
		timeouts: { keep_alive: '1s' },
		limits: { token: '8KiB' },
	});
	expect(await gateway.gateway.reload()).toMatchObject({ restartNeeded: ['listen', 'admin.listen', 'timeouts'] });
	expect(await numberInForce(gateway, provider.issue())).toBe(2);
	expect(gateway.log.join('\n')).toContain('need a restart');
	gateway.write(numbered(3, provider, upstream));
	expect(await gateway.gateway.reload()).toMatchObject({ restartNeeded: [] });
});

test('a renewed certificate is served after its files changed, and one without its key is rejected', async () => {
	const upstream = await recordingUpstream();
	const [first, second] = [selfSigned(), selfSigned({ commonName: 'second' })];
	const gateway = await started(
		{
			listen: { address: '127.0.0.1:0', tls: { certificate: './tls.crt', key: './tls.key' } },
			routes: [{ path: '/**', public: true, upstream: upstream.url }],
		},
		{ files: { 'tls.crt': first.certificate, 'tls.key': first.key } },
	);
	const isTrusted = (ca: string) =>
		new Promise<boolean>((resolve) => {
			const socket = connect({ host: '127.0.0.1', port: gateway.port, servername: 'localhost', ca });
			socket.once('secureConnect', () => resolve(true)).once('error', () => resolve(false));
			onTestFinished(() => void socket.destroy());
		});
	expect([await isTrusted(first.certificate), await isTrusted(second.certificate)]).toEqual([true, false]);
	writeIn(gateway.folder, 'tls.crt', second.certificate);
	const mismatch = await gateway.gateway.reload();
	expect(mismatch).toMatchObject({ state: 'rejected' });
	expect(mismatch.diagnostics[0]?.message).toMatch(/cannot be used with its key/);
	expect(await isTrusted(first.certificate)).toBe(true);
	writeIn(gateway.folder, 'tls.key', second.key);
	expect(await gateway.gateway.reload()).toMatchObject({ state: 'in_force', restartNeeded: [] });
	expect([await isTrusted(first.certificate), await isTrusted(second.certificate)]).toEqual([false, true]);
	expect(gateway.log.join('\n')).not.toContain('PRIVATE KEY');
});

function now(): number {
	return Math.floor(Date.now() / 1000);
}

test('sessions that come with keys of a store that is open without: rejected, and why, in words that help', async () => {
	const provider = await provided();
	const idp = { issuer: provider.issuer, audience: provider.audience, max_lifetime: '1h' };
	const routes = [{ path: '/**', providers: ['idp'], upstream: 'http://127.0.0.1:1' }];
	const store = { type: 'sqlite', path: './store.db' };
	const gateway = await started({ providers: { idp }, store, routes });
	gateway.write({
		providers: { idp: { ...idp, client: { id: 'gateway', secret: 'a secret of the gateway, 32 bytes' } } },
		public_url: 'http://localhost:8080',
		store: { ...store, encryption_keys: ['BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE='] },
		sessions: { web: { provider: 'idp' } },
		routes: routes.map((route) => ({ ...route, sessions: 'web' })),
	});
	await gateway.gateway.reload();
	expect(gateway.log.join('\n')).toContain(
		'the store was opened without encryption_keys to seal sessions with: restart the gateway',
	);
});
