/** `outbound` that depends on what the upstream answers, over real sockets, to clients of HTTP/1.1, HTTP/1.0 and HTTP/2. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPolicy } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { apim } from './support/definition.ts';
import type { GuardedGateway, SentRequest } from './support/guarded-gateway.ts';
import { policyOf, startPolicyGateway } from './support/policy-gateway.ts';
import { exchange, rawClient } from './support/raw-client.ts';
import { h2Request, h2Session, ownCertificate } from './support/tls-gateway.ts';

const outbound = (statements: string, inbound = '') =>
	policyOf(inbound, '<on-error><base /></on-error>').replace(
		'<outbound><base /></outbound>',
		`<outbound><base />${statements}</outbound>`,
	);
const when = (condition: string, then: string, otherwise = '') =>
	`<choose><when condition="@(${condition})">${then}</when>${otherwise === '' ? '' : `<otherwise>${otherwise}</otherwise>`}</choose>`;
const set = (name: string, value: string, action = 'override') =>
	`<set-header name="${name}" exists-action="${action}"><value>${value}</value></set-header>`;
const returned = (status: string, more = '') =>
	`<return-response><set-status code="${status}" />${more}</return-response>`;
const asked = (name: string) => `context.Request.Headers.GetValueOrDefault("${name}","")`;
const came = (name: string) => `context.Response.Headers.GetValueOrDefault("${name}","")`;

const secret = 'of-the-upstream';
const told = { 'Content-Type': 'text/plain', 'X-Inner': 'one', 'Set-Cookie': `session=${secret}`, Server: 'inner/1' };
let stream: ServerResponse | undefined;

const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
	counted: (_, response) => void response.writeHead(200, { ...told, 'Content-Length': secret.length }).end(secret),
	chunked(_, response) {
		response.writeHead(200, told);
		response.write(secret);
		response.end(secret);
	},
	closing(_, response) {
		response.socket?.end(`HTTP/1.1 200 OK\r\nSet-Cookie: session=${secret}\r\nConnection: close\r\n\r\n${secret}`);
	},
	phrase: (_, response) => void response.writeHead(299, 'As They Say', told).end(secret),
	failed: (_, response) => void response.writeHead(500, { ...told, 'X-Trace': secret }).end(secret),
	missing: (_, response) => void response.writeHead(404, { ...told, 'Content-Length': secret.length }).end(secret),
	none: (_, response) => void response.writeHead(204, { 'X-Inner': 'one' }).end(),
	unchanged: (_, response) => void response.writeHead(304, { ETag: '"v1"', 'Content-Length': 99 }).end(),
	twice: (_, response) => void response.writeHead(200, { 'X-Inner': ['one', 'two'], 'x-other': 'ü' }).end(),
	allowing: (_, response) => void response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end(),
	page: (_, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<a href="http://inner/">'),
	stream(request, response) {
		response.writeHead(200, { ...told, 'Content-Type': 'text/event-stream' });
		response.flushHeaders();
		if (request.method === 'HEAD') response.end();
		stream = response;
	},
};

let rig: GuardedGateway;
let secure = '';

beforeAll(async () => {
	rig = await startPolicyGateway(
		{
			status: outbound(
				when(
					'context.Response.StatusCode >= 500',
					returned('503', `${set('Retry-After', '5')}<set-body>busy</set-body>`),
					set('X-Status', '@(context.Response.StatusCode + " " + context.Response.StatusReason)'),
				),
			),
			fields: outbound(
				`${set('X-Default', `@(${came('X-Inner')} + "," + context.Response.Headers.GetValueOrDefault("X-None","none"))`)}
				${set('X-Index', '@(context.Response.Headers["X-Inner"].Last())')}
				${set('X-Has', '@(context.Response.Headers.ContainsKey("x-INNER").ToString() + context.Response.Headers.ContainsKey("X-None"))')}`,
			),
			actions: outbound(
				`${set('X-Inner', 'two', 'append')}${set('Server', 'x', 'skip')}${set('X-New', 'first', 'skip')}${set('X-New', 'second', 'skip')}
				<set-header name="Set-Cookie" exists-action="delete" />
				${set('X-After', `@(${came('X-Inner')} + ";" + ${came('X-New')} + ";" + ${came('Set-Cookie')})`)}`,
			),
			variables: outbound(
				`<set-variable name="both" value="@((string)context.Variables["before"] + context.Response.StatusCode)" />
				<trace source="t"><message>@(${came('X-Inner')})</message></trace>
				${set('X-Both', '@((string)context.Variables["both"])')}`,
				`<set-variable name="before" value="@(${asked('X-Before')})" />`,
			),
			setstatus: outbound(`<set-status code="@(${asked('X-To')})" reason="ours" />${set('X-Kept', 'yes')}`),
			failing: outbound(
				`${set('X-Copied', `@(${came('X-Inner')})`)}${set('X-Number', '@(int.Parse(context.Response.Headers["X-Absent"][0]).ToString())')}`,
			),
			split: outbound(set('X-Split', `@("a" + (context.Response.StatusCode > 0 ? "\\r\\nSet-Cookie: b=" : "") + "c")`)),
			endless: outbound(
				'<set-variable name="n" value="@{ var n = context.Response.StatusCode; while (true) { n = n + 1; } return n; }" />',
			),
			answered: outbound(
				returned(
					`@(${asked('X-To')})`,
					`${set('X-From', '@(context.Response.StatusCode.ToString())')}<set-body>@(${asked('X-Body')} + ${came('X-Inner')})</set-body>`,
				),
			),
			replaced: outbound(
				when('context.Response.StatusCode == 200', '<find-and-replace from="inner" to="api.example.com" />'),
			),
			skipping: outbound(`${set('Server', 'ours', 'skip')}${set('X-Ours', 'ours', 'skip')}`),
			foreign: outbound(
				set('X-Status', '@(context.Response.StatusCode.ToString())'),
				'<cors><allowed-origins><origin>https://app.example.com</origin></allowed-origins></cors>',
			),
			unforwarded: outbound(
				when(
					'context.Response.StatusCode == 200',
					set('X-Empty', '@(context.Response.Headers.ContainsKey("Server").ToString())'),
				),
			).replace('<backend><base /></backend>', '<backend></backend>'),
			limited: outbound(
				set('X-Left', `@(${came('X-Remaining')})`),
				'<rate-limit-by-key calls="9" renewal-period="60" counter-key="k" remaining-calls-header-name="X-Remaining" />',
			),
			shared: outbound(
				returned('409'),
				'<cors allow-credentials="true"><allowed-origins><origin>https://app.example.com</origin></allowed-origins></cors>',
			),
		},
		{},
		{
			config: {
				listen: [
					{ address: '127.0.0.1:0' },
					{ address: '127.0.0.1:0', tls: { certificate: 'tls.pem', key: 'tls.key' } },
				],
			},
			routes: (upstream) => [
				{
					name: 'routed',
					path: '/routed/**',
					apim_policy: './routed.xml',
					upstream,
					cors: { origins: ['https://app.example.com'], credentials: true },
				},
			],
			files: {
				'routed.xml': outbound(
					`${when('context.Response.StatusCode == 500', returned('503'))}${set('X-N', '@((4 / (404 - context.Response.StatusCode)).ToString())')}`,
				),
				'tls.pem': ownCertificate.certificate,
				'tls.key': ownCertificate.key,
			},
			answer: (request, response) => {
				const name = /\/([a-zA-Z]+)(?:\?|$)/.exec(request.url ?? '')?.[1] ?? '';
				(answers[name] ?? answers['counted'])?.(request, response);
			},
		},
	);
	secure = rig.gateway.gateway.addresses[1]?.url ?? '';
});

afterAll(async () => {
	await rig.stop();
});

async function overHttp2(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') {
	const fields = { ':authority': 'api.example.com', ':path': path, ':method': method, ...headers };
	return h2Request(await h2Session(secure), fields);
}

describe('expressions see status and fields of the response', () => {
	test('status and its words', async () => {
		const { response } = await rig.send({ target: '/status/phrase' });
		expect([response.status, response.headers.get('x-status'), response.body]).toEqual([
			299,
			'299 As They Say',
			secret,
		]);
		expect((await overHttp2('/status/phrase')).headers['x-status']).toBe('299 As They Say');
	});

	test('fields by name in any case, all values of a field', async () => {
		const { response } = await rig.send({ target: '/fields/twice' });
		expect(['x-default', 'x-index', 'x-has'].map((name) => response.headers.get(name))).toEqual([
			'one,two,none',
			'two',
			'TrueFalse',
		]);
	});

	test('what outbound has changed, and what is left of a limit', async () => {
		const { response } = await rig.send({ target: '/actions/counted' });
		expect(['x-inner', 'server', 'x-new', 'set-cookie', 'x-after'].map((name) => response.headers.get(name))).toEqual([
			'one, two',
			'inner/1',
			'first',
			undefined,
			'one,two;first;',
		]);
		expect(response.body).toBe(secret);
		const limited = await rig.send({ target: '/limited/counted' });
		expect(['x-left', 'x-remaining'].map((name) => limited.response.headers.get(name))).toEqual(['8', '8']);
	});

	test('skip writes what is not there, though nothing else depends on the response', async () => {
		const { response } = await rig.send({ target: '/skipping/counted' });
		expect([response.status, response.headers.get('server'), response.headers.get('x-ours')]).toEqual([
			200,
			'inner/1',
			'ours',
		]);
	});

	test('what inbound has decided of the response stays decided', async () => {
		const { response } = await rig.send({ target: '/foreign/allowing' });
		expect([response.headers.get('x-status'), response.headers.has('access-control-allow-origin')]).toEqual([
			'200',
			false,
		]);
	});

	test('variables of inbound, and those set there', async () => {
		const { response } = await rig.send({ target: '/variables/none', headers: [['X-Before', 'b']] });
		expect([response.status, response.headers.get('x-both')]).toEqual([204, 'b204']);
	});

	test('without forward-request it is the empty answer', async () => {
		const { response, forwarded } = await rig.send({ target: '/unforwarded/counted' });
		expect([response.status, response.body, response.headers.get('x-empty'), forwarded]).toEqual([
			200,
			'',
			'False',
			[],
		]);
	});
});

test('the body passes as it comes: a stream of events stays one', async () => {
	const client = await rawClient(rig.gateway.url);
	client.send('GET /status/stream HTTP/1.1\r\nHost: api.example.com\r\n\r\n');
	await client.seen('x-status: 200 OK');
	stream?.write('data: 1\n\n');
	await client.seen('data: 1\n\n');
	stream?.end('data: 2\n\n');
	expect((await client.response()).body).toBe('data: 1\n\ndata: 2\n\n');
	client.destroy();
});

describe('return-response is all that the client gets', () => {
	test.each(['failed'])('%s', async (name) => {
		const { response, record } = await rig.send({ target: `/status/${name}` });
		expect([response.status, response.body, response.headers.get('retry-after')]).toEqual([503, 'busy', '5']);
		expect(response.headers.get('x-request-id')).toBe(record.request_id);
		expect(response.headers.get('connection')).toBe('keep-alive');
		expect(response.head + response.body).not.toMatch(/upstream|inner/);
		expect([record.decision, record.status, record.upstream_status, record.reason]).toEqual([
			'allow',
			503,
			500,
			undefined,
		]);
		const second = await overHttp2(`/status/${name}`);
		expect([second.status, second.body, JSON.stringify(second.headers)]).toEqual([
			503,
			'busy',
			expect.not.stringContaining(secret),
		]);
	});

	test.each(['counted', 'chunked', 'closing', 'none', 'unchanged', 'stream'])(
		'in place of %s, with statuses that have a body and others',
		async (name) => {
			for (const status of [200, 204, 205, 304, 403]) {
				const hasBody = ![204, 205, 304].includes(status);
				for (const method of ['GET', 'HEAD']) {
					const client = await rawClient(rig.gateway.url);
					const records = rig.gateway.records.length;
					for (const connection of ['keep-alive', 'close']) {
						client.send(
							`${method} /answered/${name} HTTP/1.1\r\nHost: a\r\nX-To: ${status}\r\nX-Body: HTTP/1.1 200 OK\r\nConnection: ${connection}\r\n\r\n`,
						);
					}
					const got = [await client.response(method), await client.response(method)];
					await client.closed();
					await rig.gateway.record(records + 2);
					const body =
						hasBody && method === 'GET'
							? `HTTP/1.1 200 OK${name === 'none' || name[0] === 'c' || name === 'stream' ? 'one' : ''}`
							: '';
					const wanted = name === 'closing' || name === 'unchanged' ? body.replace(/one$/, '') : body;
					expect(
						got.map((response) => [response.status, response.body]),
						`${method} ${status}`,
					).toEqual([
						[status, wanted],
						[status, wanted],
					]);
					expect(client.received().split('HTTP/1.1 200 OK\r\n')).toHaveLength(status === 200 ? 3 : 1);
					expect(client.received()).not.toContain(secret);
				}
				const second = await overHttp2(`/answered/${name}`, { 'x-to': String(status), 'x-body': 'b' });
				expect([second.status, second.code, second.body.startsWith('b')]).toEqual([status, 0, hasBody]);
			}
		},
	);

	test('a page of another origin can read it, and what fails in its place', async () => {
		const origin = 'https://app.example.com';
		for (const [target, status] of [
			['/shared/counted', 409],
			['/routed/failed', 503],
			['/routed/counted', 200],
			['/routed/missing', 500],
		] as const) {
			const { response } = await rig.send({ target, headers: [['Origin', origin]] });
			expect([response.status, response.headers.get('access-control-allow-origin')], target).toEqual([status, origin]);
			expect(response.headers.get('server'), target).toBe(target === '/routed/counted' ? 'inner/1' : undefined);
		}
	});

	test('to a client of HTTP/1.0 the end of the connection ends it', async () => {
		const answer = await exchange(
			rig.gateway.url,
			'GET /answered/chunked HTTP/1.0\r\nHost: a\r\nX-To: 403\r\nX-Body: b\r\n\r\n',
		);
		expect([answer.status, answer.body]).toEqual([403, 'bone']);
	});

	test('and the request’s body does not become the next request', async () => {
		const body = 'GET /status/counted HTTP/1.1\r\nHost: a\r\n\r\n';
		const { response, forwarded } = await rig.send({
			method: 'POST',
			target: '/answered/counted',
			headers: [['X-To', '403']],
			body,
		});
		expect([response.status, forwarded.map(({ target }) => target)]).toEqual([403, ['/answered/counted']]);
	});
});

describe('set-status', () => {
	const to = (target: string, status: string, method = 'GET'): SentRequest => ({
		method,
		target: `/setstatus/${target}`,
		headers: [['X-To', status]],
	});

	test('alone changes the status alone', async () => {
		const { response, record } = await rig.send(to('missing', '200'));
		expect([response.status, response.body, response.headers.get('x-kept'), response.headers.get('x-inner')]).toEqual([
			200,
			secret,
			'yes',
			'one',
		]);
		expect([record.status, record.upstream_status]).toEqual([200, 404]);
		expect(response.head).not.toContain('ours');
		expect(await overHttp2('/setstatus/missing', { 'x-to': '200' })).toMatchObject({
			status: 200,
			body: secret,
			code: 0,
		});
	});

	test.each(['204', '205', '304'])('%s drops the content, and the next response is the next', async (status) => {
		for (const name of ['counted', 'chunked', 'closing']) {
			const client = await rawClient(rig.gateway.url);
			const records = rig.gateway.records.length;
			for (const connection of ['keep-alive', 'close']) {
				client.send(
					`GET /setstatus/${name} HTTP/1.1\r\nHost: a\r\nX-To: ${status}\r\nConnection: ${connection}\r\n\r\n`,
				);
			}
			await client.closed();
			await rig.gateway.record(records + 2);
			const parts = client.received().split('\r\n\r\n');
			expect(
				parts.map((head) => head.split(' ')[1]),
				name,
			).toEqual([status, status, undefined]);
			expect(parts[0]).toContain('X-Kept: yes'.toLowerCase());
			expect(parts[0]?.match(/^date:/gim)).toHaveLength(1);
			expect(parts[0]?.match(/^x-request-id:/gim)).toHaveLength(1);
			const second = await overHttp2(`/setstatus/${name}`, { 'x-to': status });
			expect([second.status, second.body, second.code]).toEqual([Number(status), '', 0]);
		}
	});

	test.each(['none', 'unchanged'])('of %s, which has no content, makes an empty one', async (name) => {
		const { response } = await rig.send(to(name, '200'));
		expect([response.status, response.headers.get('content-length'), response.body]).toEqual([200, '0', '']);
		const head = await rig.send(to(name, '200', 'HEAD'));
		expect([head.response.status, head.response.headers.has('content-length')]).toEqual([200, false]);
		expect(await overHttp2(`/setstatus/${name}`, { 'x-to': '200' })).toMatchObject({ status: 200, body: '', code: 0 });
	});

	test.each(['100', '101', '199', '600', 'none', ''])('to %j is 500', async (status) => {
		const { response, record } = await rig.send(to('counted', status));
		expect([response.status, record.reason, response.head.includes(secret)]).toEqual([500, 'internal_error', false]);
	});
});

describe('what fails lets nothing of the response pass', () => {
	test.each(['failing', 'split', 'endless'])('%s', async (route) => {
		for (const name of ['counted', 'chunked', 'failed', 'none']) {
			const { response, record } = await rig.send({ target: `/${route}/${name}` });
			expect([response.status, record.reason, record.decision]).toEqual([500, 'internal_error', 'fault']);
			expect(response.head + response.body).not.toMatch(/upstream|inner|x-copied|set-cookie/i);
			expect(record.upstream_status).toBeGreaterThan(0);
		}
		const second = await overHttp2(`/${route}/counted`);
		expect([second.status, JSON.stringify(second.headers) + second.body]).toEqual([
			500,
			expect.not.stringMatching(/of-the-upstream|inner|x-copied|set-cookie/i),
		]);
	});
});

test('content is replaced where the response is one in which it shall be', async () => {
	const { response, forwarded } = await rig.send({ target: '/replaced/page', headers: [['Accept-Encoding', 'gzip']] });
	expect([response.body, forwarded[0]?.values('accept-encoding')]).toEqual([
		'<a href="http://api.example.com/">',
		['identity'],
	]);
	expect((await rig.send({ target: '/replaced/missing' })).response.headers.get('content-length')).toBe(
		String(secret.length),
	);
});

describe('the connection to the upstream', () => {
	test.each(['counted', 'chunked', 'none'])('goes on behind a %s response that was replaced', async (name) => {
		const before = rig.upstream.connections;
		for (let i = 0; i < 5; i++) {
			const { response } = await rig.send({ target: `/answered/${name}`, headers: [['X-To', '403']] });
			expect(response.status).toBe(403);
		}
		const { response } = await rig.send({ target: '/status/counted' });
		expect([response.status, response.body]).toEqual([200, secret]);
		expect(rig.upstream.connections - before).toBeLessThanOrEqual(1);
	});
});

describe('refused when it is loaded, with its place', () => {
	const variable = (value: string) => `<set-variable name="v" value="${value}" />`;
	test.each([
		['the body of the response', variable('@(context.Response.Body.As<string>())'), 'body_unread policy.xml:7:49'],
		['a way around to it', variable('@{ var r = context.Response; return r.Body.As<string>(); }'), 'body_unread'],
		['whether there is a body', variable('@(context.Response.Body == null)'), 'body_unread'],
		['set-body outside of return-response', '<set-body>x</set-body>', 'statement_not_here policy.xml:7:19'],
		['a check', '<check-header name="X-A" />', 'statement_not_here'],
		['a limit', '<rate-limit-by-key calls="1" renewal-period="1" counter-key="k" />', 'statement_not_here'],
		['cors', '<cors><allowed-origins><origin>*</origin></allowed-origins></cors>', 'statement_not_here'],
		['another method', '<set-method>POST</set-method>', 'statement_unsupported'],
		['an interim status', returned('103'), 'value_invalid'],
		['a field of the connection', set('Transfer-Encoding', 'chunked'), 'header_unsettable'],
		['the same in return-response', returned('200', set('Content-Length', '1')), 'header_unsettable'],
	])('%s', (_, statements, expected) => {
		expect(errorsOf(outbound(statements))).toEqual([expect.stringContaining(expected)]);
	});

	test('the response in backend, where it is not there yet', () => {
		const backend = `<backend><base />${when('context.Response != null', '')}</backend>`;
		const text = policyOf('').replace('<backend><base /></backend>', backend);
		expect(errorsOf(text)).toEqual([expect.stringContaining('response_unread policy.xml:')]);
	});

	test('what waits for the response to count', () => {
		const text = policyOf(
			'<rate-limit-by-key calls="1" renewal-period="1" counter-key="k" increment-condition="@(context.Response.StatusCode == 200)" />',
		);
		expect(errorsOf(text)).toEqual([expect.stringContaining('not_supported policy.xml:4:')]);
	});

	function errorsOf(text: string): readonly string[] {
		const { findings } = checkPolicy([{ scope: 'api', file: 'policy.xml', text }], apim({}), nodeCryptography);
		return findings
			.filter(({ severity }) => severity === 'error')
			.map(({ rule, file, position }) => `${rule} ${file}:${position.line}:${position.column}`);
	}
});
