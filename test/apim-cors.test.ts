/** `cors` of policies over a real socket: preflights before any check, and what browsers may read of answers and refusals. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from './support/definition.ts';
import type { GuardedGateway } from './support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from './support/policy-gateway.ts';

const validate = `<validate-jwt header-name="Authorization"><issuer-signing-keys><key>${secretText}</key></issuer-signing-keys></validate-jwt>`;
const origins = (...list: string[]) =>
	`<allowed-origins>${list.map((origin) => `<origin>${origin}</origin>`).join('')}</allowed-origins>`;
const cors = (attributes: string, ...children: string[]) => `<cors ${attributes}>${children.join('')}</cors>`;
const page = 'https://app.example.com';
const usual = cors(
	'allow-credentials="true"',
	origins('HTTPS://App.example.com:443/', 'http://localhost:3000'),
	'<allowed-methods preflight-result-max-age="300"><method>GET</method><method>PUT</method></allowed-methods>',
	'<allowed-headers><header>authorization</header><header>x-api</header></allowed-headers>',
	'<expose-headers><header>x-total</header></expose-headers>',
);

let rig: GuardedGateway;

beforeAll(async () => {
	const own =
		'<return-response><set-status code="403" /><set-header name="Access-Control-Allow-Origin"><value>https://own.example.com</value></set-header></return-response>';
	rig = await startPolicyGateway(
		{
			usual: policyOf(usual + validate),
			// Where it stands means nothing to preflights.
			behind: policyOf(validate + usual),
			open: policyOf(
				cors(
					'',
					origins('*'),
					'<allowed-methods><method>*</method></allowed-methods>',
					'<allowed-headers><header>*</header></allowed-headers>',
				) + validate,
			),
			lenient: policyOf(cors('terminate-unmatched-request="false"', origins(page)) + validate),
			made: policyOf(
				cors(
					'allow-credentials="true"',
					origins('@(context.Request.Headers.GetValueOrDefault("X-Allowed","").Replace(" ", ""))'),
				) + validate,
			),
			answered: policyOf(usual + own),
			fails: policyOf(cors('', origins('@(context.Subscription.Id)'))),
			none: policyOf(validate),
		},
		{ fragments: { cors: './cors.xml' } },
		{
			files: {
				'cors.xml': `<fragment>${usual}</fragment>`,
				'global.xml': policyOf(cors('terminate-unmatched-request="false"', origins('https://global.example.com'))),
				'api.xml': `<policies><inbound><include-fragment fragment-id="cors" /><base />${validate}</inbound></policies>`,
				'lenient.xml': `<policies><inbound>${cors('terminate-unmatched-request="false"', origins(page))}<base />${validate}</inbound></policies>`,
			},
			routes: (upstream) => [
				{
					name: 'scopes',
					path: '/scopes',
					methods: ['GET'],
					apim_policy: { global: './global.xml', api: './lenient.xml' },
					upstream,
				},
				{
					name: 'strict',
					path: '/strict',
					apim_policy: { global: './global.xml', api: './api.xml' },
					upstream,
					cors: { origins: ['https://route.example.com'] },
				},
			],
			answer: (request, response) => {
				response.writeHead(200, {
					'Access-Control-Allow-Origin': '*',
					'Access-Control-Allow-Credentials': 'true',
					'Access-Control-Expose-Headers': 'x-upstream',
					Vary: 'Accept',
				});
				response.end(request.method);
			},
		},
	);
});

afterAll(async () => {
	await rig.stop();
});

const fields = ['allow-origin', 'allow-credentials', 'allow-methods', 'allow-headers', 'max-age', 'expose-headers'];

async function preflight(route: string, origin = page, headers: readonly (readonly [string, string])[] = []) {
	const { response, record, forwarded } = await rig.send({
		method: 'OPTIONS',
		target: `/${route}`,
		headers: [
			['Origin', origin],
			['Access-Control-Request-Method', 'PUT'],
			['Access-Control-Request-Headers', 'x-api, x-other'],
			...headers,
		],
	});
	expect([response.status, response.body, record.decision, forwarded]).toEqual([200, '', 'answer', []]);
	return fields.map((name) => response.headers.get(`access-control-${name}`));
}

async function ask(route: string, origin: string | undefined, token?: string, method = 'GET') {
	const { response, forwarded } = await rig.send({
		method,
		target: `/${route}`,
		...(token === undefined ? {} : { token }),
		...(origin === undefined ? {} : { headers: [['Origin', origin]] }),
	});
	const read = ['allow-origin', 'allow-credentials', 'expose-headers'].map((name) =>
		response.headers.get(`access-control-${name}`),
	);
	return [response.status, ...read, response.headers.get('vary'), forwarded.length];
}

const granted = [page, 'true', 'GET, PUT', 'authorization, x-api', '300', undefined];
const nothing = [undefined, undefined, undefined, undefined, undefined, undefined];

describe('a preflight', () => {
	test('is answered before any check, wherever the statement stands', async () => {
		expect(await preflight('usual')).toEqual(granted);
		expect(await preflight('behind')).toEqual(granted);
		expect(await preflight('strict')).toEqual(granted);
	});

	test.each(['https://evil.example.com', 'https://app.example.com.evil.example', 'http://app.example.com', 'null'])(
		'of %s gets no allowance',
		async (origin) => {
			for (const route of ['usual', 'lenient', 'strict']) expect(await preflight(route, origin)).toEqual(nothing);
		},
	);

	test('of any origin: what was asked for, never with credentials', async () => {
		const any = ['*', undefined, 'PUT', 'x-api, x-other', '0', undefined];
		expect(await preflight('open')).toEqual(any);
		expect(await preflight('open', 'null')).toEqual(any);
	});

	test('without lists: GET and POST, no headers', async () => {
		expect(await preflight('lenient')).toEqual([page, undefined, 'GET, POST', undefined, '0', undefined]);
	});

	test('origins that an expression makes; one that makes a star gets no credentials', async () => {
		const allowed = (value: string) => preflight('made', page, [['X-Allowed', value]]);
		expect((await allowed(page)).slice(0, 2)).toEqual([page, 'true']);
		expect((await allowed('HTTPS://App.example.com:443/')).slice(0, 2)).toEqual([page, 'true']);
		expect(await preflight('made', 'null', [['X-Allowed', 'null']])).toEqual(nothing);
		expect((await allowed('*')).slice(0, 2)).toEqual(['*', undefined]);
		expect(await allowed('https://*.example.com')).toEqual(nothing);
		expect(await allowed('')).toEqual(nothing);
	});

	test('asks the scopes outside where one does not end it, also on a route of other methods', async () => {
		const method = [['Access-Control-Request-Method', 'GET']] as const;
		const { response } = await rig.send({
			method: 'OPTIONS',
			target: '/scopes',
			headers: [['Origin', 'https://global.example.com'], ...method],
		});
		expect(response.headers.get('access-control-allow-origin')).toBe('https://global.example.com');
		expect(await preflight('strict', 'https://global.example.com')).toEqual(nothing);
		expect(await preflight('strict', 'https://route.example.com')).toEqual(nothing);
	});

	test('is no way past the policy', async () => {
		const { response, forwarded } = await rig.send({ method: 'OPTIONS', target: '/none', headers: [['Origin', page]] });
		expect([response.status, forwarded]).toEqual([401, []]);
		// Without its two fields it is a request like any other, and each of them once.
		const halves = [
			[['Origin', page]],
			[['Access-Control-Request-Method', 'PUT']],
			[
				['Origin', page],
				['Origin', page],
				['Access-Control-Request-Method', 'PUT'],
			],
			[
				['Origin', page],
				['Access-Control-Request-Method', 'PUT'],
				['Access-Control-Request-Method', 'GET'],
			],
		] as const;
		for (const headers of halves) {
			const seen = await rig.send({ method: 'OPTIONS', target: '/usual', headers });
			expect([seen.response.status, seen.forwarded]).toEqual([401, []]);
		}
		for (const method of ['GET', 'POST']) {
			const headers = [
				['Origin', page],
				['Access-Control-Request-Method', 'PUT'],
			] as const;
			const seen = await rig.send({ method, target: '/usual', headers });
			expect([seen.response.status, seen.forwarded]).toEqual([401, []]);
		}
	});

	test('that cannot be decided is a failure', async () => {
		const headers = [
			['Origin', page],
			['Access-Control-Request-Method', 'GET'],
		] as const;
		const { response, record } = await rig.send({ method: 'OPTIONS', target: '/fails', headers });
		expect([response.status, record.reason]).toEqual([500, 'internal_error']);
	});
});

describe('any other request', () => {
	test('of an origin that is allowed: readable, in place of what the upstream says', async () => {
		expect(await ask('usual', page, secretToken())).toEqual([
			200,
			page,
			'true',
			'x-total',
			'Accept, Authorization, Origin',
			1,
		]);
		expect(await ask('open', page, secretToken())).toEqual([
			200,
			'*',
			undefined,
			undefined,
			'Accept, Authorization',
			1,
		]);
	});

	test('without an origin: nothing is allowed, and caches know why', async () => {
		expect(await ask('usual', undefined, secretToken())).toEqual([
			200,
			undefined,
			undefined,
			undefined,
			'Accept, Authorization, Origin',
			1,
		]);
	});

	test('that is refused: the page can read why', async () => {
		expect(await ask('usual', page)).toEqual([401, page, 'true', 'x-total', 'Origin', 0]);
		expect(await ask('answered', page)).toEqual([403, 'https://own.example.com', 'true', 'x-total', 'Origin', 0]);
		// Behind the check nobody has said anything yet.
		expect((await ask('behind', page))[1]).toBeUndefined();
	});

	test('of another origin ends with an empty answer, unless the policy lets it go on', async () => {
		const other = 'https://evil.example.com';
		expect(await ask('usual', other, secretToken())).toEqual([200, undefined, undefined, undefined, 'Origin', 0]);
		expect(await ask('usual', other, secretToken(), 'HEAD')).toEqual([
			200,
			undefined,
			undefined,
			undefined,
			'Origin',
			0,
		]);
		expect((await ask('usual', other, secretToken(), 'POST')).at(-1)).toBe(1);
		expect(await ask('lenient', other, secretToken())).toEqual([
			200,
			undefined,
			undefined,
			undefined,
			'Accept, Authorization, Origin',
			1,
		]);
		expect((await ask('lenient', other))[0]).toBe(401);
	});
});

test.each([
	['<cors></cors>', 'element_missing'],
	['<cors><allowed-origins></allowed-origins></cors>', 'list_empty'],
	[cors('allow-credentials="true"', origins('*')), 'cors_any_origin'],
	[cors('', origins('https://*.example.com')), 'value_invalid'],
	[cors('', origins('app.example.com')), 'value_invalid'],
	[cors('', origins('https://app.example.com/path')), 'value_invalid'],
	[cors('', origins('null')), 'value_invalid'],
	[cors('', origins(page), '<allowed-headers><header>a b</header></allowed-headers>'), 'value_invalid'],
	[cors('', origins(page), '<allowed-methods></allowed-methods>'), 'list_empty'],
	[cors('', origins(page), '<allowed-methods><method>@("GET")</method></allowed-methods>'), 'expression_not_allowed'],
	[cors('allow-credential="true"', origins(page)), 'attribute_unknown'],
	[`<choose><when condition="true">${cors('', origins(page))}</when></choose>`, 'statement_not_here'],
])('%s is refused: %s', (statement, rule) => {
	const { findings } = checkPolicy(
		[{ scope: 'api', file: 'p.xml', text: policyOf(statement) }],
		apim({}),
		nodeCryptography,
	);
	expect(findings.filter(({ severity }) => severity === 'error').map((found) => found.rule)).toContain(rule);
});
