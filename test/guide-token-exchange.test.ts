/** docs/guides/token-exchange.md is held to its word: its configurations load, its reasons and metrics are ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfigText } from '#config/load';
import { reasons } from '#core/index';
import { metrics } from '#observe/catalogue';

const guide = readFileSync(join(import.meta.dirname, '..', 'docs', 'guides', 'token-exchange.md'), 'utf8');
const [whole = '', ...routes] = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

async function load(yaml: string) {
	const { definition, diagnostics } = await loadConfigText(yaml, {
		folder: '/',
		env: { GATEWAY_SECRET: 'a secret of the gateway' },
		readFile: () => Promise.reject(new Error('no file')),
	});
	expect(diagnostics.filter(({ severity }) => severity !== 'hint')).toEqual([]);
	return definition?.routes[0]?.backendToken;
}

test('the configuration is good', async () => {
	expect(await load(whole)).toMatchObject({
		type: 'exchange',
		grant: 'token_exchange',
		target: { audience: ['orders-{tenant}'], scope: ['orders:read'] },
	});
});

test('and so is each dialect in its place', async () => {
	expect(routes).toHaveLength(4);
	const placed = await Promise.all(routes.map((each) => load(whole.replace(/backend_token: .*\n/, each))));
	expect(placed).toMatchObject([
		{ actor: { audience: ['https://idp.example.com/'] } },
		{ target: { scope: ['orders:read'] } },
		{ subjectType: 'urn:example:api-token' },
		{ grant: 'on_behalf_of', target: { scope: ['api://orders/.default'] } },
	]);
});

test('reasons with their statuses, and metrics, are those that there are', () => {
	const table = [...guide.matchAll(/\| (\d{3}) \| `([a-z_]+)` \|/g)];
	expect(table).toHaveLength(2);
	for (const [, status, reason] of table) {
		expect(Object.entries(reasons).find(([name]) => name === reason)?.[1].status).toBe(Number(status));
	}
	const known: readonly string[] = Object.values(metrics).map(({ name }) => name);
	const named = [...guide.matchAll(/`(countersign_[a-z_]+)`/g)].map(([, name]) => name);
	expect(named).toHaveLength(5);
	for (const name of named) expect(known).toContain(name);
});
