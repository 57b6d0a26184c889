/** Group K: ways around a policy of API Management that is in force, over a socket and across a reload. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from '../support/definition.ts';
import type { GuardedGateway, SentRequest } from '../support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from '../support/policy-gateway.ts';
import { rawClient } from '../support/raw-client.ts';
import { testKey } from '../support/sign-jws.ts';
import { writeIn } from '../support/temp-dir.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const key = `<issuer-signing-keys><key>${secretText}</key></issuer-signing-keys>`;
const jwt = (attributes: string, children = key) => `<validate-jwt ${attributes}>${children}</validate-jwt>`;
const header = (name: string) => `context.Request.Headers.GetValueOrDefault("${name}","")`;

let rig: GuardedGateway;

beforeAll(async () => {
	const limit = (condition: string) =>
		`<rate-limit-by-key calls="2" renewal-period="600" counter-key="@(${header('X-Key')})" increment-condition="${condition}" />`;
	rig = await startPolicyGateway({
		fromheader: policyOf(jwt(`token-value="@(${header('X-Auth')}.Replace("Token ", ""))"`)),
		fromcookie: policyOf(jwt(`token-value="@(${header('Cookie')}.Split(';')[0].Split('=')[1])"`)),
		appended: policyOf(
			`${jwt(`token-value="@(${header('Cookie')}.Split(';')[0].Split('=')[1])"`)}<set-header name="Cookie" exists-action="append"><value>more=1</value></set-header>`,
		),
		fromquery: policyOf(jwt('token-value="@(context.Request.Url.Query.GetValueOrDefault("t",""))"')),
		madename: policyOf(jwt(`header-name="@("X-" + "Made")"`)),
		present: policyOf(
			jwt('header-name="Authorization"', `${key}<required-claims><claim name="roles" /></required-claims>`),
		),
		posts: policyOf(limit('@(context.Request.Method == "POST")')),
		always: policyOf(limit('TRUE')),
		nocontent: policyOf(
			`<return-response><set-status code="@(${header('X-Status')})" /><set-body>HTTP/1.1 200 OK</set-body></return-response>`,
		),
	});
});
afterAll(() => rig.stop());

describe('the client’s own token stays behind wherever a policy finds it', () => {
	test.each<[string, () => SentRequest]>([
		['a field', () => ({ target: '/fromheader', headers: [['X-Auth', `Token ${secretToken()}`]] })],
		['a field with a made name', () => ({ target: '/madename', headers: [['X-Made', secretToken()]] })],
		['a parameter', () => ({ target: `/fromquery?a=1&t=${secretToken()}` })],
		[
			'a field that the policy adds to',
			() => ({ target: '/appended', headers: [['Cookie', `jwt=${secretToken()}; theme=dark`]] }),
		],
		['a cookie', () => ({ target: '/fromcookie', headers: [['Cookie', `jwt=${secretToken()}; theme=dark`]] })],
	])('%s', async (name, request) => {
		const { response, forwarded } = await rig.send(request());
		expect(response.status).toBe(200);
		expect(forwarded).toHaveLength(1);
		const [seen] = forwarded;
		expect(`${seen?.target} ${seen?.lines.join(' ')}`).not.toContain('eyJ');
		if (name === 'a cookie') expect(seen?.values('cookie')).toEqual(['theme=dark']);
		if (name === 'a field that the policy adds to') expect(seen?.values('cookie')).toEqual(['theme=dark', 'more=1']);
		if (name === 'a parameter') expect(seen?.target).toBe('/fromquery?a=1');
	});
});

test('a claim that is an empty list is no claim, as where lists become claims one by one', async () => {
	const statusOf = async (roles: unknown) =>
		(await rig.send({ target: '/present', token: secretToken({ roles }) })).response.status;
	expect([await statusOf([]), await statusOf([null]), await statusOf(['a'])]).toEqual([401, 401, 200]);
});

test('a request that is not counted is refused all the same once no request is left', async () => {
	const ask = async (method: string) =>
		(
			await rig.send({
				method,
				target: '/posts',
				headers: [['X-Key', 'k']],
				...(method === 'POST' ? { body: '' } : {}),
			})
		).response.status;
	expect(await ask('GET')).toBe(200);
	expect([await ask('POST'), await ask('POST')]).toEqual([200, 200]);
	expect([await ask('GET'), await ask('POST')]).toEqual([429, 429]);
});

test('a condition that is always true counts in any case of its letters', async () => {
	const ask = async () => (await rig.send({ target: '/always' })).response.status;
	expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
});

test.each([204, 205, 304])(
	'an answer with %d has no body, and the next response is not what stood there',
	async (status) => {
		const records = rig.gateway.records.length;
		const client = await rawClient(rig.gateway.url);
		const ask = (connection: string) =>
			client.send(
				`GET /nocontent HTTP/1.1\r\nHost: api.example.com\r\nX-Status: ${status}\r\nConnection: ${connection}\r\n\r\n`,
			);
		ask('keep-alive');
		ask('close');
		await client.closed();
		await rig.gateway.record(records + 2);
		const heads = client.received().split('\r\n\r\n');
		expect(heads.map((head) => head.split(' ')[1])).toEqual([String(status), String(status), undefined]);
		expect(heads[2]).toBe('');
	},
);

describe('a token that was genuine before a reload', () => {
	test('of a certificate that was replaced under its id opens nothing', async () => {
		const before = testKey('RS256', 'k-before');
		const after = testKey('RS256', 'k-after');
		const gateway = await startPolicyGateway(
			{
				cert: policyOf(
					jwt('header-name="Authorization"', '<issuer-signing-keys><key certificate-id="c" /></issuer-signing-keys>'),
				),
			},
			{ certificates: { c: './cert.pem' } },
			{ files: { 'cert.pem': before.pem } },
		);
		try {
			const token = secretToken({}, before, { alg: 'RS256' });
			expect((await gateway.send({ target: '/cert', token })).response.status).toBe(200);
			writeIn(gateway.gateway.folder, 'cert.pem', after.pem);
			expect((await gateway.gateway.gateway.reload()).state).toBe('in_force');
			const { response, record } = await gateway.send({ target: '/cert', token });
			expect([response.status, record.reason]).toEqual([401, 'signature_invalid']);
		} finally {
			await gateway.stop();
		}
	});

	test('does not become one of another issuer whose metadata the same statement names', async () => {
		const own = [testKey('RS256', 'k-own')];
		const providers: TestProvider[] = [await createTestProvider(), await createTestProvider({ keys: own })];
		const [first, second] = providers;
		const configs = providers.map(({ url }) => `<openid-config url="${url}/.well-known/openid-configuration" />`);
		const gateway = await startPolicyGateway({ two: policyOf(jwt('header-name="Authorization"', configs.join(''))) });
		try {
			const token = first?.issue({ iss: second?.issuer }) ?? '';
			const ask = async () => (await gateway.send({ target: '/two', token })).record.reason;
			expect((await gateway.send({ target: '/two', token: first?.issue() ?? '' })).response.status).toBe(200);
			expect(await ask()).toBe('issuer_unknown');
			writeIn(
				gateway.gateway.folder,
				'two.xml',
				`${policyOf(jwt('header-name="Authorization"', configs.join('')))}<!-- changed -->`,
			);
			expect((await gateway.gateway.gateway.reload()).state).toBe('in_force');
			expect(await ask()).toBe('issuer_unknown');
		} finally {
			await gateway.stop();
			await Promise.all(providers.map((provider) => provider.stop()));
		}
	});
});

describe('two issuers that sign with one key, as both versions of an Entra tenant do', () => {
	test('are told apart by their issuer, and each vouches only as long as it publishes the key', async () => {
		const shared = testKey('RS256', 'k-shared');
		const other = testKey('RS256', 'k-other');
		const providers = [
			await createTestProvider({ keys: [shared] }),
			await createTestProvider({ keys: [shared] }),
			await createTestProvider({ keys: [shared] }),
		] as const;
		const [first, second] = providers;
		const configs = [first, second].map(({ discoveryUri }) => `<openid-config url="${discoveryUri}" />`);
		const gateway = await startPolicyGateway({ two: policyOf(jwt('header-name="Authorization"', configs.join(''))) });
		try {
			const ask = async (token: string) => (await gateway.send({ target: '/two', token })).record.reason ?? 'allowed';
			const [ofFirst, ofSecond, ofThird] = providers.map((provider) => provider.issue()) as [string, string, string];
			expect([await ask(ofFirst), await ask(ofSecond), await ask(ofThird)]).toEqual([
				'allowed',
				'allowed',
				'issuer_unknown',
			]);
			// Kept as genuine by now, and judged anew with each request.
			second.rotate([other]);
			await ask(second.issue());
			await vi.waitFor(async () => expect(await ask(ofSecond)).toBe('issuer_unknown'), { timeout: 10_000 });
			expect([await ask(ofFirst), await ask(second.issue())]).toEqual(['allowed', 'allowed']);
		} finally {
			await gateway.stop();
			await Promise.all(providers.map((provider) => provider.stop()));
		}
	});
});

describe('tenants that requests name', () => {
	test('at random displace none that is real, and a source that was ended is not asked any more', async () => {
		const provider = await createTestProvider();
		const url = provider.url.replace(/^https?:\/\//, '');
		const made = `@("${provider.url}/" + ${header('X-Tenant')} + ".well-known/openid-configuration")`;
		const gateway = await startPolicyGateway(
			{
				made: policyOf(jwt('header-name="Authorization"', `<openid-config url="${made.replaceAll('"', '&quot;')}" />`)),
			},
			{ allowed_openid_hosts: [url] },
		);
		try {
			const ask = async (tenant: string) =>
				(await gateway.send({ target: '/made', token: provider.issue(), headers: [['X-Tenant', tenant]] })).response
					.status;
			expect(await ask('')).toBe(200);
			const fetched = provider.requests('/.well-known/openid-configuration');
			for (let i = 0; i < 40; i++) await ask(`none-${i}/`);
			expect(await ask('')).toBe(200);
			expect(provider.requests('/.well-known/openid-configuration')).toBe(fetched);
		} finally {
			await gateway.stop();
			await provider.stop();
		}
	});
});

describe('what would never apply is an error when the policy is read', () => {
	test.each([
		[
			'a range that is upside down',
			'<ip-filter action="forbid"><address-range from="10.0.0.9" to="10.0.0.1"/></ip-filter>',
		],
		['a range of two versions', '<ip-filter action="forbid"><address-range from="10.0.0.1" to="::ffff"/></ip-filter>'],
		[
			'a condition that is neither',
			'<rate-limit-by-key calls="1" renewal-period="1" counter-key="k" increment-condition="yes"/>',
		],
		[
			'a field of the connection',
			'<rate-limit-by-key calls="1" renewal-period="1" counter-key="k" total-calls-header-name="Content-Length"/>',
		],
	])('%s', (_, statement) => {
		const policy = [{ scope: 'api' as const, file: 'policy.xml', text: policyOf(statement) }];
		const errors = checkPolicy(policy, apim({}), nodeCryptography).findings.filter(
			({ severity }) => severity === 'error',
		);
		expect(errors.map(({ rule }) => rule)).toEqual(['value_invalid']);
	});
});

test.each([
	['of which a client could send the text', '@("${secret}" == context.Request.Method)', ['template_unrendered']],
	['that is a dollar sign before a value', '@($"${context.Request.Method}" == "$GET")', []],
	['that names a group of a pattern', '@(Regex.Replace("a", "(?<x>a)", "${x}") == "a")', []],
])('a template in an expression (K17) %s', (_, condition, rules) => {
	const text = policyOf(`<choose><when condition="${condition}"><return-response /></when></choose>`);
	const policy = [{ scope: 'api' as const, file: 'policy.xml', text }];
	const errors = checkPolicy(policy, apim({}), nodeCryptography).findings.filter(
		({ severity }) => severity === 'error',
	);
	expect(errors.map(({ rule }) => rule)).toEqual(rules);
});
