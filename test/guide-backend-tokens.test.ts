/** docs/guides/backend-tokens.md is held to its word: its configurations load, and it lists every kind there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mintingKeyName } from '#assembly/minting';
import { defaults } from '#config/defaults';
import { loadConfigText } from '#config/load';
import { backendTokenSchema } from '#config/schema-backend-token';
import { reservedMintedClaims } from '#core/index';
import { keptFor } from '#keys/signing/key-schedule';
import { generateMintingKey } from '#keys/signing/minting-key';
import { nodeCryptography } from '#runtime/node/cryptography';

const guide = readFileSync(join(import.meta.dirname, '..', 'docs', 'guides', 'backend-tokens.md'), 'utf8');
const examples = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);
const keys = { '2026': await generateMintingKey('RS256'), '2025': await generateMintingKey('ES256') };

async function load(text: string) {
	const loaded = await loadConfigText(text, {
		folder: '/',
		env: { STORE_KEY: nodeCryptography.digest('a store key') },
		readFile: async (path) => keys[/-(\d{4})\.pem$/.exec(path)?.[1] as keyof typeof keys],
		checkMintingKey: (key) => mintingKeyName(key, nodeCryptography),
	});
	expect(loaded.diagnostics.filter(({ severity }) => severity !== 'hint')).toEqual([]);
	return loaded.definition;
}

const frame = (parts: string, route: string) => `listen: 127.0.0.1:8080
providers:
  idp: { issuer: https://idp.example.com/, audience: api, max_lifetime: 1h, client: { id: gateway, secret: a secret of ours } }
${parts}
routes:
  - path: /orders
    upstream: http://127.0.0.1:9001
    ${route}`;

test('the configurations are good, with the defaults that the text speaks of', async () => {
	const [minted = '', given = '', ...others] = examples;
	expect(others).toHaveLength(3);
	const definition = await load(minted);
	expect(definition?.minting).toMatchObject({ keys: { every: 30 * 86_400, ahead: 3_600, algorithm: 'ES256' } });
	expect(definition?.routes[0]?.backendToken).toMatchObject({ lifetime: 60, typ: 'at+jwt' });
	expect((await load(frame(given, 'backend_token: { type: mint, audience: orders }')))?.minting?.keys).toMatchObject({
		from: 'given',
	});
	for (const other of others) await load(frame('', other.trim()));
	expect(defaults.minting).toMatchObject({ rotateEvery: '30d', publishAhead: '1h', publishOn: 'listen' });
	expect(keptFor).toBe(65 * 60);
});

test('it lists every kind of backend token, and every claim that is not mapped', () => {
	const listed = new Set([...guide.matchAll(/`(?:\{type: )?([a-z_]+)\}?`/g)].map(([, name]) => name));
	const kinds = backendTokenSchema.options.flatMap((option): readonly string[] => {
		if ('options' in option) return option.options;
		const { type } = option.shape;
		return 'options' in type ? type.options : [...type.values];
	});
	expect(kinds.length).toBeGreaterThan(6);
	for (const kind of kinds) expect(listed).toContain(kind);
	for (const claim of reservedMintedClaims) expect(guide).toContain(`\`${claim}\``);
});
