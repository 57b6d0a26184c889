/** Published shared access signatures, where the collection lies beside the repository, through the whole decision. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SharedAccessFormat } from '#core/index';
import { sharedAccessTraits } from '#formats/shared-access/format';
import { readSharedAccess } from '#formats/shared-access/shared-access';
import { definition, provider, route, rules } from './support/definition.ts';
import { testPolicy } from './support/policy.ts';
import { requestView } from './support/request-view.ts';

interface Vector {
	readonly key: string;
	readonly token: string;
}

const file = join(import.meta.dirname, '../../shared/vectors/sas.json');
const formats = Object.keys(sharedAccessTraits) as SharedAccessFormat[];

function vectors(): readonly (readonly [format: SharedAccessFormat, vector: Vector])[] {
	if (!existsSync(file)) return [];
	const collection: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(file, 'utf8'));
	return formats.flatMap((format) => (collection[format] as Vector[]).map((vector) => [format, vector] as const));
}

/** The verdict on the token of `vector` for a provider of `format` that has its key. */
function decide(format: SharedAccessFormat, { key, token }: Vector, at = 0): Promise<string> {
	const space = token.indexOf(' ');
	const parsed = readSharedAccess(token.slice(0, space).toLowerCase(), token.slice(space + 1));
	if (typeof parsed === 'string') throw new Error(parsed);
	const { resource, keyName = 'unnamed' } = parsed;
	const [, root = '', path = '/'] = /^((?:[a-z]+:\/\/)?[^/]+)(\/.*)?$/.exec(resource ?? '') ?? [];
	const { clock, reason } = testPolicy(
		definition({
			providers: [
				provider({
					name: 'keys',
					tokens: ['shared_access'],
					keys: { from: 'none' },
					sharedAccess: {
						format,
						keys: [{ name: keyName, primary: key, secondary: undefined, disabled: false, scopes: [], claims: {} }],
						unnamedKey: 'unnamed',
						storedKeys: false,
					},
				}),
			],
			routes: [
				route({
					name: 'all',
					path: '/**',
					rules: [rules({ provider: 'keys', audience: resource === undefined ? undefined : [root] })],
				}),
			],
		}),
		{},
	);
	clock.advance(at);
	return reason(requestView({ target: `${path}/below`.replace('//', '/'), headers: [['authorization', token]] }));
}

describe('sas.json', () => {
	test('it has every format, where there is one', () => {
		const found = new Set(vectors().map(([format]) => format));
		expect([0, formats.length]).toContain(found.size);
	});

	test.each(vectors())('%s: passes, and altered, expired or with another key mode does not', async (format, vector) => {
		expect(await decide(format, vector)).toBe('allow');
		expect(await decide(format, vector, 6 * 365 * 86_400)).toBe('token_expired');
		expect(await decide(format, { ...vector, key: `AAAA${vector.key.slice(4)}` })).toBe('signature_invalid');
		const altered = vector.token.replace(
			/(sig=|sn=|&\d{12}&)(.)/,
			(_, before: string, first: string) => `${before}${first === 'A' ? 'B' : 'A'}`,
		);
		expect(await decide(format, { ...vector, token: altered })).toBe('signature_invalid');
		if (format === 'service_bus') expect(await decide('iot_hub', vector)).toBe('signature_invalid');
		if (format === 'iot_hub') expect(await decide('service_bus', vector)).toBe('signature_invalid');
	});
});
