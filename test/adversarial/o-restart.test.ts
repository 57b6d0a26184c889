/**
 * Group O: an orderly end under load and a sudden one, and what is known of used proofs afterwards (O08). Each gateway is a
 * process; what it wrote to SQLite is all that the next one has.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Command, startCommand } from '../support/command.ts';
import { keyThumbprint, makeProof } from '../support/dpop.ts';
import { requestBytes } from '../support/guarded-gateway.ts';
import { exchange } from '../support/raw-client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

// Several processes each, on a machine that may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const origin = 'https://api.example.com';
const folder = tempDir();
let provider: TestProvider;
/** Requests that reached the service. */
let arrived = 0;
/** Ends the response that `/stream` began. */
let finish: (() => void) | undefined;
const service = createServer((request, response) => {
	arrived += 1;
	if (request.url !== '/stream') {
		response.end('hello');
		return;
	}
	response.writeHead(200, { 'content-length': '10' });
	response.write('begun');
	finish = () => response.end('ended');
});

beforeAll(async () => {
	provider = await createTestProvider();
	await new Promise<void>((resolve) => {
		service.listen(0, '127.0.0.1', resolve);
	});
});
afterAll(async () => {
	await provider.stop();
	service.closeAllConnections();
	service.close();
});

function start(more: Readonly<Record<string, unknown>>): Promise<Command> {
	return startCommand({
		public_url: origin,
		errors: { expose_reason: true },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ path: '/**', upstream: `http://127.0.0.1:${(service.address() as AddressInfo).port}` }],
		dpop: { max_age: '10m' },
		...more,
	});
}

const store = (name: string) => ({ store: { type: 'sqlite', path: join(folder, name) } });
const bound = () => provider.issue({ cnf: { jkt: keyThumbprint() } });

/** Status, then the reason of a refusal or the body. */
async function send(url: string, token: string, proof: string, target = '/') {
	const { status, body, headers } = await exchange(url, requestBytes({ target, token, proof }));
	const reason = status === 200 ? body : (JSON.parse(body) as { readonly reason?: string }).reason;
	return { answer: `${status} ${reason}`, nonce: headers.get('dpop-nonce') };
}

test('O08: an orderly end lets a stream end, and what used up its proof is known after the restart', async () => {
	const token = bound();
	const proof = makeProof({ url: `${origin}/stream`, token });
	const first = await start(store('drained.db'));
	const streaming = send(first.url, token, proof, '/stream');
	await vi.waitFor(() => expect(finish).toBeDefined(), { timeout: 20_000, interval: 5 });
	first.child.kill('SIGTERM');
	await vi.waitFor(() => expect(first.said()).toMatch(/drain|ending|stopping/i), { timeout: 20_000, interval: 5 });

	// The one that takes over is there before the other one has gone.
	const second = await start(store('drained.db'));
	const before = arrived;
	expect((await send(second.url, token, proof, '/stream')).answer).toBe('401 dpop_proof_replayed');
	finish?.();
	expect((await streaming).answer).toBe('200 begunended');
	expect(await first.ended).toBe(0);
	expect((await send(second.url, token, proof, '/stream')).answer).toBe('401 dpop_proof_replayed');
	expect(arrived).toBe(before);
});

test('O08: after kill -9 every proof that was used under load is known', async () => {
	const token = bound();
	const used: string[] = [];
	const first = await start(store('killed.db'));
	const using = Array.from({ length: 8 }, async () => {
		for (;;) {
			const proof = makeProof({ url: `${origin}/`, token });
			expect((await send(first.url, token, proof)).answer).toBe('200 hello');
			used.push(proof);
		}
	});
	const settled = Promise.allSettled(using);
	await vi.waitFor(() => expect(used.length).toBeGreaterThan(40), { timeout: 20_000, interval: 5 });
	first.child.kill('SIGKILL');
	await settled;
	await first.ended;
	const second = await start(store('killed.db'));
	const before = arrived;
	const answers = await Promise.all(used.map(async (proof) => (await send(second.url, token, proof)).answer));
	expect(new Set(answers)).toEqual(new Set(['401 dpop_proof_replayed']));
	expect(arrived).toBe(before);
	expect((await send(second.url, token, makeProof({ url: `${origin}/`, token }))).answer).toBe('200 hello');
});

test('O08: a store in memory forgets with its process; nonces make up for it', async () => {
	const memory = { store: { type: 'memory' }, dpop: { max_age: '10m', nonces: true, nonce_lifetime: '1h' } };
	const token = bound();
	const make = (nonce?: string) => makeProof({ url: `${origin}/`, token, ...(nonce && { claims: { nonce } }) });
	const first = await start(memory);
	const { nonce } = await send(first.url, token, make());
	const proof = make(nonce);
	expect((await send(first.url, token, proof)).answer).toBe('200 hello');
	first.child.kill('SIGTERM');
	expect(await first.ended).toBe(0);
	const second = await start(memory);
	const before = arrived;
	expect((await send(second.url, token, proof)).answer).toBe('401 dpop_nonce_required');
	expect(arrived).toBe(before);
});
