/** `find-and-replace` on what upstreams answer, over real sockets, to clients of HTTP/1.1, HTTP/1.0 and HTTP/2. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GuardedGateway } from './support/guarded-gateway.ts';
import { policyOf, secretText, secretToken, startPolicyGateway } from './support/policy-gateway.ts';
import { exchange, rawClient } from './support/raw-client.ts';
import { h2Request, h2Session, ownCertificate } from './support/tls-gateway.ts';

const validate = `<validate-jwt header-name="Authorization"><issuer-signing-keys><key>${secretText}</key></issuer-signing-keys></validate-jwt>`;
const outbound = (statements: string, inbound = '') =>
	policyOf(inbound, `<on-error><base /></on-error>`).replace(
		'<outbound><base /></outbound>',
		`<outbound><base />${statements}</outbound>`,
	);
const hide = '<find-and-replace from="backend.internal:8443" to="api.example.com" />';

const page = 'see http://backend.internal:8443/a and http://backend.internal:8443/b';
const shown = 'see http://api.example.com/a and http://api.example.com/b';
const validators = {
	ETag: '"v1"',
	'Last-Modified': 'Tue, 01 Jul 2025 00:00:00 GMT',
	'Content-MD5': 'x',
	Digest: 'sha-256=x',
	'Content-Digest': 'sha-256=:x:',
	'Repr-Digest': 'sha-256=:x:',
	'Accept-Ranges': 'bytes',
};
const text = { 'Content-Type': 'text/plain' };
let events: ServerResponse | undefined;
/** Of `large`: pages, and how many of them the upstream has got rid of. */
const repeated = 400_000;
let written = 0;

const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
	counted: (_, response) =>
		void response.writeHead(200, { ...text, ...validators, 'Content-Length': page.length }).end(page),
	chunked(_, response) {
		response.writeHead(200, { ...text, Trailer: 'X-Checksum' });
		for (const character of page) response.write(character);
		response.addTrailers({ 'X-Checksum': '1' });
		response.end();
	},
	closing(_, response) {
		response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${page} backend.`);
	},
	weak: (_, response) => void response.writeHead(200, { ...text, ETag: 'W/"v1"' }).end(page),
	untouched: (_, response) => void response.writeHead(200, text).end('nothing of that'),
	empty: (_, response) => void response.writeHead(200, { ...text, ...validators, 'Content-Length': 0 }).end(),
	hollow(_, response) {
		response.writeHead(200, text);
		response.flushHeaders();
		response.end();
	},
	none: (_, response) => void response.writeHead(204, { ETag: '"v1"' }).end(),
	unchanged: (_, response) => void response.writeHead(304, { ...validators, 'Content-Encoding': 'gzip' }).end(),
	part: (_, response) => void response.writeHead(206, { ...text, 'Content-Range': 'bytes 0-3/9' }).end('back'),
	gzip: (_, response) => void response.writeHead(200, { ...text, 'Content-Encoding': 'gzip' }).end(gzipSync(page)),
	identity: (_, response) => void response.writeHead(200, { ...text, 'Content-Encoding': 'identity' }).end(page),
	wide: (_, response) =>
		void response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-16le' }).end(Buffer.from(page, 'utf16le')),
	image: (_, response) => void response.writeHead(200, { 'Content-Type': 'image/png', ...validators }).end(page),
	untyped: (_, response) => void response.writeHead(200).end(page),
	failed: (_, response) => void response.writeHead(500, text).end(page),
	broken(_, response) {
		response.writeHead(200, { ...text, 'Content-Length': 500 });
		response.write(page, () => response.destroy());
	},
	links: (request, response) =>
		void response.writeHead(200, text).end(`<http://${request.headers.host}/links/items(1)>`),
	large(_, response) {
		response.writeHead(200, { ...text, 'Content-Length': repeated * page.length });
		const more = (): void => {
			while (written < repeated) {
				written += 1;
				if (!response.write(page)) {
					response.once('drain', more);
					return;
				}
			}
			response.end();
		};
		more();
	},
	events(_, response) {
		response.writeHead(200, { 'Content-Type': 'text/event-stream' });
		response.flushHeaders();
		events = response;
	},
	letters: (_, response) => void response.writeHead(200, text).end('a'.repeat(3_000)),
	lettersLater(_, response) {
		response.writeHead(200, text);
		response.write('first');
		events = response;
	},
};

let rig: GuardedGateway;
/** The TLS listener. */
let secure = '';

beforeAll(async () => {
	const growing = `<find-and-replace from="a" to="${'a'.repeat(1_000)}" />`;
	rig = await startPolicyGateway(
		{
			hide: outbound(hide, validate),
			open: outbound(hide),
			greedy: outbound(
				hide,
				'<set-header name="Accept-Encoding"><value>br</value></set-header><set-header name="accept-encoding" exists-action="append"><value>zstd</value></set-header>',
			),
			besides: outbound(
				hide,
				'<set-header name="Accept-Encoding" exists-action="append"><value>br</value></set-header>',
			),
			expression: outbound(
				'<find-and-replace from="@(context.Request.Headers.GetValueOrDefault("X-From",""))" to="@(context.Request.OriginalUrl.Host)" /><find-and-replace from="api" to="" />',
			),
			choice: outbound(`<choose><when condition="@(context.Request.Method == "GET")">${hide}</when></choose>`),
			growing: outbound(growing),
			links: outbound(
				'<find-and-replace from="@(context.Api.ServiceUrl.Host +":"+ context.Api.ServiceUrl.Port + context.Api.ServiceUrl.Path)" to="@(context.Request.OriginalUrl.Host + ":" + context.Request.OriginalUrl.Port + context.Api.Path)" />',
			),
			types: outbound(
				`<set-header name="Content-Type"><value>text/x-new</value></set-header><set-header name="ETag"><value>"ours"</value></set-header>${hide}`,
			),
			refused: policyOf(
				validate,
				'<on-error><base /><find-and-replace from="statusCode" to="code" /><find-and-replace from="@("not" + " present")" to="ä" /></on-error>',
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
			files: { 'tls.pem': ownCertificate.certificate, 'tls.key': ownCertificate.key },
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

async function overHttp2(path: string, method = 'GET') {
	return h2Request(await h2Session(secure), { ':authority': 'api.example.com', ':path': path, ':method': method });
}

describe('content is changed, and the fields about it are true', () => {
	test.each(['counted', 'chunked', 'untyped', 'identity', 'weak', 'failed'])('%s', async (name) => {
		const { response } = await rig.send({ target: `/open/${name}` });
		expect(response).toMatchObject({ status: name === 'failed' ? 500 : 200, body: shown });
		expect(response.headers.get('transfer-encoding')).toBe('chunked');
		expect(response.headers.has('content-length')).toBe(false);
		const second = await overHttp2(`/open/${name}`);
		expect(second).toMatchObject({ status: name === 'failed' ? 500 : 200, body: shown, code: 0 });
		expect(second.headers['content-length']).toBeUndefined();
	});

	test('validators become weak, digests and ranges go', async () => {
		const { response } = await rig.send({ target: '/open/counted' });
		expect([response.headers.get('etag'), response.headers.get('last-modified')]).toEqual([
			'W/"v1"',
			validators['Last-Modified'],
		]);
		for (const name of ['content-md5', 'digest', 'content-digest', 'repr-digest', 'accept-ranges']) {
			expect(response.headers.has(name), name).toBe(false);
		}
		const weak = await rig.send({ target: '/open/weak' });
		expect(weak.response.headers.get('etag')).toBe('W/"v1"');
		const { headers } = await overHttp2('/open/counted');
		expect([headers.etag, headers['content-digest']]).toEqual(['W/"v1"', undefined]);
	});

	test('to HEAD, in a 304 and without content nothing is said of a length that would be wrong', async () => {
		const head = await rig.send({ method: 'HEAD', target: '/open/counted' });
		expect([head.response.status, head.response.headers.get('etag')]).toEqual([200, 'W/"v1"']);
		const unchanged = await rig.send({ target: '/open/unchanged' });
		expect([unchanged.response.status, unchanged.response.headers.get('etag')]).toEqual([304, 'W/"v1"']);
		for (const { response } of [head, unchanged]) {
			const lengths = ['content-length', 'transfer-encoding', 'repr-digest'].map((name) => response.headers.has(name));
			expect(lengths).toEqual([false, false, false]);
		}
		const none = await rig.send({ target: '/open/none' });
		expect([none.response.status, none.response.headers.get('etag')]).toEqual([204, '"v1"']);
		const empty = await rig.send({ target: '/open/empty' });
		expect([empty.response.headers.get('content-length'), empty.response.headers.get('etag')]).toEqual(['0', '"v1"']);
		expect((await rig.send({ target: '/open/hollow' })).response).toMatchObject({ status: 200, body: '' });
		expect(await overHttp2('/open/hollow')).toMatchObject({ status: 200, body: '', code: 0 });
		const second = await overHttp2('/open/counted', 'HEAD');
		expect([second.status, second.headers['content-length'], second.headers.etag]).toEqual([200, undefined, 'W/"v1"']);
		expect(await overHttp2('/open/unchanged')).toMatchObject({ status: 304, body: '', code: 0 });
	});

	test('a body that ends with its connection, with the beginning of an occurrence at its end', async () => {
		const { response } = await rig.send({ target: '/open/closing' });
		expect(response).toMatchObject({ status: 200, body: `${shown} backend.` });
		expect(await overHttp2('/open/closing')).toMatchObject({ status: 200, body: `${shown} backend.`, code: 0 });
	});

	test('a client of HTTP/1.0 reads until the connection ends', async () => {
		for (const name of ['counted', 'chunked', 'closing']) {
			const answer = await exchange(rig.gateway.url, `GET /open/${name} HTTP/1.0\r\nHost: api.example.com\r\n\r\n`);
			expect(answer.body, name).toBe(name === 'closing' ? `${shown} backend.` : shown);
			expect(answer.headers.has('content-length'), name).toBe(false);
			expect(answer.headers.has('transfer-encoding'), name).toBe(false);
		}
	});

	test('several requests on one connection, the connection to the upstream kept as well', async () => {
		const before = rig.upstream.connections;
		const client = await rawClient(rig.gateway.url);
		for (const name of ['counted', 'chunked', 'empty', 'counted']) {
			client.send(`GET /open/${name} HTTP/1.1\r\nHost: api.example.com\r\n\r\n`);
			expect((await client.response()).body).toBe(name === 'empty' ? '' : shown);
		}
		client.destroy();
		expect(rig.upstream.connections - before).toBeLessThanOrEqual(1);
	});

	test('what the policy itself writes stays as it is', async () => {
		const { response } = await rig.send({ target: '/types/counted' });
		expect([response.headers.get('content-type'), response.headers.get('etag'), response.body]).toEqual([
			'text/x-new',
			'"ours"',
			shown,
		]);
	});
});

test('the upstream is asked for all of it, unencoded, whatever client and policy say', async () => {
	const headers = [
		['Accept-Encoding', 'gzip, br'],
		['accept-encoding', 'zstd'],
		['Range', 'bytes=0-3'],
		['If-Range', '"v1"'],
	] as const;
	for (const route of ['open', 'greedy', 'besides']) {
		const { response, forwarded } = await rig.send({ target: `/${route}/counted`, headers });
		const asked = ['accept-encoding', 'range', 'if-range'].map((name) => forwarded[0]?.values(name));
		expect(asked, route).toEqual([['identity'], [], []]);
		expect(response.body).toBe(shown);
	}
	// Another method, on which nothing is replaced.
	const other = await rig.send({ method: 'DELETE', target: '/choice/counted', headers });
	expect(other.forwarded[0]?.values('accept-encoding')).toEqual(['gzip, br', 'zstd']);
	expect(other.response.headers.get('etag')).toBe('"v1"');
	expect(other.response.body).toBe(page);
	expect((await rig.send({ target: '/choice/counted' })).response.body).toBe(shown);
});

test('texts may be expressions; replacements come one after the other', async () => {
	const headers = [['X-From', 'backend.internal:8443']] as const;
	const { response } = await rig.send({ target: '/expression/counted', headers });
	expect(response.body).toBe(shown.replaceAll('api', ''));
	for (const value of ['', 'x'.repeat(4_097)]) {
		const seen = await rig.send({ target: '/expression/counted', headers: [['X-From', value]] });
		expect([seen.response.status, seen.record.reason, seen.forwarded]).toEqual([500, 'internal_error', []]);
	}
});

test('links to the service become links to the gateway, as published policies have it', async () => {
	const { response } = await rig.send({ target: '/links/links', host: 'api.example.com:8080' });
	expect(response.body).toBe('<http://api.example.com:8080/links/items(1)>');
});

test('what is no text passes as it is, with its length and validators', async () => {
	const { response } = await rig.send({ target: '/open/image' });
	expect([response.body, response.headers.get('etag'), response.headers.get('accept-ranges')]).toEqual([
		page,
		'"v1"',
		'bytes',
	]);
});

test.each([
	['encoded all the same', 'gzip', 'is encoded, though identity was asked for'],
	['in another charset', 'wide', 'its charset is unknown'],
	['a part', 'part', 'is a part'],
	['too much by replacing', '../growing/letters', 'grows too much'],
])('text that is %s is refused: nothing of it reaches the client', async (_, name, why) => {
	const target = name.startsWith('..') ? name.slice(2) : `/open/${name}`;
	const logged = rig.gateway.log.length;
	const { response, record } = await rig.send({ target });
	expect([response.status, record.reason, record.decision]).toEqual([502, 'upstream_invalid_response', 'fault']);
	expect(response.body).not.toMatch(/backend|aaa/);
	expect(rig.gateway.log.slice(logged).join('\n')).toContain(why);
	expect((await overHttp2(target)).status).toBe(502);
});

describe('content that is not whole never looks whole', () => {
	test('the upstream breaks off', async () => {
		await expect(rig.send({ target: '/open/broken' })).rejects.toThrow('the connection ended');
		const record = rig.gateway.records.at(-1);
		expect([record?.status, record?.reason]).toEqual([200, 'upstream_invalid_response']);
	});

	test('it grows too much once it is under way', async () => {
		const client = await rawClient(rig.gateway.url);
		client.send('GET /growing/lettersLater HTTP/1.1\r\nHost: api.example.com\r\n\r\n');
		await client.seen('first');
		events?.end('a'.repeat(3_000));
		await client.closed();
		expect(client.received()).not.toContain('\r\n0\r\n\r\n');
	});
});

test('a large response comes at the pace of the client, and whole', async () => {
	const client = await rawClient(rig.gateway.url);
	client.socket.pause();
	client.send('GET /open/large HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n');
	let before = -1;
	while (written === 0 || written !== before) {
		before = written;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	expect(written).toBeLessThan(repeated / 2);
	const pieces: Buffer[] = [];
	client.socket.removeAllListeners('data').on('data', (piece: Buffer) => pieces.push(piece));
	client.socket.resume();
	await client.closed();
	const received = Buffer.concat(pieces).toString('latin1');
	expect(received.endsWith('\r\n0\r\n\r\n')).toBe(true);
	const content = received.slice(received.indexOf('\r\n\r\n') + 4);
	// Chunks are of any size: what is left without their lines is the text.
	let at = 0;
	let length = 0;
	for (let size = -1; size !== 0; ) {
		const end = content.indexOf('\r\n', at);
		size = Number.parseInt(content.slice(at, end), 16);
		length += size;
		at = end + 2 + size + 2;
	}
	expect(length).toBe(repeated * shown.length);
	expect(received).not.toContain('internal');
}, 60_000);

test('a stream of events stays one', async () => {
	const client = await rawClient(rig.gateway.url);
	client.send('GET /open/events HTTP/1.1\r\nHost: api.example.com\r\n\r\n');
	await client.seen('text/event-stream');
	events?.write('data: http://backend.internal:8443/1\n\n');
	await client.seen('data: http://api.example.com/1\n\n');
	events?.write('data: backend.in');
	await client.seen('data: ');
	events?.end('ternal:8443\n\n');
	expect((await client.response()).body).toBe('data: http://api.example.com/1\n\ndata: api.example.com\n\n');
	client.destroy();
});

test('nothing of it concerns who is refused; in on-error it changes our own answer', async () => {
	const seen = await rig.send({ target: '/hide/counted' });
	expect([seen.response.status, seen.forwarded]).toEqual([401, []]);
	expect((await rig.send({ target: '/hide/counted', token: secretToken() })).response.body).toBe(shown);
	const refused = await rig.send({ target: '/refused' });
	expect([refused.response.status, Buffer.from(refused.response.body, 'latin1').toString()]).toEqual([
		401,
		'{"code":401,"message":"JWT ä."}',
	]);
});
