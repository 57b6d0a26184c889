import { expect, test } from 'vitest';
import type { ProviderDefinition } from '../definition.ts';
import { formatDiagnostics } from '../diagnostics.ts';
import { loadConfigText } from '../load.ts';

const tenant = '6c3d0000-1111-2222-3333-444444444444';
const other = '6c3d0000-1111-2222-3333-555555555555';

async function expand(provider: string): Promise<ProviderDefinition> {
	const { definition, diagnostics } = await loadConfigText(
		`listen: 127.0.0.1:0\nproviders: { p: { ${provider} } }\nroutes: [{ path: /a, upstream: http://127.0.0.1:1 }]`,
		{ folder: '/config', env: {}, readFile: () => Promise.reject(new Error('no files')) },
	);
	const [expanded] = definition?.providers ?? [];
	if (expanded === undefined) throw new Error(formatDiagnostics('text', diagnostics, { colour: false }));
	return expanded;
}

test('auth0: issuer with its slash, permissions count as scopes', async () => {
	expect(await expand('preset: auth0, domain: Example.eu.auth0.com, audience: x')).toMatchObject({
		issuers: ['https://example.eu.auth0.com/'],
		keys: { from: 'url', url: 'https://example.eu.auth0.com/.well-known/jwks.json' },
		algorithms: ['RS256'],
		typ: ['at+jwt', 'jwt', ''],
		scopeClaims: ['scope'],
		extraScopeClaims: ['permissions'],
		clientClaims: ['azp', 'client_id'],
	});
});

test('entra: v1 and v2 issuers of the tenant, its own keys', async () => {
	expect(await expand(`preset: entra, tenants: [${tenant.toUpperCase()}], audience: api://x`)).toMatchObject({
		issuers: [`https://sts.windows.net/${tenant}/`, `https://login.microsoftonline.com/${tenant}/v2.0`],
		issuerTemplate: undefined,
		keys: { from: 'url', url: `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys` },
		scopeClaims: ['scp'],
		extraScopeClaims: ['roles'],
		clientClaims: ['azp', 'appid'],
	});
});

test('entra: several tenants share one key set', async () => {
	const provider = await expand(`preset: entra, tenants: [${tenant}, ${other}], audience: x`);
	expect(provider.keys).toMatchObject({ url: 'https://login.microsoftonline.com/common/discovery/v2.0/keys' });
	expect(provider.issuers).toHaveLength(4);
});

test('entra: any tenant only when that is spelt out', async () => {
	expect(await expand('preset: entra, insecure_any_tenant: true, audience: x')).toMatchObject({
		issuers: [],
		issuerTemplate: 'https://login.microsoftonline.com/{tenantid}/v2.0',
	});
	await expect(expand(`preset: entra, insecure_any_tenant: true, tenants: [${tenant}], audience: x`)).rejects.toThrow(
		'exclude each other',
	);
	await expect(expand('preset: entra, insecure_any_tenant: false, audience: x')).rejects.toThrow('needs tenants');
});

test('okta: a custom authorization server', async () => {
	expect(
		await expand('preset: okta, domain: example.okta.com, server: default, audience: api://default'),
	).toMatchObject({
		issuers: ['https://example.okta.com/oauth2/default'],
		keys: { url: 'https://example.okta.com/oauth2/default/v1/keys' },
		scopeClaims: ['scp'],
		clientClaims: ['cid'],
	});
});

test('cognito: no audience, access tokens only', async () => {
	const provider = await expand('preset: cognito, user_pool: eu-central-1_AbCdEfGhI, clients: [app]');
	expect(provider).toMatchObject({
		issuers: ['https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI'],
		keys: { url: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI/.well-known/jwks.json' },
		audienceClaims: [],
		claims: [{ claim: 'token_use', test: { kind: 'equals', value: 'access' } }],
	});
	const bound = await expand('preset: cognito, user_pool: cn-north-1_AbCdEfGhI, audience: https://api.example.com');
	expect(bound.audienceClaims).toEqual(['aud']);
	expect(bound.issuers).toEqual(['https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbCdEfGhI']);
});

test('keycloak: one issuer a realm, roles are no scopes', async () => {
	expect(
		await expand('preset: keycloak, base_url: https://sso.example.com/auth/, realm: main, audience: x'),
	).toMatchObject({
		issuers: ['https://sso.example.com/auth/realms/main'],
		keys: { url: 'https://sso.example.com/auth/realms/main/protocol/openid-connect/certs' },
		scopeClaims: ['scope'],
		extraScopeClaims: [],
		clientClaims: ['azp', 'client_id'],
	});
});

test('every ordinary key beside a preset wins', async () => {
	expect(
		await expand(
			'preset: auth0, domain: example.eu.auth0.com, audience: x, issuer: https://login.example.com/, jwks_uri: https://login.example.com/keys,' +
				' algorithms: [PS256], typ: at+jwt, scope_claims: [s], extra_scope_claims: [t], client_claims: [u], claims: { v: 1 }, token_from: { cookie: w }',
		),
	).toMatchObject({
		preset: 'auth0',
		issuers: ['https://login.example.com/'],
		keys: { from: 'url', url: 'https://login.example.com/keys' },
		algorithms: ['PS256'],
		typ: ['at+jwt'],
		scopeClaims: ['s'],
		extraScopeClaims: ['t'],
		clientClaims: ['u'],
		claims: [{ claim: 'v' }],
		tokenFrom: [{ in: 'cookie', name: 'w' }],
	});
});

test('own issuers beside entra close the template', async () => {
	const provider = await expand(
		'preset: entra, insecure_any_tenant: true, issuer: https://login.microsoftonline.us/t/v2.0, audience: x',
	);
	expect(provider).toMatchObject({ issuers: ['https://login.microsoftonline.us/t/v2.0'], issuerTemplate: undefined });
});
