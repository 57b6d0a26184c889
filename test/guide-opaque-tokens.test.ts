/** docs/guides/opaque-tokens.md is held to its word: its configuration loads, and every method it lists is one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfigText } from '#config/load';
import { clientSchema } from '#config/schema-client';
import { metrics } from '#observe/catalogue';

const guide = readFileSync(join(import.meta.dirname, '..', 'docs', 'guides', 'opaque-tokens.md'), 'utf8');

test('the configuration is good, and has the defaults that the text speaks of', async () => {
	const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
	const { definition, diagnostics } = await loadConfigText(yaml, {
		folder: '/',
		env: { GATEWAY_SECRET: 'a secret of the gateway' },
		readFile: () => Promise.reject(new Error('no file')),
	});
	expect(diagnostics.filter(({ severity }) => severity !== 'hint')).toEqual([]);
	expect(definition?.providers[0]?.introspection).toMatchObject({
		cache: 30_000,
		negativeCache: 5_000,
		timeout: 3_000,
		concurrency: 64,
		endpoint: { from: 'discovery', issuer: 'https://old.example.com/' },
	});
	for (const words of ['`cache` (30 s)', '`negative_cache` (5 s)', '`timeout` (3 s)', '`concurrency` (64)']) {
		expect(guide).toContain(words);
	}
});

test('it lists every way to authenticate, and no other', () => {
	const listed = [...guide.matchAll(/^\| `([a-z_]+)`/gm)]
		.map(([, name]) => name)
		.filter((name) => name !== 'auth_method');
	// `none` is for public clients, which have no business at an introspection endpoint (RFC 7662 §2.1).
	const methods = clientSchema.shape.auth_method.unwrap().options.filter((method) => method !== 'none');
	expect(new Set(listed)).toEqual(new Set(methods));
});

test('the metrics that it names exist', () => {
	const named = [...guide.matchAll(/`(countersign_[a-z_]+)`/g)].map(([, name]) => name);
	expect(named.length).toBeGreaterThan(2);
	const known: readonly string[] = Object.values(metrics).map(({ name }) => name);
	for (const name of named) expect(known).toContain(name);
});
