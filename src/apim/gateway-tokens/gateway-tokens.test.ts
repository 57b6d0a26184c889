import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiVersionError, gatewayApiVersions } from '#apim/gateway-tokens/api-version';
import { gatewayPath, readGatewayCall } from '#apim/gateway-tokens/call';
import { azureErrorBody, plainError } from '#apim/gateway-tokens/error';
import { longestLifetime, readKeyRequest, readTokenRequest } from '#apim/gateway-tokens/request';
import { makeGatewayToken } from '#apim/gateway-tokens/token';
import type { JsonObject } from '#core/index';
import { readSharedAccess } from '#formats/shared-access/shared-access';
import { importSigningSecret } from '#runtime/node/signing';

const base =
	'/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg1/providers/Microsoft.ApiManagement/service/apimService1/gateways/gw1';

test('the path of a call, in whatever case its words are', () => {
	const call = { resourceGroup: 'rg1', service: 'apimService1', gateway: 'gw1' };
	expect(readGatewayCall(`${base}/generateToken`)).toEqual({ ...call, action: 'generateToken' });
	expect(readGatewayCall(`${base}/LISTKEYS`)).toEqual({ ...call, action: 'listKeys' });
	const lower = base.replace('resourceGroups', 'resourcegroups').replace('Microsoft.ApiM', 'microsoft.apim');
	expect(readGatewayCall(`${lower}/regenerateKey`)).toEqual({ ...call, action: 'regenerateKey' });
	expect(readGatewayCall(gatewayPath('listKeys'))?.action).toBe('listKeys');
});

test.each([
	base,
	`${base}/`,
	`${base}/listKeys/`,
	`${base}/listKeys/x`,
	`/x${base}/listKeys`,
	`${base}/invalidateDebugCredentials`,
	base.replace('rg1', '').concat('/listKeys'),
	base.replace('gw1', 'a/b').concat('/listKeys'),
	`${base}/list%4Beys`,
])('%s is no such call', (path) => {
	expect(readGatewayCall(path)).toBeUndefined();
});

test('api-version: one that is known, once', () => {
	for (const version of gatewayApiVersions) expect(apiVersionError(`?api-version=${version}`)).toBeUndefined();
	expect(apiVersionError('?x=1&api-version=2022-08-01')).toBeUndefined();
	const code = (query: string) => apiVersionError(query)?.code;
	for (const query of ['', '?', '?api-version=', '?apiVersion=2022-08-01', '?Api-Version=2022-08-01']) {
		expect(code(query), query).toBe('MissingApiVersionParameter');
	}
	for (const query of [
		'?api-version=2013-01-01',
		'?api-version=latest',
		'?api-version=2022-08-01&api-version=2022-08-01',
		'?api-version=%00',
	]) {
		expect(code(query), query).toBe('InvalidApiVersionParameter');
	}
	expect(apiVersionError('?api-version=2013-01-01')?.message).toContain("'2013-01-01' is invalid");
	expect(apiVersionError('?api-version=<script>')?.message).not.toContain('script');
});

const now = Date.UTC(2026, 0, 1, 12, 0, 30) / 1000;
const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
const asked = (expiry: unknown, keyType: unknown = 'primary') =>
	readTokenRequest({ keyType, expiry } as JsonObject, now);
const targets = (body: Record<string, unknown>) => {
	const read = readTokenRequest(body as JsonObject, now);
	return 'code' in read ? [read.status, read.code, ...(read.details ?? []).map(({ target }) => target)] : read;
};

test('what may be asked for: either key, until a minute from the next to thirty days ahead', () => {
	const minute = Math.floor(now / 60) * 60;
	expect(asked(iso(minute + 60))).toEqual({ keyType: 'primary', expiresAt: minute + 60 });
	expect(asked(iso(minute + 119), 'secondary')).toEqual({ keyType: 'secondary', expiresAt: minute + 60 });
	expect(asked(iso(now + longestLifetime))).toEqual({ keyType: 'primary', expiresAt: minute + longestLifetime });
	// As .NET, Python and JavaScript write it, and with an offset.
	for (const text of [
		'2026-01-02T00:00:00.0000000Z',
		'2026-01-02T00:00:00.000Z',
		'2026-01-02T00:00:00+00:00',
		'2026-01-02T02:00:00+02:00',
	]) {
		expect(asked(text), text).toEqual({ keyType: 'primary', expiresAt: Date.UTC(2026, 0, 2) / 1000 });
	}
});

test.each<[unknown]>([
	['2025-06-30T00:00:00Z'],
	[iso(now)],
	// In the future by its seconds; the token would be over as it comes.
	[iso(Math.floor(now / 60) * 60 + 59)],
	[iso(now + longestLifetime + 60)],
	['9999-12-31T23:59:59Z'],
	['2026-01-02T00:00:00'],
	['2026-01-02'],
	['2026-02-30T00:00:00Z'],
	['tomorrow'],
	[''],
	[now + 3600],
	[null],
	[undefined],
	[['2026-01-02T00:00:00Z']],
])('expiry %j is refused', (expiry) => {
	expect(targets({ keyType: 'primary', expiry })).toEqual([400, 'ValidationError', 'expiry']);
});

test.each<[unknown]>([['Primary'], ['tertiary'], [''], [1], [null], [undefined], [['primary']]])(
	'keyType %j is refused',
	(keyType) => {
		expect(targets({ keyType, expiry: '2026-01-02T00:00:00Z' })).toEqual([400, 'ValidationError', 'keyType']);
		expect(readKeyRequest({ keyType } as JsonObject)).toMatchObject({ status: 400, code: 'ValidationError' });
	},
);

test('both faults are told at once, in the shape of Azure', () => {
	const read = readTokenRequest({}, now);
	if (!('code' in read)) throw new Error('read');
	expect(azureErrorBody(read)).toEqual({
		error: {
			code: 'ValidationError',
			message: 'One or more fields contain incorrect values:',
			details: [
				{ code: 'ValidationError', target: 'keyType', message: expect.any(String) },
				{ code: 'ValidationError', target: 'expiry', message: expect.any(String) },
			],
		},
	});
	expect(azureErrorBody(plainError(418, 'x'))).toEqual({ error: { code: 'InternalServerError', message: 'x' } });
});

test('a body of any kind is read or refused, never thrown at', () => {
	fc.assert(
		fc.property(fc.dictionary(fc.constantFrom('keyType', 'expiry', 'x'), fc.jsonValue()), (body) => {
			const read = readTokenRequest(body as JsonObject, now);
			if ('code' in read) return read.status === 400;
			return read.expiresAt > now && read.expiresAt <= now + longestLifetime;
		}),
	);
});

test('a token is what a known signer made of the same key, and the gateway reads it', async () => {
	const input = {
		gateway: 'edge-gw-01',
		key: 'c2VjcmV0LWtleS1mb3ItYXBpbS1leGFtcGxlLW9ubHk=',
		expiresAt: Date.UTC(2030, 2, 17, 17, 46) / 1000,
	};
	const token = await makeGatewayToken(input, { importSigningSecret });
	expect(token).toBe(
		'edge-gw-01&203003171746&l6PmyMhmpsTQtk/H26V8+JSRirUowbMiSp4d/jFfYwXpepg9m1N1R6xwd9vS94RgbiYZZ3yZwZbRwkpyVbd+vw==',
	);
	expect(readSharedAccess('gatewaykey', token)).toMatchObject({ keyName: 'edge-gw-01', expiresAt: input.expiresAt });
	await expect(makeGatewayToken({ ...input, key: 'short' }, { importSigningSecret })).rejects.toThrow(/^(?!.*short)/);
});
