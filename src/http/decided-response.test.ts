/** A response over which the route decides once its head is there: what is known of it, and that nothing else goes out. */
import { expect, test } from 'vitest';
import { passingRules, type ResponseDecision, type ResponseEdits, type ResponseView } from '#core/index';
import { rawClient } from '../../test/support/raw-client.ts';
import { rawUpstream, recordingUpstream } from '../../test/support/recording-upstream.ts';
import { forwardTo, testEngine } from '../../test/support/test-engine.ts';
import { maxDrained } from './exchange/drain.ts';

const none: Omit<ResponseEdits, 'decide'> = {
	set: [],
	add: [],
	remove: [],
	rules: passingRules,
	withheld: [],
	content: undefined,
};
const asItIs: ResponseDecision = {
	kind: 'pass',
	status: undefined,
	edits: { set: [], add: [], remove: [], content: undefined },
};
const instead: ResponseDecision = {
	kind: 'answer',
	answer: { status: 403, headers: [['x-instead', 'yes']], body: 'instead' },
};
const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

/** An engine before an upstream at `url` that decides so; `seen`: what it was shown. */
async function deciding(
	url: string,
	decide: (response: ResponseView) => ResponseDecision,
	edits: Partial<ResponseEdits> = {},
	request: Parameters<typeof forwardTo>[1] = {},
) {
	const seen: ResponseView[] = [];
	const response: ResponseEdits = {
		...none,
		...edits,
		decide(view) {
			seen.push(view);
			return decide(view);
		},
	};
	const engine = await testEngine({ decide: forwardTo(url, { ...request, action: { response } }) });
	const client = await rawClient(engine.url);
	return { seen, engine, client };
}

const head = (...lines: string[]) => `HTTP/1.1 ${lines.join('\r\n')}\r\n\r\n`;

test('it is shown the fields that would reach the client, without what is added', async () => {
	const fields = [
		'Connection: X-Hop',
		'X-Hop: 1',
		'X-A: 1',
		'x-a: 2',
		'Content-Length: 2',
		'X-Dropped: 1',
		'X-Set: theirs',
	];
	const { url } = await rawUpstream(() => `${head('299 As they say', ...fields, 'X-Gone: 1', 'X-Echo: a secret!')}ok`);
	const rules = { ...passingRules, dropped: new Set(['x-dropped']), echo: 'strip' as const };
	const { client, seen } = await deciding(url, () => asItIs, {
		rules,
		withheld: ['secret'],
		set: [['x-set', 'ours']],
		add: [['x-add', 'ours']],
		remove: ['x-gone'],
	});
	client.send(get);
	expect(await client.response()).toMatchObject({ status: 299, body: 'ok' });
	expect(seen.map((view) => [view.status, view.reason, view.fields()])).toEqual([
		[
			299,
			'As they say',
			[
				['X-A', '1'],
				['x-a', '2'],
			],
		],
	]);
});

test.each([
	['200', ''],
	['200 ', ''],
	['200 with the secret', ''],
	['200 ünïcode', 'ünïcode'],
])('the reason phrase of %j', async (line, reason) => {
	const { url } = await rawUpstream(() => `${head(line, 'Content-Length: 2')}ok`);
	const rules = { ...passingRules, echo: 'strip' as const };
	const { client, seen } = await deciding(url, () => asItIs, { rules, withheld: ['secret'] });
	client.send(get);
	expect((await client.response()).status).toBe(200);
	expect(seen.map((view) => view.reason)).toEqual([reason]);
});

test('interim responses are not shown, and the final one once', async () => {
	const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
	const { url } = await rawUpstream(() => `${interim}${head('200 OK', 'Content-Length: 2')}ok`);
	const { client, seen } = await deciding(url, () => instead);
	client.send(get);
	expect(await client.response()).toMatchObject({ status: 403, body: 'instead' });
	expect([seen.map(({ status }) => status), client.interim]).toEqual([[200], []]);
});

test('the record has what was answered, and what the upstream said', async () => {
	const { url } = await rawUpstream(() => `${head('500 No', 'Content-Length: 6')}secret`);
	const { client, engine } = await deciding(url, () => instead);
	client.send(get);
	expect(await client.response()).toMatchObject({ status: 403, body: 'instead' });
	await engine.ended(1);
	expect(engine.outcomes).toMatchObject([{ status: 403, upstreamStatus: 500, reason: undefined }]);
	expect(client.received()).not.toContain('secret');
});

test.each<[string, (response: ResponseView) => ResponseDecision]>([
	[
		'a bug',
		() => {
			throw new Error('a bug');
		},
	],
	['a fault', () => ({ kind: 'fault', reason: 'internal_error', cause: new Error('why') })],
	['an edit that is no field line', () => ({ ...asItIs, edits: { ...asItIs.edits, set: [['x', 'a\r\nb: c']] } })],
	['a name that is none', () => ({ ...asItIs, edits: { ...asItIs.edits, add: [['x y', 'a']] } })],
	[
		'an answer with such a field',
		() => ({ kind: 'answer', answer: { status: 200, headers: [['x', 'a\nb']], body: '' } }),
	],
	['an interim status', () => ({ ...asItIs, status: 103 })],
	['no status', () => ({ ...asItIs, status: 0 })],
])('%s is a 500, and nothing of the upstream’s response passes', async (_, decide) => {
	const { url } = await rawUpstream(() => `${head('200 OK', 'Set-Cookie: secret', 'Content-Length: 6')}secret`);
	const { client, engine } = await deciding(url, decide);
	client.send(get);
	expect((await client.response()).status).toBe(500);
	expect(client.received()).not.toMatch(/secret|a\r?\n?b/);
	await engine.ended(1);
	expect(engine.outcomes).toMatchObject([{ status: 500, upstreamStatus: 200, reason: 'internal_error' }]);
});

test('a status without content makes an answer of it that keeps the fields, its own once', async () => {
	const { url } = await rawUpstream(
		() => `${head('200 OK', 'Date: Mon, 01 Jan 2024 00:00:00 GMT', 'ETag: "1"', 'Content-Length: 6')}secret`,
	);
	const { client } = await deciding(url, () => ({ ...asItIs, status: 304 }));
	client.send(get + get);
	for (const response of [await client.response(), await client.response()]) {
		expect([response.status, response.headers.get('etag'), response.headers.has('content-length')]).toEqual([
			304,
			'"1"',
			false,
		]);
		expect(response.head.match(/^date:/gim)).toHaveLength(1);
	}
	expect(client.received()).not.toContain('secret');
});

test('the rest of a replaced response is read away, and its connection carries the next request', async () => {
	let more: (() => void) | undefined;
	const upstream = await rawUpstream((_, socket) => {
		more = () => socket.write('cret', 'latin1');
		return `${head('200 OK', 'Content-Length: 6')}se`;
	});
	const { client } = await deciding(upstream.url, () => instead);
	for (let i = 0; i < 3; i++) {
		client.send(get);
		// The client has its answer before the rest is there.
		expect((await client.response()).body).toBe('instead');
		more?.();
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	expect(upstream.received).toHaveLength(1);
});

test.each([
	['declares too much', head('200 OK', `Content-Length: ${maxDrained + 1}`)],
	['ends with its connection', head('200 OK')],
	['asks for its connection to be closed', head('200 OK', 'Content-Length: 6', 'Connection: close')],
	['is HTTP/1.0', head('200 OK', 'Content-Length: 6').replace('1.1', '1.0')],
	['has something behind it', `${head('200 OK', 'Content-Length: 2')}ok${head('200 OK', 'X-Smuggled: 1')}`],
	['is no chunked body', `${head('200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\nX`],
])('where it %s, the connection is closed', async (_, answer) => {
	const upstream = await recordingUpstreamOf(answer);
	const { client } = await deciding(upstream.url, () => instead);
	for (let i = 0; i < 2; i++) {
		client.send(get);
		expect((await client.response()).body).toBe('instead');
		await upstream.closed(i + 1);
	}
	expect(upstream.connections()).toBe(2);
});

test.each([
	['grows beyond what is read away', `4001\r\n${'a'.repeat(0x4001)}\r\n`, 5],
	['breaks the framing', 'what is this', 1],
])('where the rest %s, too', async (_, piece, times) => {
	let socketOf: ((text: string) => void) | undefined;
	const upstream = await recordingUpstreamOf(
		head('200 OK', 'Transfer-Encoding: chunked'),
		(write) => (socketOf = write),
	);
	const { client } = await deciding(upstream.url, () => instead);
	client.send(get);
	expect((await client.response()).body).toBe('instead');
	for (let i = 0; i < times; i++) socketOf?.(piece);
	await upstream.closed(1);
});

test('where the rest does not come in time, too', async () => {
	const upstream = await recordingUpstreamOf(head('200 OK', 'Transfer-Encoding: chunked'));
	const { client } = await deciding(upstream.url, () => instead);
	client.send(get);
	expect((await client.response()).body).toBe('instead');
	await upstream.closed(1);
});

test('a request whose body the upstream did not wait for leaves neither connection in doubt', async () => {
	const upstream = await recordingUpstreamOf(`${head('200 OK', 'Content-Length: 2')}ok`);
	const { client } = await deciding(upstream.url, () => instead);
	client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nthe beginning`);
	const response = await client.response();
	expect([response.status, response.headers.get('connection')]).toEqual([403, 'close']);
	await upstream.closed(1);
	client.socket.end();
	await client.closed();
	expect(client.received().match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('a 401 for which there is another credential is not shown; one for which there is none is', async () => {
	const upstream = await recordingUpstream({
		answer: (request, response) =>
			void response.writeHead(request.headers.authorization === 'fresh' ? 200 : 401).end('secret'),
	});
	for (const [fresh, statuses] of [
		['fresh', [200]],
		['stale', [401]],
		[undefined, [401]],
	] as const) {
		const renew = async () => (fresh === undefined ? undefined : ([['authorization', fresh]] as const));
		const edits = { set: [['authorization', 'stale']] as const, onUnauthorized: renew };
		const { client, seen } = await deciding(upstream.url, () => instead, {}, { edits });
		client.send(get);
		expect((await client.response()).body).toBe('instead');
		expect(seen.map(({ status }) => status)).toEqual(statuses);
	}
});

test('an upstream that closes behind a held 401 does not keep the client from its answer', async () => {
	const upstream = await recordingUpstreamOf(`${head('401 No', 'Connection: close')}secret`, undefined, true);
	const renew = async () => {
		await new Promise((resolve) => setTimeout(resolve, 20));
		return undefined;
	};
	const { client } = await deciding(upstream.url, () => instead, {}, { edits: { onUnauthorized: renew } });
	client.send(get);
	expect(await client.response()).toMatchObject({ status: 403, body: 'instead' });
	expect(client.received()).not.toContain('secret');
});

const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-From: upstream\r\n\r\n';

test('a 101 passes with the edits, or is replaced; its status cannot change', async () => {
	for (const [decision, status, hasField] of [
		[{ ...asItIs, edits: { ...asItIs.edits, set: [['x-ours', '1']] as const, remove: ['x-from'] } }, 101, true],
		[instead, 403, false],
		[{ ...asItIs, status: 200 }, 500, false],
	] as const) {
		const upstream = await recordingUpstreamOf(switched);
		const { client, seen, engine } = await deciding(upstream.url, () => decision);
		client.send(upgrade);
		const response = await client.response();
		expect([response.status, response.headers.has('x-ours'), response.headers.has('x-from')]).toEqual([
			status,
			hasField,
			false,
		]);
		expect(seen.map((view) => [view.status, view.fields().at(-1)])).toEqual([[101, ['X-From', 'upstream']]]);
		if (status !== 101) await upstream.closed(1);
		client.destroy();
		await engine.ended(1);
		expect(engine.outcomes).toMatchObject([{ status, upstreamStatus: 101 }]);
	}
});

/** Gives this answer to every request, and tells when its connections are closed. */
async function recordingUpstreamOf(answer: string, opened?: (write: (text: string) => void) => void, ends = false) {
	let connections = 0;
	let closed = 0;
	let waiting: (() => void)[] = [];
	const known = new Set<object>();
	const upstream = await rawUpstream((_, socket) => {
		if (!known.has(socket)) {
			known.add(socket);
			connections += 1;
			socket.on('close', () => {
				closed += 1;
				for (const wake of waiting.splice(0)) wake();
			});
		}
		opened?.((text) => void socket.write(text, 'latin1'));
		if (!ends) return answer;
		socket.end(answer);
		return undefined;
	});
	waiting = [];
	return {
		url: upstream.url,
		connections: () => connections,
		async closed(count: number) {
			while (closed < count) await new Promise<void>((resolve) => void waiting.push(resolve));
		},
	};
}
