/** A definition goes to the workers as it is: it must be plain data, whatever the file says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfigText } from '#config/load';

const root = join(import.meta.dirname, '../../..');
const fixtures = join(root, 'src/config/fixtures');
const files = [
	join(root, 'demo/gateway.yaml'),
	...readdirSync(fixtures)
		.filter((name) => name.endsWith('.yaml'))
		.map((name) => join(fixtures, name)),
];

test('a copy of a definition equals it', async () => {
	let compared = 0;
	for (const file of files) {
		const environment = {
			folder: '/config',
			env: { KEY: 'tVh1zJmKp3xQ9rLw7nYc5sBd2fGu8eAo', PORT: '8080' },
			readFile: async () => '{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}',
			checkKeys: () => [],
		};
		const { definition } = await loadConfigText(readFileSync(file, 'utf8'), environment);
		if (definition === undefined) continue;
		expect(structuredClone(definition)).toStrictEqual(definition);
		compared++;
	}
	expect(compared).toBeGreaterThan(3);
});
