/** Group D: keys that come, go and cannot be fetched (D07–D10), and what discovery may lead to (D11, D12). */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import type { DocumentFetcher } from '#core/index';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { fakeClock, fakeTimers } from '../support/fake-runtime.ts';
import type { TestGatewayOptions } from '../support/gateway.ts';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { testKey } from '../support/sign-jws.ts';
import {
	type Behaviour,
	createTestProvider,
	jwksPath,
	type TestProvider,
	type TestProviderOptions,
} from '../support/test-provider.ts';

const known = testKey('ES256', 'known');
const next = testKey('ES256', 'next');

/** A provider and a gateway for one test: `/` is guarded by it. */
async function start(
	options: { readonly provider?: TestProviderOptions; readonly gateway?: TestGatewayOptions } = {},
	behave: (provider: TestProvider) => void = () => {},
): Promise<{ readonly provider: TestProvider; readonly rig: GuardedGateway }> {
	const provider = await createTestProvider({ keys: [known], ...options.provider });
	onTestFinished(() => provider.stop());
	behave(provider);
	const rig = await startGuardedGateway((upstream) => configFor(provider, upstream), options.gateway);
	onTestFinished(() => rig.stop());
	return { provider, rig };
}

function configFor({ issuer, audience }: TestProvider, upstream: string): Readonly<Record<string, unknown>> {
	return { providers: { idp: { issuer, audience } }, routes: [{ name: 'all', path: '/**', upstream }] };
}

function unknownKid(provider: TestProvider): string {
	return provider.issue({}, { kid: randomBytes(9).toString('base64url') });
}

test('D07: 10,000 unknown kids cause two refetches, and a known token still passes', async () => {
	const { provider, rig } = await start();
	const [, payload = '', signature = ''] = provider.issue().split('.');
	const flood = Array.from({ length: 10_000 }, (_, n) => {
		const header = Buffer.from(`{"alg":"ES256","typ":"at+jwt","kid":"random-${n}"}`).toString('base64url');
		return requestBytes({ token: `${header}.${payload}.${signature}` });
	});
	const clients = await Promise.all(Array.from({ length: 4 }, () => rawClient(rig.gateway.url)));
	const statuses = new Map<number, number>();
	await Promise.all(
		clients.map(async (client, lane) => {
			const own = flood.filter((_, n) => n % clients.length === lane);
			for (let at = 0; at < own.length; at += 100) {
				const batch = own.slice(at, at + 100);
				client.send(batch.join(''));
				for (let n = 0; n < batch.length; n++) {
					const { status } = await client.response();
					statuses.set(status, (statuses.get(status) ?? 0) + 1);
				}
			}
			client.destroy();
		}),
	);
	await rig.gateway.record(10_000);
	expect(statuses).toEqual(new Map([[401, 10_000]]));
	expect(new Set(rig.gateway.records.map((record) => record.reason))).toEqual(new Set(['key_unknown']));
	expect(rig.upstream.requests).toHaveLength(0);
	// One at the start and two from the bucket; a third permit only after 30 s.
	expect(provider.requests(jwksPath)).toBeGreaterThan(1);
	expect(provider.requests(jwksPath)).toBeLessThanOrEqual(4);
	expectForwarded(await rig.send({ token: provider.issue() }));
});

test('D08: a new kid causes one fetch and passes', async () => {
	const { provider, rig } = await start();
	expectForwarded(await rig.send({ token: provider.issue() }));
	provider.rotate([next, known]);
	expect(provider.requests(jwksPath)).toBe(1);
	expectForwarded(await rig.send({ token: provider.issue({}, { key: next }) }));
	expectForwarded(await rig.send({ token: provider.issue({}, { key: known }) }));
	expect(provider.requests(jwksPath)).toBe(2);
});

test('D08: a hundred requests with the new kid at once cause one fetch', async () => {
	const { provider, rig } = await start();
	provider.rotate([next]);
	let open = (): void => {};
	provider.behave(jwksPath, { until: new Promise<void>((resolve) => (open = resolve)), times: 1 });
	const clients = await Promise.all(Array.from({ length: 100 }, () => rawClient(rig.gateway.url)));
	for (const client of clients) client.send(requestBytes({ token: provider.issue({}, { key: next }) }));
	await expect.poll(() => provider.requests(jwksPath)).toBe(2);
	open();
	const responses = await Promise.all(clients.map((client) => client.response()));
	for (const client of clients) client.destroy();
	expect(responses.map(({ status }) => status)).toEqual(Array(100).fill(200));
	expect(provider.requests(jwksPath)).toBe(2);
});

test('D09: a withdrawn key verifies until the key set is refreshed, and nothing afterwards', async () => {
	const clock = fakeClock();
	const timers = fakeTimers(clock);
	const { provider, rig } = await start({
		provider: { now: () => clock.now() / 1000 },
		gateway: { runtime: { clock, timers } },
	});
	const token = provider.issue({}, { lifetime: 86_400 });
	expectForwarded(await rig.send({ token }));
	provider.rotate([next]);
	await timers.advance(600_000);
	expectForwarded(await rig.send({ token }));
	expectForwarded(await rig.send({ token: provider.issue({}, { key: known }) }));
	expect(provider.requests(jwksPath)).toBe(1);

	await timers.advance(900_000);
	await expect.poll(() => provider.requests(jwksPath)).toBe(2);
	// Joins the fetch under way, so the new set is in force when this is answered.
	expectForwarded(await rig.send({ token: provider.issue({}, { key: next }) }));
	expectRefused(await rig.send({ token }), '401-IT', 'key_unknown');
	expectRefused(await rig.send({ token: provider.issue({}, { key: known }) }), '401-IT', 'key_unknown');
});

const broken: readonly (readonly [name: string, behaviour: Behaviour])[] = [
	['a connection that is cut', { cut: true }],
	['a redirect to another host', { redirect: 'http://169.254.169.254/latest/meta-data' }],
	['404', { status: 404 }],
	['500', { status: 500 }],
	['HTML', { body: '<!doctype html><title>Maintenance</title>' }],
	['JSON that breaks off', { body: '{"keys":[{"kty":"EC","crv":"P-256","x":"' }],
	['20 MiB', { body: Buffer.alloc(20_971_520, 0x20) }],
	['"keys" as an object', { body: '{"keys":{}}' }],
	['no keys', { body: '{"keys":[]}' }],
	['a gzip bomb', { body: gzipSync(Buffer.alloc(20_971_520, 0x20)), headers: { 'content-encoding': 'gzip' } }],
];

test.each(broken)('D10: cold, the key set is %s', async (_, behaviour) => {
	const { provider, rig } = await start({}, ({ behave }) => behave(jwksPath, behaviour));
	expectRefused(await rig.send({ token: provider.issue() }), '503', 'keys_unavailable');
	expectRefused(await rig.send({ token: unknownKid(provider) }), '503', 'keys_unavailable');
});

test.each(broken)('D10: warm, the key set becomes %s', async (_, behaviour) => {
	const { provider, rig } = await start();
	provider.behave(jwksPath, behaviour);
	// An unknown kid makes it fetch; whether that key exists cannot be told now, and that is no verdict on the token.
	expectRefused(await rig.send({ token: unknownKid(provider) }), '503', 'keys_unavailable');
	expect(provider.requests(jwksPath)).toBe(2);
	expectForwarded(await rig.send({ token: provider.issue() }));
});

/** Asks as ever, and remembers what it was asked for. */
function watchedFetcher(): DocumentFetcher & { readonly asked: string[] } {
	const fetcher = createDocumentFetcher();
	const asked: string[] = [];
	return {
		asked,
		get(url, options) {
			asked.push(url);
			return fetcher.get(url, options);
		},
	};
}

test.each([
	['an issuer with another path', { issuer: 'http://127.0.0.1:1/other' }],
	['no issuer', { issuer: undefined }],
	['a jwks_uri over http to another host', { jwks_uri: 'http://keys.example/jwks' }],
	['a jwks_uri over http to the metadata service', { jwks_uri: 'http://169.254.169.254/latest' }],
	['a jwks_uri that is a file', { jwks_uri: 'file:///etc/passwd' }],
	['a jwks_uri with user information', { jwks_uri: 'https://user:password@127.0.0.1/jwks' }],
	['no jwks_uri', { jwks_uri: undefined }],
	['a list as jwks_uri', { jwks_uri: ['https://127.0.0.1/jwks'] }],
	['a relative jwks_uri', { jwks_uri: '/.well-known/jwks.json' }],
	['a jwks_uri with a scheme only', { jwks_uri: 'https:/.well-known/jwks.json' }],
])('D11: the metadata has %s', async (_, metadata) => {
	const fetcher = watchedFetcher();
	const { provider, rig } = await start({ provider: { metadata }, gateway: { runtime: { fetcher } } });
	expectRefused(await rig.send({ token: provider.issue() }), '503', 'keys_unavailable');
	expect(new Set(fetcher.asked)).toEqual(new Set([provider.discoveryUri]));
	expect(provider.requests(jwksPath)).toBe(0);
});

test('D11: a jwks_uri on another host is where the provider says that its keys are', async () => {
	const elsewhere = await createTestProvider({ keys: [known] });
	onTestFinished(() => elsewhere.stop());
	const { provider, rig } = await start({ provider: { metadata: { jwks_uri: elsewhere.jwksUri } } });
	expectForwarded(await rig.send({ token: provider.issue() }));
	expect(elsewhere.requests(jwksPath)).toBe(1);
});

test('D12: a chain of redirects from the metadata', async () => {
	const hops = createServer((request, response) => {
		const hop = Number((request.url ?? '').slice(1));
		response.writeHead(302, { location: `/${hop + 1}` }).end();
	});
	await new Promise<void>((resolve) => {
		hops.listen(0, '127.0.0.1', resolve);
	});
	let followed = 0;
	hops.on('request', () => (followed += 1));
	onTestFinished(() => void hops.close());
	const { port } = hops.address() as AddressInfo;
	const { provider, rig } = await start({}, ({ behave, discoveryUri }) =>
		behave(new URL(discoveryUri).pathname, { redirect: `http://127.0.0.1:${port}/1` }),
	);
	expectRefused(await rig.send({ token: provider.issue() }), '503', 'keys_unavailable');
	expect(followed).toBe(0);
	expect(provider.requests(jwksPath)).toBe(0);
});

test('D12: a redirect from the metadata to 169.254.169.254', async () => {
	const fetcher = watchedFetcher();
	const { provider, rig } = await start({ gateway: { runtime: { fetcher } } }, ({ behave, discoveryUri }) =>
		behave(new URL(discoveryUri).pathname, { redirect: 'http://169.254.169.254/latest/meta-data' }),
	);
	expectRefused(await rig.send({ token: provider.issue() }), '503', 'keys_unavailable');
	expect(new Set(fetcher.asked)).toEqual(new Set([provider.discoveryUri]));
	expect(rig.gateway.log.join('\n')).toContain('redirects are not followed');
});
