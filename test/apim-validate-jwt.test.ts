/**
 * `validate-jwt` and `validate-azure-ad-token` over a real socket, with the policy file as the only configuration: each
 * attribute and child, present, absent and by its default, against good tokens and bad ones.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GuardedGateway } from './support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from './support/policy-gateway.ts';
import { testKey } from './support/sign-jws.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

const rsa = testKey('RS256', 'apim-inline');
const other = testKey('RS256', 'apim-other');
const key = `<issuer-signing-keys><key>${secretText}</key></issuer-signing-keys>`;
const jwt = (attributes: string, children: string) => `<validate-jwt ${attributes}>${children}</validate-jwt>`;
const header = 'header-name="Authorization"';
const now = () => Math.floor(Date.now() / 1000);

let rig: GuardedGateway;
let provider: TestProvider;
let rotating: TestProvider;

beforeAll(async () => {
	provider = await createTestProvider({ issuerPath: '/tenant' });
	rotating = await createTestProvider();
	const discovery = `<openid-config url="${provider.url}/tenant/.well-known/openid-configuration" />`;
	const rsaKey = `<key n="${JSON.stringify(rsa.jwk['n']).slice(1, -1)}" e="AQAB" />`;
	const claim = (attributes: string, ...values: string[]) =>
		`<required-claims><claim ${attributes}>${values.map((value) => `<value>${value}</value>`).join('')}</claim></required-claims>`;
	rig = await startPolicyGateway(
		{
			plain: policyOf(jwt(header, key)),
			custom: policyOf(jwt('header-name="X-Token"', key)),
			customscheme: policyOf(jwt('header-name="X-Token" require-scheme="Bearer"', key)),
			query: policyOf(jwt('query-parameter-name="token"', key)),
			value: policyOf(jwt('token-value="@(context.Request.Headers.GetValueOrDefault("X-Raw", ""))"', key)),
			code: policyOf(
				jwt(`${header} failed-validation-httpcode="403" failed-validation-error-message="No &quot;entry&quot;"`, key),
			),
			noexp: policyOf(jwt(`${header} require-expiration-time="false"`, key)),
			scheme: policyOf(jwt(`${header} require-scheme="Bearer"`, key)),
			unsigned: policyOf(jwt(`${header} require-signed-tokens="false"`, key)),
			skew: policyOf(jwt(`${header} clock-skew="120"`, key)),
			output: policyOf(
				`${jwt(`${header} output-token-variable-name="jwt"`, key)}<set-header name="X-Subject" exists-action="override"><value>@(((Jwt)context.Variables["jwt"]).Subject)</value></set-header>`,
			),
			audience: policyOf(
				jwt(header, `${key}<audiences><audience>other</audience><audience>api</audience></audiences>`),
			),
			host: policyOf(
				jwt(header, `${key}<audiences><audience>@(context.Request.OriginalUrl.Host)</audience></audiences>`),
			),
			issuer: policyOf(jwt(header, `${key}<issuers><issuer>https://issuer.example.com/</issuer></issuers>`)),
			discovered: policyOf(jwt(header, discovery)),
			discoveredmore: policyOf(
				jwt(header, `${discovery}<issuers><issuer>https://more.example.com/</issuer></issuers>`),
			),
			mixed: policyOf(
				jwt(
					header,
					`<issuer-signing-keys><key id="s">${secretText}</key>${rsaKey}<key id="c" certificate-id="cert" /></issuer-signing-keys>`,
				),
			),
			present: policyOf(jwt(header, key + claim('name="roles"'))),
			all: policyOf(jwt(header, key + claim('name="roles"', 'a', 'b'))),
			any: policyOf(jwt(header, key + claim('name="roles" match="any"', 'a', 'b'))),
			spaces: policyOf(jwt(header, key + claim('name="scp" match="all" separator=" "', 'read', 'write'))),
			commas: policyOf(jwt(header, key + claim('name="scp" match="any" separator=","', 'read'))),
			unseparated: policyOf(jwt(header, key + claim('name="scp"', 'read write'))),
			typed: policyOf(jwt(header, key + claim('name="n"', '7'))),
			rotating: policyOf(jwt(header, `<openid-config url="${rotating.url}/.well-known/openid-configuration" />`)),
			down: policyOf(jwt(header, '<openid-config url="http://127.0.0.1:9/.well-known/openid-configuration" />')),
			nokeys: policyOf('<validate-jwt header-name="Authorization" />'),
		},
		{ certificates: { cert: './cert.pem' } },
		{ files: { 'cert.pem': other.pem } },
	);
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
	await rotating.stop();
});

interface Case {
	readonly name: string;
	readonly route: string;
	readonly token?: () => string;
	readonly scheme?: string;
	readonly headers?: () => readonly (readonly [string, string])[];
	readonly target?: () => string;
	/** Undefined: passes. */
	readonly refused?: readonly [status: number, reason: string, own: string];
}

const bad401 = (reason: string, own: string) => [401, reason, own] as const;
const none = bad401('TokenNotPresent', 'credential_missing');
const wrongSignature = () => secretToken({}, testKey('HS256', 'another'));

const cases: readonly Case[] = [
	{ name: 'header-name: a good token', route: 'plain', token: secretToken },
	{ name: 'header-name: without a scheme', route: 'plain', headers: () => [['Authorization', secretToken()]] },
	{ name: 'header-name: any scheme by default', route: 'plain', scheme: 'Anything', token: secretToken },
	{ name: 'header-name: no token', route: 'plain', refused: none },
	{ name: 'header-name: empty', route: 'plain', headers: () => [['Authorization', '']], refused: none },
	{
		name: 'header-name: a scheme alone',
		route: 'plain',
		headers: () => [['Authorization', 'Bearer ']],
		refused: bad401('JwtInvalid', 'token_malformed'),
	},
	{
		name: 'header-name: twice',
		route: 'plain',
		headers: () => [
			['Authorization', `Bearer ${secretToken()}`],
			['Authorization', `Bearer ${secretToken()}`],
		],
		refused: bad401('JwtInvalid', 'credential_repeated'),
	},
	{ name: 'another header', route: 'custom', headers: () => [['X-Token', secretToken()]] },
	{ name: 'another header: with a scheme', route: 'custom', headers: () => [['x-token', `Bearer ${secretToken()}`]] },
	{ name: 'another header: absent', route: 'custom', token: secretToken, refused: none },
	{
		name: 'require-scheme beside another header is ignored (K10)',
		route: 'customscheme',
		headers: () => [['X-Token', secretToken()]],
	},
	{ name: 'query-parameter-name', route: 'query', target: () => `?token=${secretToken()}` },
	{ name: 'query-parameter-name: absent', route: 'query', token: secretToken, refused: none },
	{
		name: 'query-parameter-name: twice',
		route: 'query',
		target: () => `?token=${secretToken()}&token=x`,
		refused: bad401('JwtInvalid', 'credential_repeated'),
	},
	{
		name: 'query-parameter-name: bad',
		route: 'query',
		target: () => '?token=x.y.z',
		refused: bad401('JwtInvalid', 'token_malformed'),
	},
	{ name: 'token-value', route: 'value', headers: () => [['X-Raw', secretToken()]] },
	{ name: 'token-value: empty', route: 'value', refused: none },
	{
		name: 'token-value: bad',
		route: 'value',
		headers: () => [['X-Raw', wrongSignature()]],
		refused: bad401('TokenSignatureInvalid', 'signature_invalid'),
	},
	{ name: 'failed-validation-httpcode: good', route: 'code', token: secretToken },
	{ name: 'failed-validation-httpcode: bad', route: 'code', refused: [403, 'TokenNotPresent', 'credential_missing'] },
	{
		name: 'require-expiration-time by default',
		route: 'plain',
		token: () => secretToken({ exp: undefined }),
		refused: bad401('JwtInvalid', 'token_malformed'),
	},
	{ name: 'require-expiration-time="false"', route: 'noexp', token: () => secretToken({ exp: undefined }) },
	{
		name: 'require-expiration-time="false": expired all the same',
		route: 'noexp',
		token: () => secretToken({ exp: now() - 1 }),
		refused: bad401('TokenExpired', 'token_expired'),
	},
	{ name: 'require-scheme: the scheme, in any case', route: 'scheme', scheme: 'bearer', token: secretToken },
	{ name: 'require-scheme: another one', route: 'scheme', scheme: 'Token', token: secretToken, refused: none },
	{ name: 'require-scheme: none', route: 'scheme', headers: () => [['Authorization', secretToken()]], refused: none },
	{
		name: 'require-signed-tokens by default',
		route: 'plain',
		token: () => secretToken({}, undefined, { alg: 'none' }),
		refused: bad401('TokenSignatureInvalid', 'algorithm_rejected'),
	},
	{
		name: 'require-signed-tokens="false": unsigned is refused all the same',
		route: 'unsigned',
		token: () => secretToken({}, undefined, { alg: 'none' }),
		refused: bad401('TokenSignatureInvalid', 'algorithm_rejected'),
	},
	{ name: 'require-signed-tokens="false": signed', route: 'unsigned', token: secretToken },
	{
		name: 'clock-skew by default: expired',
		route: 'plain',
		token: () => secretToken({ exp: now() - 2 }),
		refused: bad401('TokenExpired', 'token_expired'),
	},
	{
		name: 'clock-skew by default: not yet valid',
		route: 'plain',
		token: () => secretToken({ nbf: now() + 60 }),
		refused: bad401('JwtInvalid', 'token_not_yet_valid'),
	},
	{ name: 'clock-skew="120": expired within it', route: 'skew', token: () => secretToken({ exp: now() - 60 }) },
	{
		name: 'clock-skew="120": expired beyond it',
		route: 'skew',
		token: () => secretToken({ exp: now() - 130 }),
		refused: bad401('TokenExpired', 'token_expired'),
	},
	{ name: 'iat ahead is not looked at', route: 'plain', token: () => secretToken({ iat: now() + 60 }) },
	{ name: 'output-token-variable-name', route: 'output', token: secretToken },
	{
		name: 'issuer-signing-keys: another key',
		route: 'plain',
		token: wrongSignature,
		refused: bad401('TokenSignatureInvalid', 'signature_invalid'),
	},
	{ name: 'audiences: absent, not looked at', route: 'plain', token: () => secretToken({ aud: 'somebody' }) },
	{ name: 'audiences: any of', route: 'audience', token: secretToken },
	{ name: 'audiences: one of a list', route: 'audience', token: () => secretToken({ aud: ['x', 'other'] }) },
	{
		name: 'audiences: none of them',
		route: 'audience',
		token: () => secretToken({ aud: 'API' }),
		refused: bad401('TokenAudienceNotAllowed', 'audience_mismatch'),
	},
	{
		name: 'audiences: no aud',
		route: 'audience',
		token: () => secretToken({ aud: undefined }),
		refused: bad401('TokenAudienceNotAllowed', 'audience_mismatch'),
	},
	{ name: 'audiences: an expression', route: 'host', token: () => secretToken({ aud: 'api.example.com' }) },
	{
		name: 'audiences: an expression that differs',
		route: 'host',
		token: secretToken,
		refused: bad401('TokenAudienceNotAllowed', 'audience_mismatch'),
	},
	{ name: 'issuers: absent, not looked at', route: 'plain', token: () => secretToken({ iss: undefined }) },
	{ name: 'issuers: listed', route: 'issuer', token: secretToken },
	{
		name: 'issuers: not listed',
		route: 'issuer',
		token: () => secretToken({ iss: 'https://issuer.example.com' }),
		refused: bad401('TokenIssuerNotAllowed', 'issuer_unknown'),
	},
	{
		name: 'issuers: no iss',
		route: 'issuer',
		token: () => secretToken({ iss: undefined }),
		refused: bad401('TokenIssuerNotAllowed', 'issuer_unknown'),
	},
	{ name: 'openid-config: keys and issuer', route: 'discovered', token: () => provider.issue() },
	{
		name: 'openid-config: another issuer',
		route: 'discovered',
		token: () => provider.issue({ iss: 'https://more.example.com/' }),
		refused: bad401('TokenIssuerNotAllowed', 'issuer_unknown'),
	},
	{ name: 'openid-config and issuers: that of the metadata', route: 'discoveredmore', token: () => provider.issue() },
	{
		name: 'openid-config and issuers: a listed one',
		route: 'discoveredmore',
		token: () => provider.issue({ iss: 'https://more.example.com/' }),
	},
	{
		name: 'openid-config and issuers: neither',
		route: 'discoveredmore',
		token: () => provider.issue({ iss: 'x' }),
		refused: bad401('TokenIssuerNotAllowed', 'issuer_unknown'),
	},
	{
		name: 'openid-config: an unknown key',
		route: 'discovered',
		token: () => provider.issue({}, { kid: 'unknown' }),
		refused: bad401('TokenSignatureKeyNotFound', 'key_unknown'),
	},
	{
		name: 'openid-config: a secret for a public key',
		route: 'discovered',
		token: secretToken,
		refused: bad401('TokenSignatureKeyNotFound', 'key_unknown'),
	},
	{
		name: 'a list of keys: the secret by its id',
		route: 'mixed',
		token: () => secretToken({}, undefined, { kid: 's' }),
	},
	{ name: 'a list of keys: n and e', route: 'mixed', token: () => secretToken({}, rsa, { alg: 'RS256' }) },
	{
		name: 'a list of keys: the certificate by its id',
		route: 'mixed',
		token: () => secretToken({}, other, { alg: 'RS256', kid: 'c' }),
	},
	{
		name: 'a list of keys: the public key as a secret',
		route: 'mixed',
		token: () => secretToken({}, testKey('HS256', 'another'), { kid: 'c' }),
		refused: bad401('TokenSignatureInvalid', 'algorithm_rejected'),
	},
	{
		name: 'a list of keys: RS256 with the secret’s id',
		route: 'mixed',
		token: () => secretToken({}, testKey('RS256', 'third'), { alg: 'RS256', kid: 's' }),
		refused: bad401('TokenSignatureInvalid', 'signature_invalid'),
	},
	{
		name: 'algorithms: RS384 is not among them',
		route: 'mixed',
		token: () => secretToken({}, testKey('RS384', 'apim-inline'), { alg: 'RS384' }),
		refused: bad401('TokenSignatureInvalid', 'algorithm_rejected'),
	},
	{ name: 'a claim without values: there (K08)', route: 'present', token: () => secretToken({ roles: ['x'] }) },
	{
		name: 'a claim without values: a list of nothing',
		route: 'present',
		token: () => secretToken({ roles: [] }),
		refused: bad401('TokenClaimNotFound', 'claim_missing'),
	},
	{
		name: 'a claim without values: absent',
		route: 'present',
		token: secretToken,
		refused: bad401('TokenClaimNotFound', 'claim_missing'),
	},
	{
		name: 'a claim without values: null',
		route: 'present',
		token: () => secretToken({ roles: null }),
		refused: bad401('TokenClaimNotFound', 'claim_missing'),
	},
	{ name: 'match by default: all there', route: 'all', token: () => secretToken({ roles: ['b', 'a', 'c'] }) },
	{
		name: 'match by default: one is not',
		route: 'all',
		token: () => secretToken({ roles: ['a'] }),
		refused: bad401('TokenClaimValueNotAllowed', 'claim_mismatch'),
	},
	{
		name: 'match by default: absent',
		route: 'all',
		token: secretToken,
		refused: bad401('TokenClaimNotFound', 'claim_missing'),
	},
	{ name: 'match="any": one there', route: 'any', token: () => secretToken({ roles: 'b' }) },
	{
		name: 'match="any": none there',
		route: 'any',
		token: () => secretToken({ roles: ['A', 'ab'] }),
		refused: bad401('TokenClaimValueNotAllowed', 'claim_mismatch'),
	},
	{ name: 'separator=" " (K09)', route: 'spaces', token: () => secretToken({ scp: 'write x read' }) },
	{
		name: 'separator=" ": one is not there',
		route: 'spaces',
		token: () => secretToken({ scp: 'write readx' }),
		refused: bad401('TokenClaimValueNotAllowed', 'claim_mismatch'),
	},
	{ name: 'separator="," (K09)', route: 'commas', token: () => secretToken({ scp: 'write,read' }) },
	{
		name: 'separator=",": blanks do not separate',
		route: 'commas',
		token: () => secretToken({ scp: 'write read' }),
		refused: bad401('TokenClaimValueNotAllowed', 'claim_mismatch'),
	},
	{
		name: 'no separator: the text as a whole (K09)',
		route: 'unseparated',
		token: () => secretToken({ scp: 'read write' }),
	},
	{
		name: 'no separator: in another order',
		route: 'unseparated',
		token: () => secretToken({ scp: 'write read' }),
		refused: bad401('TokenClaimValueNotAllowed', 'claim_mismatch'),
	},
	{ name: 'a number', route: 'typed', token: () => secretToken({ n: 7 }) },
	{
		name: 'another number',
		route: 'typed',
		token: () => secretToken({ n: 70 }),
		refused: bad401('TokenClaimValueNotAllowed', 'claim_mismatch'),
	},
	{
		name: 'no keys at all',
		route: 'nokeys',
		token: secretToken,
		refused: bad401('TokenSignatureKeyNotFound', 'key_unknown'),
	},
	{
		name: 'no JWT',
		route: 'plain',
		headers: () => [['Authorization', 'Bearer rubbish']],
		refused: bad401('JwtInvalid', 'token_malformed'),
	},
];

test.each(cases)('$route: $name', async ({ route, token, scheme, headers, target, refused }) => {
	const given = token?.();
	const seen = await rig.send({
		target: `/${route}${target?.() ?? ''}`,
		...(given === undefined ? {} : { token: given }),
		...(scheme === undefined ? {} : { scheme }),
		...(headers === undefined ? {} : { headers: headers() }),
	});
	const { response, record, forwarded } = seen;
	if (refused === undefined) {
		expect({ status: response.status, reason: record.reason, body: response.body }).toMatchObject({
			status: 200,
			reason: undefined,
		});
		expect(forwarded).toHaveLength(1);
		expect(forwarded[0]?.values('authorization')).toEqual([]);
		expect(forwarded[0]?.values('x-token')).toEqual([]);
		expect(forwarded[0]?.values('x-raw')).toEqual([]);
		expect(forwarded[0]?.target).not.toContain('token=');
		return;
	}
	const [status, reason, own] = refused;
	expect(forwarded).toHaveLength(0);
	expect({
		status: response.status,
		source: response.headers.get('x-source'),
		reason: response.headers.get('x-reason'),
		own: record.reason,
	}).toEqual({ status, source: 'validate-jwt', reason, own });
	expect(response.headers.get('content-type')).toBe('application/json');
	const body = JSON.parse(response.body) as Record<string, unknown>;
	expect(Object.keys(body)).toEqual(['statusCode', 'message']);
	expect(body['statusCode']).toBe(status);
	expect(body['message']).toBeTypeOf('string');
});

test('the messages are those of the documentation, or the policy’s own', async () => {
	const message = async (route: string, token?: string) => {
		const { response } = await rig.send({ target: `/${route}`, ...(token === undefined ? {} : { token }) });
		return (JSON.parse(response.body) as { message: string }).message;
	};
	expect(await message('plain')).toBe('JWT not present.');
	expect(await message('code')).toBe('No "entry"');
	expect(await message('present', secretToken())).toBe(
		'JWT token is missing the following claims: roles. Access denied.',
	);
	expect(await message('any', secretToken({ roles: 'z' }))).toBe(
		'Claim roles value of z is not allowed. Access denied.',
	);
});

test('the variable holds the verified token, for the statements behind it', async () => {
	const { forwarded } = await rig.send({ target: '/output', token: secretToken({ sub: 'somebody' }) });
	expect(forwarded[0]?.values('x-subject')).toEqual(['somebody']);
	const { forwarded: spoofed } = await rig.send({
		target: '/output',
		token: secretToken({ sub: 'somebody' }),
		headers: [['X-Subject', 'admin']],
	});
	expect(spoofed[0]?.values('x-subject')).toEqual(['somebody']);
});

test('a token that was seen before is judged anew by each policy, and counts for its own keys alone', async () => {
	const token = secretToken({ roles: ['a'] });
	for (let i = 0; i < 2; i++) {
		expect((await rig.send({ target: '/any', token })).response.status).toBe(200);
		expect((await rig.send({ target: '/all', token })).response.status).toBe(401);
		expect((await rig.send({ target: '/nokeys', token })).response.status).toBe(401);
	}
});

test('keys that rotate are fetched; a provider that cannot be asked is a fault, not a refusal', async () => {
	const next = testKey('RS256', 'apim-next');
	rotating.rotate([next]);
	expect((await rig.send({ target: '/rotating', token: rotating.issue({}, { key: next }) })).response.status).toBe(200);
	const { response, record } = await rig.send({ target: '/down', token: secretToken({}, rsa, { alg: 'RS256' }) });
	expect({ status: response.status, reason: record.reason }).toEqual({ status: 503, reason: 'keys_unavailable' });
});
