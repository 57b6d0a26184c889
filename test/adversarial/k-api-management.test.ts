/** Group K: policy files of API Management, read and run (K03–K06, K13–K15, K17–K20). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from '../support/definition.ts';
import type { GuardedGateway } from '../support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from '../support/policy-gateway.ts';
import { testKey } from '../support/sign-jws.ts';

const key = `<issuer-signing-keys><key>${secretText}</key></issuer-signing-keys>`;
const good = `<validate-jwt header-name="Authorization">${key}<audiences><audience>api</audience></audiences><issuers><issuer>x</issuer></issuers></validate-jwt>`;

/** `severity rule line:column` of everything that is said of a policy. */
function said(text: string, outside?: string): readonly string[] {
	const global = outside === undefined ? [] : [{ scope: 'global' as const, file: 'global.xml', text: outside }];
	const policy = [...global, { scope: 'api' as const, file: 'policy.xml', text }];
	return checkPolicy(policy, apim({ namedValues: { known: 'value' } }), nodeCryptography).findings.map(
		({ severity, rule, position, file }) => `${severity} ${rule} ${file}:${position.line}:${position.column}`,
	);
}

test('a policy that means what it says has no findings', () => {
	expect(said(policyOf(good))).toEqual([]);
});

describe('an attribute or element that would be ignored is an error, with its place', () => {
	test.each([
		['a mistyped attribute (K03)', '<validate-jwt query-param-name="t" />', 'error attribute_unknown policy.xml:4:15'],
		['no place of the token (K04)', `<validate-jwt>${key}</validate-jwt>`, 'error token_place policy.xml:4:1'],
		[
			'two places of the token (K04)',
			`<validate-jwt header-name="Authorization" query-parameter-name="t">${key}</validate-jwt>`,
			'error token_place policy.xml:4:1',
		],
		[
			'an unknown child',
			`<validate-jwt header-name="A"><audience>x</audience></validate-jwt>`,
			'error element_unknown policy.xml:4:31',
		],
		[
			'an attribute in another case',
			`<validate-jwt Header-Name="A">${key}</validate-jwt>`,
			'error attribute_unknown policy.xml:4:15',
		],
		['an empty list', `<validate-jwt header-name="A">${key}<audiences></audiences></validate-jwt>`, 'error list_empty'],
		[
			'an empty audience',
			`<validate-jwt header-name="A">${key}<audiences><audience/></audiences></validate-jwt>`,
			'error value_empty',
		],
		['a list twice', `<validate-jwt header-name="A">${key}${key}</validate-jwt>`, 'error element_repeated'],
		[
			'a word that is none',
			`<validate-jwt header-name="A">${key}<required-claims><claim name="x" match="some"/></required-claims></validate-jwt>`,
			'error value_invalid',
		],
		[
			'a boolean that is none',
			`<validate-jwt header-name="A" require-expiration-time="no">${key}</validate-jwt>`,
			'error value_invalid',
		],
		[
			'a statement of another section',
			'</inbound><outbound><validate-jwt header-name="A" /></outbound><inbound>',
			'error',
		],
		[
			'a statement that is not known',
			'<quota calls="1" renewal-period="1" />',
			'error statement_unsupported policy.xml:4:1',
		],
		[
			'a statement within choose',
			'<choose><when condition="true"><send-request /></when></choose>',
			'error statement_unsupported policy.xml:4:32',
		],
		['when without a condition', '<choose><when><trace source="x"/></when></choose>', 'error attribute_missing'],
		['a condition that is none', '<choose><when condition="yes"/></choose>', 'error value_invalid'],
		[
			'a named value that is not defined',
			'<set-variable name="x" value="{{unknown}}" />',
			'error named_value_unknown policy.xml:4:31',
		],
		['a fragment that is not defined', '<include-fragment fragment-id="x" />', 'error fragment_unknown policy.xml:4:1'],
		[
			'a key that is not Base64',
			'<validate-jwt header-name="A"><issuer-signing-keys><key>{jwt_signing_key}</key></issuer-signing-keys></validate-jwt>',
			'error key_unusable',
		],
		[
			'a key that is too short',
			'<validate-jwt header-name="A"><issuer-signing-keys><key>c2hvcnQ=</key></issuer-signing-keys></validate-jwt>',
			'error key_unusable',
		],
		[
			'a certificate that is not there',
			'<validate-jwt header-name="A"><issuer-signing-keys><key certificate-id="x"/></issuer-signing-keys></validate-jwt>',
			'error key_unusable',
		],
		[
			'metadata over http',
			'<validate-jwt header-name="A"><openid-config url="http://idp.example.com/x"/></validate-jwt>',
			'error openid_config_url',
		],
		[
			'metadata of any host',
			'<validate-jwt header-name="A"><openid-config url="@(context.Request.Headers.GetValueOrDefault("x",""))"/></validate-jwt>',
			'error openid_hosts_missing',
		],
		[
			'a Terraform template in a value (K17)',
			`<validate-jwt header-name="\${header}">${key}</validate-jwt>`,
			'error template_unrendered policy.xml:4:28',
		],
		['a Terraform template between statements (K17)', '%{ if enabled }<trace source="x"/>%{ endif }', 'error syntax'],
		[
			'a file (K18)',
			'<set-variable name="x" value="@(System.IO.File.ReadAllText("/etc/passwd"))" />',
			'error expression policy.xml:4:',
		],
		[
			'reflection (K18)',
			'<set-variable name="x" value="@(Activator.CreateInstance("x"))" />',
			'error expression policy.xml:4:',
		],
		[
			'the way to a constructor (K18)',
			'<set-variable name="x" value="@("".constructor)" />',
			'error expression policy.xml:4:',
		],
		['a document type (K20)', '<!DOCTYPE x>', 'error syntax policy.xml:4:1'],
		['an entity (K20)', '<trace source="x"><message>&xxe;</message></trace>', 'error syntax policy.xml:4:28'],
		[
			'a field of the connection',
			'<set-header name="Content-Length"><value>1</value></set-header>',
			'error header_unsettable',
		],
	])('%s', (_, inbound, finding) => {
		expect(said(policyOf(inbound)).filter((each) => each.startsWith(finding))).not.toEqual([]);
	});
});

describe('what may not have been meant is a warning', () => {
	const unverified =
		'@(context.Request.Headers.GetValueOrDefault("Authorization","").AsJwt()?.Claims.ContainsKey("admin") == true)';
	test.each([
		[
			'no audience and no claims (K06)',
			`<validate-jwt header-name="Authorization">${key}</validate-jwt>`,
			'warning any_token policy.xml:4:1',
		],
		[
			'nothing to hold iss against (K06)',
			`<validate-jwt header-name="Authorization">${key}</validate-jwt>`,
			'warning issuer_unchecked policy.xml:4:1',
		],
		[
			'claims of a token that nobody verified (K14)',
			`<choose><when condition="${unverified}"/><otherwise><return-response/></otherwise></choose>`,
			'warning unverified_claims',
		],
		[
			'a way around every check (K15)',
			`<choose><when condition="@(context.Request.Method == "GET")">${good}</when><when condition="@(context.Request.Method == "PUT")">${good}</when></choose>`,
			'warning unchecked_branch policy.xml:4:1',
		],
		['no check at all', '<trace source="x"/>', 'warning no_check'],
		[
			'any tenant',
			'<validate-jwt header-name="A"><openid-config url="https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"/></validate-jwt>',
			'warning any_tenant',
		],
		[
			'any tenant by the address of Entra',
			'<validate-azure-ad-token tenant-id="https://login.microsoftonline.com/common"/>',
			'warning any_tenant',
		],
		[
			'a placeholder',
			good.replace('<issuer>x<', '<issuer>https://login.microsoftonline.com/{tenantId}/v2.0<'),
			'warning placeholder_unrendered',
		],
		[
			'unsigned tokens',
			good.replace('header-name', 'require-signed-tokens="false" header-name'),
			'warning unsigned_refused',
		],
	])('%s', (_, inbound, finding) => {
		const found = said(policyOf(inbound));
		expect(found.filter((each) => each.startsWith(finding))).not.toEqual([]);
		expect(found.filter((each) => each.startsWith('error'))).toEqual([]);
	});

	test('claims that were verified before, and branches that all check, are none', () => {
		const after = `${good}<choose><when condition="${unverified}"/></choose>`;
		expect(said(policyOf(after))).toEqual([]);
		const whole = `<choose><when condition="@(context.Request.Method == "GET")">${good}</when><otherwise>${good}</otherwise></choose>`;
		expect(said(policyOf(whole))).toEqual([]);
	});

	test('<base/> that is missing leaves out the check of the scope outside (K19)', () => {
		const api = '<policies><inbound><trace source="x"/></inbound></policies>';
		expect(said(api, policyOf(good))).toContain('warning base_missing policy.xml:1:20');
		expect(said(api.replace('<trace', '<base/><trace'), policyOf(good))).toEqual([]);
		// Nothing is outside of the global scope.
		expect(said(`<policies><inbound><base/></inbound></policies>`, policyOf(good).replace('<base />', ''))).toEqual([]);
	});
});

describe('over a socket', () => {
	let rig: GuardedGateway;

	beforeAll(async () => {
		const loop = '@{ var i = 0; while (true) { i = i + 1; } return "x"; }';
		rig = await startPolicyGateway(
			{
				plain: policyOf(good.replace('<issuer>x<', '<issuer>https://issuer.example.com/<')),
				endless: policyOf(`<set-variable name="x" value="${loop}" />${good}`),
				throws: policyOf(
					'<set-variable name="x" value="@(context.Request.Headers.GetValueOrDefault("none").Length)" />',
				),
				branches: policyOf(
					`<choose><when condition="@(context.Request.Method == "GET")">${good.replace('<issuer>x<', '<issuer>https://issuer.example.com/<')}</when><otherwise><return-response><set-status code="405" reason="No" /></return-response></otherwise></choose>`,
				),
				identity: policyOf(
					`<choose><when condition="@(context.Request.Headers.ContainsKey("Authorization"))">${good.replace('<issuer>x<', '<issuer>https://issuer.example.com/<').replace('header-name', 'output-token-variable-name="jwt" header-name')}<set-header name="X-User"><value>@(((Jwt)context.Variables["jwt"]).Subject)</value></set-header></when></choose>`,
				),
				authorization: policyOf(
					'<set-header name="Authorization" exists-action="override"><value>Basic abc</value></set-header>',
				),
				header: policyOf(
					'<set-header name="X-Injected"><value>@(context.Request.Headers.GetValueOrDefault("X-In","") + "\\r\\nX-More: 1")</value></set-header>',
				),
				elsewhere: policyOf(
					'<set-backend-service base-url="@("http://" + context.Request.Headers.GetValueOrDefault("X-To",""))" />',
				),
				limited: policyOf(
					'<rate-limit-by-key calls="2" renewal-period="60" counter-key="@(context.Request.Headers.GetValueOrDefault("X-Key",""))" />',
				),
				rewritten: policyOf(
					'<rewrite-uri template="@("/x/" + context.Request.Headers.GetValueOrDefault("X-Path",""))" />',
				),
			},
			{},
		);
	});
	afterAll(() => rig.stop());

	test('an endless loop is a fault of its own request alone (K18)', async () => {
		const { response, record, forwarded } = await rig.send({ target: '/endless', token: secretToken() });
		expect([response.status, record.reason, forwarded]).toEqual([500, 'internal_error', []]);
		expect((await rig.send({ target: '/plain', token: secretToken() })).response.status).toBe(200);
	});

	test('an expression that fails forwards nothing', async () => {
		const { response, forwarded } = await rig.send({ target: '/throws' });
		expect([response.status, forwarded]).toEqual([500, []]);
		expect(response.body).not.toContain('Null');
	});

	test('a branch that answers is no way around the check of another (K15)', async () => {
		expect((await rig.send({ target: '/branches' })).response.status).toBe(401);
		expect((await rig.send({ target: '/branches', token: secretToken() })).response.status).toBe(200);
		const posted = await rig.send({ method: 'POST', target: '/branches', token: secretToken(), body: '' });
		expect([posted.response.status, posted.record.decision, posted.forwarded]).toEqual([405, 'answer', []]);
	});

	test('the client’s own Authorization stays behind, what the policy writes arrives', async () => {
		const { forwarded } = await rig.send({ target: '/authorization', token: secretToken() });
		expect(forwarded[0]?.values('authorization')).toEqual(['Basic abc']);
	});

	test('a header by which the policy tells who calls is nobody’s on another way, or on another route', async () => {
		const spoofed = {
			headers: [
				['X-User', 'admin'],
				['x_user', 'admin'],
				['X-Other', 'own'],
			] as const,
		};
		const taken = await rig.send({ target: '/identity', token: secretToken(), ...spoofed });
		expect([taken.forwarded[0]?.values('x-user'), taken.forwarded[0]?.values('x_user')]).toEqual([['user-1'], []]);
		for (const target of ['/identity', '/authorization']) {
			const { forwarded } = await rig.send({ target, ...spoofed });
			expect([forwarded[0]?.values('x-user'), forwarded[0]?.values('x_user')]).toEqual([[], []]);
			expect(forwarded[0]?.values('x-other')).toEqual(['own']);
		}
	});

	test('no header can be smuggled in by an expression', async () => {
		const { response, forwarded } = await rig.send({ target: '/header', headers: [['X-In', 'a']] });
		expect([response.status, forwarded]).toEqual([500, []]);
	});

	test('no request can name its own backend, or a path that is read in two ways', async () => {
		const to = await rig.send({ target: '/elsewhere', headers: [['X-To', '127.0.0.1:9']] });
		expect([to.response.status, to.forwarded]).toEqual([500, []]);
		for (const path of ['../admin', '%2e%2e/admin', 'a\\..', '%2fadmin']) {
			const { response, forwarded } = await rig.send({ target: '/rewritten', headers: [['X-Path', path]] });
			expect([path, response.status, forwarded]).toEqual([path, 500, []]);
		}
		const { forwarded } = await rig.send({ target: '/rewritten?a=1', headers: [['X-Path', 'y']] });
		expect(forwarded[0]?.target).toBe('/x/y?a=1');
	});

	test('a limit by key counts each key for itself, and says when to come again', async () => {
		const ask = async (name: string) => (await rig.send({ target: '/limited', headers: [['X-Key', name]] })).response;
		expect([(await ask('a')).status, (await ask('a')).status]).toEqual([200, 200]);
		const third = await ask('a');
		expect([third.status, third.headers.get('x-reason')]).toEqual([429, 'RateLimitExceeded']);
		expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
		expect((await ask('b')).status).toBe(200);
	});

	test('a key of another algorithm verifies nothing', async () => {
		const confused = secretToken({}, testKey('HS256', 'other'));
		expect((await rig.send({ target: '/plain', token: confused })).response.headers.get('x-reason')).toBe(
			'TokenSignatureInvalid',
		);
	});
});
