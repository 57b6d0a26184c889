/** The age of secrets and keys: on the admin listener, in the metrics, in the log and from `check`; never what they are. */
import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runCheck } from '../src/cli/check.ts';
import { startTestGateway } from './support/gateway.ts';
import { readMetrics } from './support/metrics.ts';
import { selfSigned } from './support/self-signed.ts';
import { makeTempDir, writeIn } from './support/temp-dir.ts';

const day = 86_400;
const { certificate, key } = selfSigned();
const canary = 'canary-secret-of-the-gateway-0123456789';
const config = (folder: string) => ({
	max_secret_age: '90d',
	providers: {
		idp: {
			issuer: 'https://idp.example.com/',
			jwks_uri: 'http://127.0.0.1:1/keys',
			audience: 'x',
			max_lifetime: '1h',
			client: { id: 'gateway', secret: [`\${file:${folder}/new-secret}`, `\${file:${folder}/old-secret}`] },
		},
		devices: {
			tokens: ['shared_access'],
			format: 'service_bus',
			audience: 'sb://bus.example.net/',
			max_lifetime: '1h',
			keys: { root: { primary: `\${env:HOME}-${canary}` } },
		},
	},
	routes: [
		{
			path: '/a',
			providers: ['idp'],
			upstream: {
				url: 'https://127.0.0.1:1',
				tls: { ca: `${folder}/certificate`, client_certificate: `${folder}/certificate`, client_key: `${folder}/key` },
			},
			backend_token: {
				type: 'client_credentials',
				token_endpoint: 'http://127.0.0.1:1/token',
				client: {
					id: 'gateway',
					secret: canary,
				},
			},
		},
		{
			path: '/b',
			providers: ['devices'],
			upstream: 'http://127.0.0.1:1',
			backend_token: { type: 'api_key', value: canary },
		},
	],
});

function secretsFolder(): string {
	const folder = makeTempDir();
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	for (const [name, text, days] of [
		['new-secret', `${canary}-new`, 1],
		['old-secret', `${canary}-old`, 100],
		['certificate', certificate, 10],
		['key', key, 91],
	] as const) {
		writeIn(folder, name, text);
		const written = Date.now() / 1000 - days * day - 60;
		utimesSync(join(folder, name), written, written);
	}
	return folder;
}

test('a running gateway shows the age of each, and which are too old', async () => {
	const folder = secretsFolder();
	const gateway = await startTestGateway({ admin: { listen: '127.0.0.1:0' }, ...config(folder) });
	onTestFinished(() => gateway.stop());
	const page = await (await fetch(`${gateway.gateway.adminUrl}/providers`)).text();
	const { secrets } = JSON.parse(page) as { secrets: Record<string, unknown>[] };
	const short = secrets.map(({ at, from, age_seconds: age, too_old: tooOld }) => [
		at,
		from,
		Math.floor(Number(age) / day),
		tooOld,
	]);
	expect(short.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
		['providers.devices.keys.root.primary', 'environment', 0, false],
		['providers.idp.client.secret[0]', 'file', 1, false],
		['providers.idp.client.secret[1]', 'file', 100, true],
		['routes[0].backend_token.client.secret', 'configuration', 0, false],
		['routes[0].upstream.tls.client_certificate', 'file', 10, false],
		['routes[0].upstream.tls.client_key', 'file', 91, true],
		['routes[1].backend_token.value', 'configuration', 0, false],
	]);
	const text = await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text();
	const metrics = readMetrics(text);
	expect(metrics.value('countersign_secrets_too_old')).toBe(2);
	const age = metrics.value('countersign_secret_age_seconds', { secret: 'providers.idp.client.secret[1]' });
	expect(Math.floor((age ?? 0) / day)).toBe(100);
	expect(gateway.log.filter((line) => line.includes('max_secret_age'))).toHaveLength(2);
	expect(page + text + gateway.log.join()).not.toContain('canary');
	// The secret is replaced: it is as old as its file again.
	writeIn(folder, 'old-secret', `${canary}-third`);
	await gateway.gateway.reload();
	const after = readMetrics(await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text());
	expect(after.value('countersign_secrets_too_old')).toBe(1);
});

test('check names those that are too old, and nothing of them', async () => {
	const folder = secretsFolder();
	const file = writeIn(folder, 'gateway.json', JSON.stringify({ listen: '127.0.0.1:8080', ...config(folder) }));
	let stdout = '';
	const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
		stdout += String(text);
		return true;
	});
	const status = await runCheck([file]).finally(() => write.mockRestore());
	expect(status).toBe(0);
	expect(stdout).toContain('providers.idp.client.secret[1]: 100 days old: max_secret_age is 90 days');
	expect(stdout).toContain('routes[0].upstream.tls.client_key: 91 days old');
	expect(stdout).not.toContain('secret[0]: ');
	expect(stdout).not.toContain('canary');
});

test('so does it of keys that it made itself; check says where a minting key becomes too old in any case', async () => {
	const gateway = await startTestGateway({
		admin: { listen: '127.0.0.1:0', insecure_changes: true },
		store: { type: 'memory' },
		max_secret_age: '30d',
		minting: { issuer: 'https://gateway.example.com' },
		providers: {
			bus: { tokens: ['shared_access'], format: 'service_bus', audience: 'sb://bus.example.net/', stored_keys: true },
		},
		routes: [{ path: '/**', upstream: 'http://127.0.0.1:1', backend_token: { type: 'mint', audience: 'x' } }],
	});
	onTestFinished(() => gateway.stop());
	const { adminUrl } = gateway.gateway;
	const headers = { 'content-type': 'application/json' };
	await fetch(`${adminUrl}/keys`, { method: 'POST', headers, body: JSON.stringify({ name: 'meters' }) });
	const page = (await (await fetch(`${adminUrl}/providers`)).json()) as { secrets: Record<string, unknown>[] };
	expect(page.secrets.map(({ at, from, too_old: tooOld }) => [at, from, tooOld])).toEqual([
		['minting.keys', 'store', false],
		['providers.bus.stored_keys.meters.primary', 'store', false],
		['providers.bus.stored_keys.meters.secondary', 'store', false],
	]);
	const metrics = readMetrics(await (await fetch(`${adminUrl}/metrics`)).text());
	for (const secret of ['minting.keys', 'providers.bus.stored_keys']) {
		expect(metrics.value('countersign_secret_age_seconds', { secret })).toBeLessThan(60);
	}
	expect(gateway.log.join()).toContain('becomes older than max_secret_age before the next one takes its place');
});
