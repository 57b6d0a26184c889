/** docs/guides/sender-constrained-tokens.md is held to its word: its configurations load, its reasons and defaults exist. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaults } from '#config/defaults';
import { loadConfigText } from '#config/load';
import { reasonNames } from '#core/index';
import { certificateFormats, usualCertificateField } from '#formats/told-certificate';
import { ownCertificate } from './support/tls-gateway.ts';

const guide = readFileSync(join(import.meta.dirname, '../docs/guides/sender-constrained-tokens.md'), 'utf8');
const blocks = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
const firstCells = (heading: string): readonly string[] => {
	const table = guide.slice(guide.indexOf(heading)).split('\n\n')[0] ?? '';
	const cells = table
		.split('\n')
		.slice(2)
		.map((line) => line.split('|')[1] ?? '');
	return cells.flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), (match) => match[1] ?? ''));
};

test.each(blocks)('configuration %#', async (block) => {
	const rest = [
		['listen', 'listen: 127.0.0.1:8080'],
		['providers', 'providers: { idp: { issuer: https://idp.example.com/, audience: api, max_lifetime: 5m } }'],
		['routes', 'routes: [{ path: /**, upstream: http://127.0.0.1:9001 }]'],
	].flatMap(([key = '', line = '']) => (new RegExp(`^${key}:`, 'm').test(block) ? [] : [line]));
	const { diagnostics } = await loadConfigText([block, ...rest].join('\n'), {
		folder: '/nowhere',
		env: {},
		readFile: async (path) => (path.endsWith('.key') ? ownCertificate.key : ownCertificate.certificate),
	});
	expect(diagnostics).toEqual([]);
});

test('the tables name what there is', () => {
	expect(blocks).toHaveLength(3);
	expect(firstCells('| `binding` |')).toEqual(['if_bound', 'mtls', 'dpop', 'required']);
	expect(firstCells('| `format` |')).toEqual([...certificateFormats]);
	for (const field of Object.values(usualCertificateField)) expect(guide).toContain(`\`${field}: `);
	for (const reason of firstCells('| reason |')) expect(reasonNames).toContain(reason);
});

test('the defaults are those of the text', () => {
	expect(defaults.dpop).toMatchObject({ maxAge: '1m', clockSkew: '5s' });
	for (const algorithm of ['ES256', 'EdDSA', 'PS256', 'RS256'] as const) {
		expect(defaults.dpop.algorithms).toContain(algorithm);
		expect(guide).toContain(`\`${algorithm}\``);
	}
});
