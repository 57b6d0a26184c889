/**
 * docs/guides/microsoft-entra-id.md is held to its word: its configuration, with the keys and the token endpoint of this
 * machine in place of Microsoft's, tokens of both forms, its table of refusals, and on-behalf-of.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '#config/load';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { testKey } from './support/sign-jws.ts';
import { tempDir, writeIn } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';
import { startTokenEndpoint, type TokenEndpoint } from './support/token-endpoint.ts';

const guide = await readFile(new URL('../docs/guides/microsoft-entra-id.md', import.meta.url), 'utf8');
const configuration = /^```yaml\n(.*?)^```$/ms.exec(guide)?.[1] ?? '';
const hint = /^hint (.*)$/m.exec(guide)?.[1] ?? '';
const refusals = [...guide.matchAll(/^\| (.+) \| (\d{3}) \| `(\w+)` \|$/gm)].map(
	([, request = '', status, reason = '']) => ({ request, status: Number(status), reason }),
);

const tenant = '11111111-2222-4333-8444-555555555555';
const api = 'aaaaaaaa-0000-4000-8000-000000000001';
const service = 'aaaaaaaa-0000-4000-8000-000000000002';
const folder = tempDir();
let keys: TestProvider;
let tokens: TokenEndpoint;
let upstream: RecordingUpstream;
let gateway: TestGateway;

beforeAll(async () => {
	keys = await createTestProvider({ keys: [testKey('RS256')] });
	tokens = await startTokenEndpoint();
	upstream = await recordingUpstream({ closedBy: 'caller' });
	gateway = await startTestGateway(
		configuration
			.replace('127.0.0.1:8080', '127.0.0.1:0')
			.replace(/token_endpoint: \S+/, `token_endpoint: ${tokens.url}/token\n    jwks_uri: ${keys.jwksUri}`)
			.replace('${env:ENTRA_SECRET}', 'the secret of the API, in this test')
			.replaceAll('http://127.0.0.1:9001', upstream.url),
	);
});

beforeEach(() => {
	tokens.answer({
		body: { token_type: 'Bearer', access_token: onBehalf, expires_in: 3600, scope: `api://${service}/Billing.Read` },
	});
});

afterAll(async () => {
	await gateway.stop();
	await Promise.all([keys.stop(), tokens.stop(), upstream.close()]);
});

/** As Entra words them: `typ: JWT`, an `iat` of five minutes ago, no `client_id`. */
function issue(claims: Readonly<Record<string, unknown>>): string {
	const now = Math.floor(Date.now() / 1000);
	const common = { iat: now - 300, nbf: now - 300, sub: 'pairwise', oid: 'o1', tid: tenant, client_id: undefined };
	return keys.issue({ ...common, ...claims }, { header: { typ: 'JWT' }, lifetime: 5400 });
}

const v2 = { iss: `https://login.microsoftonline.com/${tenant}/v2.0`, aud: api, azp: 'app-1', ver: '2.0' };
const v1 = { iss: `https://sts.windows.net/${tenant}/`, aud: `api://${api}`, appid: 'app-1', ver: '1.0' };
const user = { ...v2, scp: 'Orders.Read Billing.Read' };
const application = { ...v2, idtyp: 'app' };
const idToken = { iss: v2.iss, aud: api, preferred_username: 'alice@example.com', ver: '2.0' };
const onBehalf = `opaque-to-us.${'x'.repeat(40)}`;

async function send(path: string, claims: Readonly<Record<string, unknown>>) {
	const before = gateway.records.length;
	const forwarded = upstream.requests.length;
	const headers = { authorization: `Bearer ${issue(claims)}`, 'x-user-id': 'spoofed' };
	const response = await fetch(`${gateway.url}${path}`, { headers });
	await response.arrayBuffer();
	const { reason } = await gateway.record(before + 1);
	return { status: response.status, reason, request: upstream.requests.slice(forwarded).at(-1) };
}

/** How the request of each row is made. */
const requests: Readonly<Record<string, () => ReturnType<typeof send>>> = {
	'an application’s token without roles': () => send('/orders/1', application),
	'a user’s token on `jobs`': () => send('/jobs/1', { ...user, roles: ['Orders.Process'] }),
	'a token for another API, such as Microsoft Graph': () =>
		send('/orders/1', { ...user, aud: '00000003-0000-0000-c000-000000000000' }),
	'a token of version 1, whose `aud` is `api://…`': () => send('/orders/1', { ...v1, scp: 'Orders.Read' }),
	'a token of another tenant': () =>
		send('/orders/1', {
			...user,
			iss: v2.iss.replace('11111111', '99999999'),
			tid: tenant.replace('11111111', '99999999'),
		}),
	'an ID token with `nonce`, of an application that shares the API’s registration': () =>
		send('/orders/1', { ...idToken, nonce: 'n' }),
	'such an ID token without any sign of being one': () => send('/orders/1', idToken),
	'on `billing`, a user who may not call the service': () => {
		tokens.answer({ status: 400, body: { error: 'invalid_grant', error_description: 'AADSTS65001' } });
		return send('/billing/1', { ...user, oid: 'o2' });
	},
};

test('the guide has what this test looks for', () => {
	expect(refusals.map(({ request }) => request.replaceAll("'", '’'))).toEqual(Object.keys(requests));
	expect(hint).toContain('providers.entra');
});

const diagnosticsOf = async (text: string) => {
	const { diagnostics } = await loadConfig(writeIn(folder, 'guide.yaml', text), {
		readFile: (file) => readFile(file, 'utf8'),
		env: { ENTRA_SECRET: 'a secret of at least 32 characters' },
	});
	return diagnostics.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
};

test('its configuration has no fault; without scopes check says the sentence of the guide', async () => {
	expect(await diagnosticsOf(configuration)).toEqual([]);
	const open = configuration.replace(/^ {4}scopes: \{ any_of.*\n/m, '');
	expect(open).not.toBe(configuration);
	expect(await diagnosticsOf(open)).toEqual([`hint ${hint}`]);
});

test('a user through an application, and an application with a role', async () => {
	const seen = await send('/orders/1', user);
	expect([seen.status, seen.request?.values('x-user-id'), seen.request?.values('x-client')]).toEqual([
		200,
		['o1'],
		['app-1'],
	]);
	expect(seen.request?.values('authorization')).toEqual([]);
	expect((await send('/orders/1', { ...application, roles: ['Orders.Read.All'] })).status).toBe(200);
	expect((await send('/jobs/1', { ...application, roles: ['Orders.Process'] })).status).toBe(200);
});

test('version 1, once the audience is written as its tokens have it', async () => {
	const own = await startTestGateway(
		configuration
			.replace('127.0.0.1:8080', '127.0.0.1:0')
			.replace(/audience: aaaaaaaa\S+ +# version 2; for version 1: (\S+)/, 'audience: $1')
			.replace(/token_endpoint: (\S+)/, `token_endpoint: $1\n    jwks_uri: ${keys.jwksUri}`)
			.replace('${env:ENTRA_SECRET}', 'the secret of the API, in this test')
			.replaceAll('http://127.0.0.1:9001', upstream.url),
	);
	try {
		const authorization = `Bearer ${issue({ ...v1, scp: 'Orders.Read' })}`;
		const response = await fetch(`${own.url}/orders/1`, { headers: { authorization } });
		expect([response.status, (await own.record(1)).client]).toEqual([200, 'app-1']);
	} finally {
		await own.stop();
	}
});

test('on behalf of the user: what is asked for, once, and what the service sees', async () => {
	const before = tokens.asked.length;
	const claims = { ...user, uti: 'one' };
	const seen = await send('/billing/1', claims);
	expect([seen.status, seen.request?.values('authorization')]).toEqual([200, [`Bearer ${onBehalf}`]]);
	expect(seen.request?.values('x-user-id')).toEqual(['o1']);
	const form = tokens.asked[before]?.form;
	expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
	expect(form?.get('requested_token_use')).toBe('on_behalf_of');
	expect(form?.get('scope')).toBe(`api://${service}/.default`);
	expect(form?.has('audience')).toBe(false);
	expect(form?.get('assertion')).toMatch(/^ey/);
	await send('/billing/2', claims);
	expect(tokens.asked).toHaveLength(before + 1);
});

test('a token that comes back for another service is not handed on', async () => {
	const claims = { ...v2, aud: 'aaaaaaaa-0000-4000-8000-000000000003', scp: 'Billing.Read' };
	tokens.answer({
		body: {
			token_type: 'Bearer',
			access_token: issue(claims),
			expires_in: 3600,
			scope: `api://${service}/Billing.Read`,
		},
	});
	const seen = await send('/billing/1', { ...user, uti: 'other' });
	expect(seen.status).toBeGreaterThanOrEqual(500);
	expect(seen.request).toBeUndefined();
});

test.each(refusals)('$request: $status', async ({ request, status, reason }) => {
	const seen = await requests[request.replaceAll("'", '’')]?.();
	expect(seen).toMatchObject({ status, reason, request: undefined });
});
