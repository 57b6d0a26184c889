import { afterAll, afterEach, expect, test, vi } from 'vitest';
import type { Explanation } from '#policy/explain';
import { tempDir, writeIn } from '../../test/support/temp-dir.ts';
import { createTestProvider } from '../../test/support/test-provider.ts';
import { runExplain } from './explain.ts';

const folder = tempDir();
const provider = await createTestProvider();
const sealingKey = 'BWJzM4fJ9dTqWk0oyOBcYl2r6Vh1pQx7nZsXe3uGaLE=';

afterEach(() => vi.restoreAllMocks());
afterAll(() => provider.stop());

async function run(config: object, ...args: readonly string[]) {
	const written = { out: '', err: '' };
	vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written.out += String(text)) !== '');
	vi.spyOn(process.stderr, 'write').mockImplementation((text) => (written.err += String(text)) !== '');
	const file = writeIn(folder, 'gateway.yaml', JSON.stringify(config));
	const status = await runExplain(['--config', file, ...args]);
	return { status, ...written };
}

/** What holds state of every kind. */
const config = (store: object) => ({
	listen: '127.0.0.1:0',
	public_url: 'http://localhost:8080',
	store,
	minting: { issuer: 'http://localhost:8080' },
	providers: {
		idp: {
			issuer: provider.issuer,
			audience: provider.audience,
			client: { id: 'gateway', secret: 'a secret of the gateway, 32 bytes' },
			max_lifetime: '1h',
		},
		bus: { tokens: ['shared_access'], format: 'service_bus', audience: 'sb://bus.example.net/', stored_keys: true },
	},
	sessions: { web: { provider: 'idp' } },
	routes: [
		{
			name: 'orders',
			path: '/orders',
			providers: ['idp', 'bus'],
			sessions: 'web',
			upstream: 'http://127.0.0.1:9',
			backend_token: { type: 'mint', audience: 'orders' },
		},
	],
});

test.each([
	['in memory', { type: 'memory' }, ''],
	[
		'in a file',
		{ type: 'sqlite', path: './store.db', encryption_keys: [sealingKey] },
		'countersign explain: the store is not opened, so nothing is known of revocations, or of key pairs and sessions in it; --admin asks the running gateway\n',
	],
])('a file with sessions, stored keys and minting, its store %s', async (_where, store, said) => {
	const token = writeIn(folder, 'token', provider.issue({}));
	const { status, out, err } = await run(config(store), '--url', '/orders', '--token-file', token);
	expect(out).toContain('allow: every check passed');
	expect([status, err]).toEqual([0, said]);
});

test.each([
	['/.well-known/jwks.json', [], 0, 'answer: 200, by the gateway itself, before any route'],
	['/.well-known/openid-configuration', [], 0, 'answer: 200, by the gateway itself, before any route'],
	['/auth/login?return_to=/x', [], 0, 'route     sessions.web.login'],
	['/auth/logout', [], 1, 'method_not_allowed: 405'],
	['/auth/logout', ['--method', 'POST'], 0, 'answer: by the gateway itself, before any route'],
	['/auth/elsewhere', [], 1, 'route_not_found'],
])('what the gateway answers itself: %s %j', async (url, more, status, said) => {
	const answer = await run(config({ type: 'memory' }), '--url', url, ...more);
	expect([answer.status, answer.out]).toEqual([status, expect.stringContaining(said)]);
});

test('a token of which none can be minted for the upstream is refused by explain too', async () => {
	const nobody = writeIn(folder, 'token', provider.issue({ sub: undefined, client_id: undefined }));
	const args = ['--url', '/orders', '--token-file', nobody, '--json'];
	const { status, out } = await run(config({ type: 'memory' }), ...args);
	const told = JSON.parse(out) as Explanation;
	expect([status, told.outcome, told.check]).toEqual([1, 'claim_missing', 'backend_token']);
	expect(told.findings.at(-1)).toMatchObject({ expected: 'a subject or a client', found: 'neither' });
});
