/** Statements beside `validate-jwt`, scopes, fragments and errors, over a real socket with policy files alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DocumentFetcher, IdentityFetcher } from '#core/index';
import type { GuardedGateway, SentRequest } from './support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from './support/policy-gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './support/recording-upstream.ts';
import { signJws, testKey } from './support/sign-jws.ts';

const ours = '6c3d1111-2222-3333-4444-5555aaaabbbb';
const theirs = 'e4f09999-8888-7777-6666-5555aaaabbbb';
const entraKey = testKey('RS256', 'apim-entra');
const login = 'https://login.microsoftonline.com';
const v2 = (tenant: string) => `${login}/${tenant}/v2.0`;
const v1 = (tenant: string) => `https://sts.windows.net/${tenant}/`;
const keys = `<issuer-signing-keys><key>${secretText}</key></issuer-signing-keys>`;
const validate = `<validate-jwt header-name="Authorization">${keys}</validate-jwt>`;

/** Entra, as far as its metadata and keys go: any tenant has some. */
const asked: string[] = [];
const fetcher: DocumentFetcher = {
	async get(url) {
		asked.push(url);
		const tenant = /^https:\/\/login\.microsoftonline\.com\/([^/]+)\/v2\.0\//.exec(url)?.[1];
		if (tenant === undefined && url !== `${login}/keys`) throw new Error(`nobody is at ${url}`);
		const id = tenant === 'contoso.onmicrosoft.com' ? ours : (tenant ?? '');
		const body =
			tenant === undefined
				? { keys: [{ ...entraKey.jwk, issuer: v2('{tenantid}') }] }
				: { issuer: v2(id), jwks_uri: `${login}/keys` };
		return { status: 200, headers: new Map(), body: JSON.stringify(body) };
	},
};
const identityFetcher: IdentityFetcher = {
	async get(url) {
		const body = {
			access_token: `own-${new URL(url).searchParams.get('resource')?.replaceAll(/[^a-z]/g, '-')}`,
			expires_in: '3600',
			token_type: 'Bearer',
		};
		return { status: 200, headers: new Map([['content-type', 'application/json']]), body: JSON.stringify(body) };
	},
};

function entra(claims: Readonly<Record<string, unknown>>): string {
	const now = Math.floor(Date.now() / 1000);
	const payload = { aud: 'api://orders', azp: 'app-1', tid: ours, iat: now, exp: now + 300, ...claims };
	return signJws({ header: JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: entraKey.kid }), payload, key: entraKey });
}

let rig: GuardedGateway;
let backend: RecordingUpstream;

beforeAll(async () => {
	backend = await recordingUpstream({ closedBy: 'caller' });
	const aad = (children: string, attributes = `tenant-id="${ours}"`) =>
		policyOf(`<validate-azure-ad-token ${attributes}>${children}</validate-azure-ad-token>`);
	const ids = (list: string, ...each: string[]) =>
		`<${list}>${each.map((id) => `<application-id>${id}</application-id>`).join('')}</${list}>`;
	const dynamic =
		'@("https://" + context.Request.Headers.GetValueOrDefault("X-Host","login.microsoftonline.com") + "/" + context.Request.Headers.GetValueOrDefault("X-Tenant","") + "/v2.0/.well-known/openid-configuration")';
	const answered = (section: string) =>
		policyOf(
			validate,
			'<outbound><base /><set-header name="X-Gone" exists-action="delete" /><set-header name="X-Made"><value>made</value></set-header></outbound>',
		)
			.replace('<outbound><base /></outbound>', '')
			.replace('<backend><base /></backend>', section);
	rig = await startPolicyGateway(
		{
			entra: aad('<audiences><audience>api://orders</audience></audiences>'),
			entradomain: aad(
				'<audiences><audience>api://orders</audience></audiences>',
				'tenant-id="contoso.onmicrosoft.com"',
			),
			clients: aad(ids('client-application-ids', 'app-1', 'app-2')),
			backends: aad(ids('backend-application-ids', 'orders')),
			dynamic: policyOf(
				`<validate-jwt header-name="Authorization"><openid-config url="${dynamic}" /><audiences><audience>api://orders</audience></audiences></validate-jwt>`,
			),
			header: policyOf(
				'<check-header name="X-Api" failed-check-httpcode="400" failed-check-error-message="Which API?" ignore-case="true"><value>One</value><value>two</value></check-header>',
			),
			ip: policyOf(
				'<ip-filter action="allow"><address>10.0.0.1</address><address-range from="127.0.0.0" to="127.0.0.255" /></ip-filter>',
			),
			blocked: policyOf(
				'<ip-filter action="forbid"><address-range from="127.0.0.0" to="127.255.255.255" /></ip-filter>',
			),
			identity: policyOf(`${validate}<authentication-managed-identity resource="https://storage.azure.com/" />`),
			identityvariable: policyOf(
				`${validate}<authentication-managed-identity resource="r" output-token-variable-name="t" /><set-header name="X-Own"><value>@((string)context.Variables["t"])</value></set-header>`,
			),
			byid: policyOf('<set-backend-service backend-id="other" />'),
			byurl: policyOf(
				`<set-backend-service base-url="${backend.url}/v2" /><rewrite-uri template="/orders/{**}" />`.replace(
					'/{**}',
					'',
				),
			),
			query: policyOf(
				'<set-query-parameter name="a" exists-action="override"><value>@("x y&z")</value></set-query-parameter><set-query-parameter name="b" exists-action="delete" /><set-query-parameter name="c" exists-action="skip"><value>3</value></set-query-parameter>',
			),
			append: policyOf(
				'<set-header name="X-List" exists-action="append"><value>more</value></set-header><set-header name="X-Once" exists-action="skip"><value>mine</value></set-header><set-header name="X-Gone" exists-action="delete" />',
			),
			append2: policyOf(
				`${validate}<set-header name="Authorization" exists-action="append"><value>Basic x</value></set-header>`,
			),
			outbound: policyOf(
				validate,
				'<outbound><base /><set-header name="X-Seen" exists-action="override"><value>@(context.Request.Method)</value></set-header><set-header name="Server" exists-action="delete" /></outbound>',
			).replace('<outbound><base /></outbound>', ''),
			fragment: policyOf('<include-fragment fragment-id="check" />'),
			handled: policyOf(
				`<choose><when condition="true">${validate}</when></choose>`,
				'<on-error><choose><when condition="@(context.LastError.Reason == "TokenNotPresent")"><return-response><set-status code="418" reason="x" /><set-header name="X-Path"><value>@(context.LastError.Path)</value></set-header><set-header name="WWW-Authenticate"><value>Custom realm="x"</value></set-header><set-body>@(context.LastError.Section + " " + context.LastError.Scope + " " + context.Response.StatusCode)</set-body></return-response></when></choose></on-error>',
			),
			unforwarded: answered('<backend />'),
			emptybackend: answered('<backend><choose><when condition="false"><base /></when></choose></backend>'),
			sometimes: answered(
				'<backend><choose><when condition="@(context.Request.Method == "GET")"><forward-request /></when></choose></backend>',
			),
			twice: answered('<backend><base /><forward-request /></backend>'),
			certificate: policyOf(
				'<validate-client-certificate validate-revocation="false"><identities><identity thumbprint="0011223344556677889900112233445566778899" /></identities></validate-client-certificate>',
			),
		},
		{
			allowed_openid_hosts: ['login.microsoftonline.com'],
			backends: { other: `${backend.url}/other` },
			fragments: { check: './check.xml' },
			managed_identity: {},
		},
		{
			files: {
				'check.xml': `<fragment>${validate}</fragment>`,
				'global.xml': policyOf(validate),
				'api.xml': policyOf('<set-header name="X-Api"><value>1</value></set-header>'),
				'alone.xml': policyOf('<set-header name="X-Api"><value>1</value></set-header>').replace('<base />', ''),
				'empty.xml': '<policies><outbound><base /></outbound></policies>',
			},
			runtime: { fetcher, identityFetcher },
			routes: (upstream) => [
				{ name: 'scoped', path: '/scoped', apim_policy: { global: './global.xml', api: './api.xml' }, upstream },
				{ name: 'alone', path: '/alone', apim_policy: { global: './global.xml', api: './alone.xml' }, upstream },
				{
					name: 'inherits',
					path: '/inherits',
					apim_policy: { global: './global.xml', operation: './empty.xml' },
					upstream,
				},
			],
		},
	);
});

afterAll(async () => {
	await rig.stop();
	await backend.close();
});

async function came(request: SentRequest): Promise<readonly unknown[]> {
	const { response, record } = await rig.send(request);
	return response.status === 200 ? [200] : [response.status, response.headers.get('x-reason'), record.reason];
}

describe('validate-azure-ad-token', () => {
	test.each([
		['a v2 token of the tenant', 'entra', { iss: v2(ours) }, [200]],
		['a v1 token of the tenant', 'entra', { iss: v1(ours), appid: 'app-1', azp: undefined }, [200]],
		['of a tenant by its domain name', 'entradomain', { iss: v1(ours) }, [200]],
		[
			'of another tenant, v2',
			'entra',
			{ iss: v2(theirs), tid: theirs },
			[401, 'TokenIssuerNotAllowed', 'issuer_unknown'],
		],
		[
			'of another tenant, v1',
			'entra',
			{ iss: v1(theirs), tid: theirs },
			[401, 'TokenIssuerNotAllowed', 'issuer_unknown'],
		],
		[
			'that says another tenant than its issuer',
			'entra',
			{ iss: v2(ours), tid: theirs },
			[401, 'TokenIssuerNotAllowed', 'issuer_unknown'],
		],
		[
			'for another audience',
			'entra',
			{ iss: v2(ours), aud: 'x' },
			[401, 'TokenAudienceNotAllowed', 'audience_mismatch'],
		],
		['of a client that is listed', 'clients', { iss: v2(ours), azp: 'app-2' }, [200]],
		['of a v1 client that is listed', 'clients', { iss: v1(ours), azp: undefined, appid: 'app-2' }, [200]],
		[
			'of another client',
			'clients',
			{ iss: v2(ours), azp: 'app-3' },
			[401, 'TokenClaimValueNotAllowed', 'client_not_allowed'],
		],
		[
			'of no client',
			'clients',
			{ iss: v2(ours), azp: undefined },
			[401, 'TokenClaimValueNotAllowed', 'client_not_allowed'],
		],
		['for a backend', 'backends', { iss: v2(ours), aud: 'orders' }, [200]],
		['for a backend by its URI', 'backends', { iss: v2(ours), aud: 'api://orders' }, [200]],
		[
			'for another backend',
			'backends',
			{ iss: v2(ours), aud: 'orders2' },
			[401, 'TokenAudienceNotAllowed', 'audience_mismatch'],
		],
	] as const)('a token %s', async (_, route, claims, expected) => {
		expect(await came({ target: `/${route}`, token: entra(claims) })).toEqual(expected);
	});

	test('the scheme is Bearer, and the source is named', async () => {
		const { response } = await rig.send({ target: '/entra', scheme: 'Token', token: entra({ iss: v2(ours) }) });
		expect([response.status, response.headers.get('x-reason'), response.headers.get('x-source')]).toEqual([
			401,
			'TokenNotPresent',
			'validate-azure-ad-token',
		]);
	});
});

describe('metadata that a request names', () => {
	test('is asked at an allowed host, and verifies the tokens of that tenant alone', async () => {
		const headers = [['X-Tenant', theirs]] as const;
		const good = entra({ iss: v2(theirs), tid: theirs });
		expect(await came({ target: '/dynamic', token: good, headers })).toEqual([200]);
		expect(await came({ target: '/dynamic', token: good, headers })).toEqual([200]);
		expect(await came({ target: '/dynamic', token: good, headers: [['X-Tenant', ours]] })).toEqual([
			401,
			'TokenIssuerNotAllowed',
			'issuer_unknown',
		]);
	});

	test('is never asked anywhere else', async () => {
		const before = asked.length;
		for (const host of [
			'evil.example.com',
			'login.microsoftonline.com@evil.example.com',
			'login.microsoftonline.com.evil.example',
		]) {
			const headers = [
				['X-Tenant', theirs],
				['X-Host', host],
			] as const;
			expect(await came({ target: '/dynamic', token: entra({ iss: v2(theirs) }), headers })).toEqual([
				500,
				undefined,
				'internal_error',
			]);
		}
		expect(asked).toHaveLength(before);
	});
});

describe('scopes and fragments', () => {
	test('<base/> brings in the check of the scope outside, a missing section too; without it that is left out', async () => {
		for (const target of ['/scoped', '/inherits']) {
			expect((await came({ target }))[0], target).toBe(401);
			expect(await came({ target, token: secretToken() }), target).toEqual([200]);
		}
		const { forwarded } = await rig.send({ target: '/alone' });
		expect(forwarded[0]?.values('x-api')).toEqual(['1']);
	});

	test('a fragment is run where it is included', async () => {
		expect(await came({ target: '/fragment' })).toEqual([401, 'TokenNotPresent', 'credential_missing']);
		expect(await came({ target: '/fragment', token: secretToken() })).toEqual([200]);
	});
});

test('check-header: one of the values, in any case where that is asked for', async () => {
	expect(await came({ target: '/header', headers: [['X-Api', 'one']] })).toEqual([200]);
	expect(await came({ target: '/header' })).toEqual([400, 'HeaderNotFound', 'credential_missing']);
	const { response } = await rig.send({ target: '/header', headers: [['X-Api', 'three']] });
	expect([response.status, response.headers.get('x-reason'), JSON.parse(response.body)]).toEqual([
		400,
		'HeaderValueNotAllowed',
		{ statusCode: 400, message: 'Which API?' },
	]);
});

test('ip-filter: addresses and ranges, allowed and forbidden', async () => {
	expect(await came({ target: '/ip' })).toEqual([200]);
	expect(await came({ target: '/blocked' })).toEqual([403, 'CallerIpBlocked', 'client_not_allowed']);
});

test('authentication-managed-identity: the gateway’s own token, in Authorization or in a variable', async () => {
	const { forwarded } = await rig.send({ target: '/identity', token: secretToken() });
	expect(forwarded[0]?.values('authorization')).toEqual(['Bearer own-https---storage-azure-com-']);
	const other = await rig.send({ target: '/identityvariable', token: secretToken() });
	expect([other.forwarded[0]?.values('x-own'), other.forwarded[0]?.values('authorization')]).toEqual([['own-r'], []]);
	expect((await rig.send({ target: '/identity' })).forwarded).toEqual([]);
});

test('set-backend-service: a declared backend, by id or by a URL below it', async () => {
	const before = backend.requests.length;
	await rig.send({ target: '/byid/x?q=1' });
	await rig.send({ target: '/byurl/x' });
	expect(backend.requests.slice(before).map(({ target }) => target)).toEqual(['/other/byid/x?q=1', '/v2/orders']);
});

test('set-query-parameter and set-header: override, append, skip, delete', async () => {
	const query = await rig.send({ target: '/query?a=1&b=2&c=9&d=4' });
	expect(query.forwarded[0]?.target).toBe('/query?c=9&d=4&a=x%20y%26z');
	const headers = [
		['X-List', 'a'],
		['X-Once', 'theirs'],
		['X-Gone', 'x'],
	] as const;
	const { forwarded } = await rig.send({ target: '/append', headers });
	const seen = ['x-list', 'x-once', 'x-gone'].map((name) => forwarded[0]?.values(name));
	expect(seen).toEqual([['a', 'more'], ['theirs'], []]);
	const credential = await rig.send({ target: '/append2', token: secretToken() });
	expect(credential.forwarded[0]?.values('authorization')).toEqual(['Basic x']);
});

test('outbound: fields of the answer to the client', async () => {
	const { response } = await rig.send({ target: '/outbound', token: secretToken() });
	expect([response.headers.get('x-seen'), response.headers.has('server')]).toEqual(['GET', false]);
});

test('on-error: the answer is the policy’s, the record is ours, and nothing was forwarded', async () => {
	const { response, record, forwarded } = await rig.send({ target: '/handled' });
	expect([
		response.status,
		response.body,
		response.headers.get('x-path'),
		response.headers.get('www-authenticate'),
	]).toEqual([418, 'inbound api 401', 'choose[1]/when[1]/validate-jwt[1]', 'Custom realm="x"']);
	expect([record.decision, record.reason, forwarded]).toEqual(['deny', 'credential_missing', []]);
	const expired = await rig.send({ target: '/handled', token: secretToken({ exp: 1 }) });
	expect([expired.response.status, JSON.parse(expired.response.body)]).toMatchObject([401, { statusCode: 401 }]);
});

describe('<backend> without forward-request', () => {
	test.each(['unforwarded', 'emptybackend', 'sometimes'])('%s: an empty answer, and nobody is asked', async (route) => {
		const request = { method: 'POST', target: `/${route}`, token: secretToken() };
		const { response, record, forwarded } = await rig.send(request);
		expect([response.status, response.body, response.headers.get('x-made'), forwarded]).toEqual([200, '', 'made', []]);
		expect(record.decision).toBe('answer');
		expect((await rig.send({ method: 'POST', target: `/${route}` })).response.status).toBe(401);
	});

	test('on the way that has it, the request is forwarded', async () => {
		expect((await rig.send({ target: '/sometimes', token: secretToken() })).forwarded).toHaveLength(1);
	});

	test('nothing is forwarded twice', async () => {
		const { response, forwarded } = await rig.send({ target: '/twice', token: secretToken() });
		expect([response.status, forwarded]).toEqual([500, []]);
	});
});

test('validate-client-certificate: without one, nothing is forwarded', async () => {
	expect(await came({ target: '/certificate' })).toEqual([403, 'ClientCertificateInvalid', 'binding_missing']);
});
