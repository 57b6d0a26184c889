/**
 * H16 across processes: fifty copies of one proof at once, spread over all of them, pass exactly once; on two workers that
 * have nothing in common but their primary, and on two gateways that share SQLite or Redis. And what is cut off from it.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Command, startCommand } from './support/command.ts';
import { keyThumbprint, makeProof } from './support/dpop.ts';
import { requestBytes } from './support/guarded-gateway.ts';
import { exchange } from './support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { hasRedis, startCutProxy, startRedis } from './support/redis-server.ts';
import { tempDir } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

// Several processes each, on a machine that may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const origin = 'https://api.example.com';
const folder = tempDir();
let provider: TestProvider;
let upstream: RecordingUpstream;

beforeAll(async () => {
	provider = await createTestProvider();
	upstream = await recordingUpstream({ closedBy: 'caller' });
});
afterAll(async () => {
	await provider.stop();
	await upstream.close();
});

function start(more: Readonly<Record<string, unknown>>): Promise<Command> {
	return startCommand({
		public_url: origin,
		errors: { expose_reason: true },
		dpop: { max_age: '10m' },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ path: '/**', upstream: upstream.url }],
		...more,
	});
}

const bound = () => provider.issue({ cnf: { jkt: keyThumbprint() } });

interface Answer {
	readonly status: number;
	/** Of the problem body. */
	readonly reason: string | undefined;
	readonly nonce: string | undefined;
}

async function send(url: string, token: string, proof: string, scheme = 'DPoP'): Promise<Answer> {
	const { status, headers, body } = await exchange(url, requestBytes({ token, proof, scheme }));
	const reason = status === 200 ? undefined : (JSON.parse(body) as { readonly reason?: string }).reason;
	return { status, reason, nonce: headers.get('dpop-nonce') };
}

async function expectOnce(urls: readonly string[]): Promise<void> {
	const token = bound();
	// Every gateway has verified the token before, so that the copies arrive together.
	for (const url of urls)
		expect(await send(url, token, makeProof({ url: `${origin}/`, token }))).toMatchObject({ status: 200 });
	const proof = makeProof({ url: `${origin}/`, token });
	const arrived = upstream.requests.length;
	const copies = Array.from({ length: 50 }, (_, index) => send(urls[index % urls.length] ?? '', token, proof));
	const answers = await Promise.all(copies);
	const counts = Map.groupBy(answers, ({ status, reason }) => `${status} ${reason ?? ''}`);
	expect(Object.fromEntries(Array.from(counts, ([answer, all]) => [answer, all.length]))).toEqual({
		'200 ': 1,
		'401 dpop_proof_replayed': 49,
	});
	expect(upstream.requests).toHaveLength(arrived + 1);
}

test('two workers without a common store, and nonces that each of them takes', async () => {
	const gateway = await start({ workers: 2, dpop: { max_age: '10m', nonces: true, nonce_lifetime: '1h' } });
	const token = bound();
	const { nonce, reason } = await send(gateway.url, token, makeProof({ url: `${origin}/`, token }));
	expect(reason).toBe('dpop_nonce_required');
	const proof = () => makeProof({ url: `${origin}/`, token, claims: { nonce } });
	for (let n = 0; n < 10; n++) expect(await send(gateway.url, token, proof())).toMatchObject({ status: 200 });
	const same = proof();
	const answers = await Promise.all(Array.from({ length: 50 }, () => send(gateway.url, token, same)));
	expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
	expect(answers.filter((answer) => answer.reason === 'dpop_proof_replayed')).toHaveLength(49);
});

test('two gateways on SQLite', async () => {
	const store = { type: 'sqlite', path: join(folder, 'store.db') };
	const [one, two] = await Promise.all([start({ store }), start({ store })]);
	for (let round = 0; round < 3; round++) await expectOnce([one.url, two.url]);
});

describe.skipIf(!hasRedis)('two gateways on Redis', () => {
	test('each proof counts once for both, and for nobody who cannot ask', async () => {
		const redis = await startRedis();
		onTestFinished(() => redis.stop());
		const proxy = await startCutProxy(redis.port);
		onTestFinished(() => proxy.close());
		const [one, two] = await Promise.all([
			start({ store: { type: 'redis', url: redis.url } }),
			start({ store: { type: 'redis', url: `redis://127.0.0.1:${proxy.port}` } }),
		]);
		for (let round = 0; round < 3; round++) await expectOnce([one.url, two.url]);

		const token = bound();
		proxy.cut();
		const proof = makeProof({ url: `${origin}/`, token });
		expect(await send(two.url, token, proof)).toMatchObject({ status: 503, reason: 'store_unavailable' });
		// A claim that was not answered may have arrived; a proof that nobody claimed is as good as before.
		const other = makeProof({ url: `${origin}/`, token });
		expect(await send(one.url, token, other)).toMatchObject({ status: 200 });
		proxy.restore();
		await vi.waitFor(
			async () => expect(await send(two.url, token, other)).toMatchObject({ reason: 'dpop_proof_replayed' }),
			{ timeout: 20_000, interval: 100 },
		);
	});
});
