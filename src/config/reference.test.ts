import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configJsonSchema, renderReference } from './reference.ts';
import { configSchema } from './schema.ts';
import { providerSchema } from './schema-provider.ts';
import { routeSchema } from './schema-route.ts';

const root = join(import.meta.dirname, '..', '..');

test('the files on disk are as generated', () => {
	const schema = readFileSync(join(root, 'schema/countersign.schema.json'), 'utf8');
	expect(JSON.parse(schema)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
	expect(readFileSync(join(root, 'docs/configuration.md'), 'utf8')).toBe(renderReference());
});

test('every key has a description, in the schema and on the page', () => {
	const undescribed: string[] = [];
	let keys = 0;
	const walk = (node: unknown, path: string): void => {
		if (typeof node !== 'object' || node === null) return;
		for (const [name, child] of Object.entries(node)) {
			if (name === 'properties' && typeof child === 'object' && child !== null) {
				for (const [key, property] of Object.entries<{ readonly description?: unknown }>(child)) {
					keys += 1;
					if (typeof property.description !== 'string') undescribed.push(`${path}.${key}`);
					walk(property, `${path}.${key}`);
				}
			} else walk(child, path);
		}
	};
	walk(configJsonSchema(), '');
	expect(undescribed).toEqual([]);
	expect(keys).toBeGreaterThan(100);
	const page = renderReference();
	for (const schema of [configSchema, providerSchema, routeSchema]) {
		for (const key of Object.keys(schema.shape))
			expect(page, key).toMatch(new RegExp(`^\\| \`${key}\`( \\(required\\))? \\|`, 'm'));
	}
});

test('the editor schema lets references stand wherever text has a form', () => {
	const patterns: string[] = [];
	JSON.stringify(configJsonSchema(), (key, value: unknown) => {
		if (key === 'pattern' && typeof value === 'string') patterns.push(value);
		return value;
	});
	expect(patterns.length).toBeGreaterThan(10);
	for (const pattern of patterns) expect(new RegExp(pattern).test('${env:NAME}'), pattern).toBe(true);
});
