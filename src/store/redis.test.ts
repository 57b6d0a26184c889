import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Store, StoreUnavailable } from '#core/index';
import { fakeLog } from '../../test/support/fake-runtime.ts';
import { freePort, hasRedis, type RedisServer, startCutProxy, startRedis } from '../../test/support/redis-server.ts';
import { selfSigned } from '../../test/support/self-signed.ts';
import { describeStore, passForReal } from '../../test/support/store-contract.ts';
import { tempDir, writeIn } from '../../test/support/temp-dir.ts';
import { systemClock } from '../runtime/node/clock.ts';
import { openRedisStore } from './redis.ts';
import { createRedisConnection, type SendCommand } from './redis-connection.ts';

const hour = 60 * 60 * 1000;
const folder = tempDir();

describe.skipIf(!hasRedis)('redis', () => {
	let server: RedisServer;
	const log = fakeLog();
	const options = () => ({ url: server.url, clock: systemClock, log });
	beforeAll(async () => {
		server = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
	});
	afterAll(() => server.stop());

	async function open(url = server.url): Promise<Store> {
		const store = await openRedisStore({ ...options(), url });
		onTestFinished(() => store.close());
		return store;
	}

	/** Commands as they are. */
	async function rawClient(url: string): Promise<SendCommand> {
		const connection = createRedisConnection({ url, ca: undefined, clock: systemClock, log });
		onTestFinished(() => connection.close());
		await connection.start();
		return connection.send;
	}

	describeStore('redis, two connections', async () => {
		const [one, other] = [await openRedisStore(options()), await openRedisStore(options())];
		return {
			one,
			other,
			pass: passForReal,
			async close() {
				await one.close();
				await other.close();
			},
		};
	});

	test('a server that is down at the start is asked until it is there', async () => {
		const port = await freePort();
		const store = await open(`redis://127.0.0.1:${port}`);
		await expect(store.claim('jti', 'x', hour)).rejects.toThrow(StoreUnavailable);
		const late = await startRedis([], port);
		onTestFinished(() => late.stop());
		await vi.waitFor(async () => expect(await store.claim('jti', 'x', hour)).toBe(true), { timeout: 15_000 });
	});

	test('killed and started again: the connection comes back, and what was acknowledged is there', async () => {
		const own = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
		onTestFinished(() => own.stop());
		const store = await open(own.url);
		await store.enter('ledger', 'a', '1');
		const { position } = await store.changes('ledger', undefined, 10);
		await own.kill();
		await expect(store.enter('ledger', 'b', '2')).rejects.toThrow(StoreUnavailable);
		await own.start();
		await vi.waitFor(async () => expect(await store.enter('ledger', 'c', '3')).toBe(2), { timeout: 15_000 });
		expect(await store.changes('ledger', position, 10)).toMatchObject({ isReset: false, entries: [{ key: 'c' }] });
	});

	test('a server that lost everything is another epoch', async () => {
		const store = await open();
		await store.enter('lost', 'a', '1');
		const { position } = await store.changes('lost', undefined, 10);
		const tag = '{countersign:ledger:lost}';
		const raw = await rawClient(server.url);
		await raw(['DEL', `${tag}:meta`, `${tag}:values`, `${tag}:index`, `${tag}:until`]);
		const after = await store.changes('lost', position, 10);
		expect(after).toMatchObject({ isReset: true, entries: [], head: 0 });
		expect(after.position.epoch).not.toBe(position.epoch);
	});

	test('a network that swallows everything is noticed, and a new connection taken', async () => {
		const proxy = await startCutProxy(server.port);
		onTestFinished(() => proxy.close());
		const store = await openRedisStore({ ...options(), url: `redis://127.0.0.1:${proxy.port}`, timeout: 200 });
		onTestFinished(() => store.close());
		expect(await store.claim('cut', 'a', hour)).toBe(true);
		proxy.cut();
		await expect(store.claim('cut', 'b', hour)).rejects.toThrow(/no answer in time/);
		await expect(store.claim('cut', 'c', hour)).rejects.toThrow(StoreUnavailable);
		proxy.restore();
		await vi.waitFor(async () => expect(await store.claim('cut', 'd', hour)).toBe(true), { timeout: 15_000 });
	});

	test('an ACL user in the URL; a wrong password is no answer, and stands in no log', async () => {
		const raw = await rawClient(server.url);
		await raw([
			'ACL',
			'SETUSER',
			'gateway',
			'on',
			'>p@ss:w/rd',
			'~countersign:*',
			'~{countersign:*',
			'+@all',
			'-@dangerous',
		]);
		const url = new URL(server.url);
		url.username = 'gateway';
		url.password = encodeURIComponent('p@ss:w/rd');
		const store = await open(url.href);
		expect(await store.claim('acl', 'x', hour)).toBe(true);
		expect(await store.enter('acl', 'a', 'v')).toBe(1);
		url.password = 'canary-password';
		const wrong = await open(url.href);
		await expect(wrong.claim('acl', 'y', hour)).rejects.toThrow(/WRONGPASS/);
		expect(log.lines.join('\n')).not.toContain('canary-password');
	});

	test('settings that break the promise are said', async () => {
		const forgetful = await startRedis(['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru']);
		onTestFinished(() => forgetful.stop());
		await open(forgetful.url);
		await vi.waitFor(() => {
			expect(log.lines.join('\n')).toContain('noeviction');
			expect(log.lines.join('\n')).toContain('append-only');
		});
	});

	test('TLS: with the authority of the server, and not without', async () => {
		const port = await freePort();
		const { certificate, key } = selfSigned();
		const cert = writeIn(folder, 'cert.pem', certificate);
		const tls = await startRedis([
			'--tls-port',
			String(port),
			'--tls-cert-file',
			cert,
			'--tls-key-file',
			writeIn(folder, 'key.pem', key),
			'--tls-ca-cert-file',
			cert,
			'--tls-auth-clients',
			'no',
		]);
		onTestFinished(() => tls.stop());
		const url = `rediss://localhost:${port}`;
		const store = await openRedisStore({ ...options(), url, ca: certificate });
		onTestFinished(() => store.close());
		expect(await store.claim('tls', 'x', hour)).toBe(true);
		const stranger = await open(url);
		await expect(stranger.claim('tls', 'y', hour)).rejects.toThrow(/certificate/);
	});
});
