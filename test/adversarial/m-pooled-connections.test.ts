/**
 * Group M: what an upstream that answers wrongly (M20), or not at all (M23), does to the other requests that share its
 * connections; and L10: nothing of a client goes where a redirect points. Every answer names the request that it belongs
 * to, so that one that reaches anybody else is seen.
 */
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { exchange, rawClient } from '../support/raw-client.ts';
import { type RecordingUpstream, recordingUpstream } from '../support/recording-upstream.ts';
import { testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

/** Answers by the first segment of the path; what else it is asked for it answers well, with the target as body. */
const wrong: Readonly<Record<string, (socket: Socket, target: string) => void>> = {
	'breaks-off-in-a-chunk': (socket) => socket.end(`${ok}Transfer-Encoding: chunked\r\n\r\nff\r\nonly a part`),
	'breaks-off-between-chunks': (socket) => socket.end(`${ok}Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n`),
	'less-than-announced': (socket) => socket.end(`${ok}Content-Length: 50\r\n\r\nonly a part`),
	'two-lengths': (socket) => socket.write(`${ok}Content-Length: 3\r\nContent-Length: 60\r\n\r\nabc${poison}`),
	'length-and-chunked': (socket) =>
		socket.write(`${ok}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${poison}`),
	'a-list-of-lengths': (socket) => socket.write(`${ok}Content-Length: 3, 3\r\n\r\nabc${poison}`),
	'a-bad-chunk-size': (socket) =>
		socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n${poison}`),
	'a-bare-line-feed': (socket) => socket.write(`HTTP/1.1 200 OK\nContent-Length: 3\n\nabc${poison}`),
	'a-folded-line': (socket) =>
		socket.write(`${ok}X-A: b\r\n Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc${poison}`),
	'a-space-before-the-colon': (socket) => socket.write(`${ok}Content-Length : 3\r\n\r\nabc${poison}`),
	'a-nul-in-a-value': (socket) => socket.write(`${ok}X-A: a\0b\r\nContent-Length: 3\r\n\r\nabc${poison}`),
	'an-unexpected-101': (socket) => socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${poison}`),
	'an-endless-head': (socket) => socket.write(`${ok}${'X-A: b\r\n'.repeat(20_000)}`),
	'endless-interim-answers': (socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000)),
	'nothing-at-all': (socket) => socket.end(),
	'a-reset': (socket) => socket.resetAndDestroy(),
};

/** Right for the one who asked, with something behind it that belongs to nobody. */
const strays: Readonly<Record<string, (socket: Socket, target: string) => void>> = {
	'more-than-announced': (socket, target) => socket.write(whole(target) + poison),
	'a-204-with-a-body': (socket) => socket.write(`HTTP/1.1 204 No Content\r\nContent-Length: 60\r\n\r\n${poison}`),
	'a-304-with-a-body': (socket) => socket.write(`HTTP/1.1 304 Not Modified\r\n\r\n${poison}`),
	'bytes-after-the-last-chunk': (socket, target) =>
		socket.write(
			`${ok}Transfer-Encoding: chunked\r\n\r\n${target.length.toString(16)}\r\n${target}\r\n0\r\n\r\n${poison}`,
		),
	'interim-answers-first': (socket, target) =>
		socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${whole(target)}`),
	'an-answer-before-the-body': (socket, target) => socket.write(whole(target)),
};

const ok = 'HTTP/1.1 200 OK\r\n';
/** A whole response that must reach nobody. */
const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Spliced: yes\r\n\r\npoisoned';

function whole(target: string): string {
	return `${ok}Content-Length: ${target.length}\r\n\r\n${target}`;
}

/** Answers, and sends a whole response more once the gateway has that answer and the connection is at rest. */
class LateBytes {
	sent = false;
	#done: (() => void) | undefined;
	readonly closed = new Promise<void>((resolve) => {
		this.#done = resolve;
	});

	answer(socket: Socket, target: string): void {
		socket.once('close', () => this.#done?.());
		socket.write(whole(target));
		setTimeout(() => {
			this.sent = true;
			socket.write(poison);
		}, 100);
	}
}

const lateBytes = new LateBytes();
let provider: TestProvider;
let gateway: TestGateway;
let elsewhere: RecordingUpstream;
let token: string;
/** Request lines, in order of arrival. */
const asked: string[] = [];
const server = createServer((socket) => {
	let pending = '';
	socket.on('error', () => undefined);
	socket.on('data', (chunk: Buffer) => {
		pending += chunk.toString('latin1');
		// The tests send no body but those of which nothing is read here.
		for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
			const [line = ''] = pending.split('\r\n', 1);
			pending = pending.slice(end + 4);
			if (!line.endsWith('HTTP/1.1')) continue;
			asked.push(line);
			const target = line.split(' ')[1] ?? '';
			const kind = target.split('/')[1] ?? '';
			const answer = wrong[kind] ?? strays[kind];
			if (answer !== undefined) answer(socket, target);
			else if (kind === 'late-bytes') lateBytes.answer(socket, target);
			else if (kind === 'redirect') {
				socket.write(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.url}/taken\r\nContent-Length: 0\r\n\r\n`);
			} else socket.write(whole(target));
		}
	});
});

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256')] });
	elsewhere = await recordingUpstream({ closedBy: 'caller' });
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const address = server.address();
	const port = typeof address === 'object' && address !== null ? address.port : 0;
	gateway = await startTestGateway({
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ name: 'all', path: '/**', upstream: `http://127.0.0.1:${port}` }],
	});
	token = provider.issue();
});

afterAll(async () => {
	await gateway.stop();
	await new Promise((resolve) => server.close(resolve));
	await elsewhere.close();
	await provider.stop();
});

let count = 0;

function request(kind: string, method = 'GET', rest = '\r\n'): { readonly target: string; readonly bytes: string } {
	const target = `/${kind}/${count++}`;
	return {
		target,
		bytes: `${method} ${target} HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: Bearer ${token}\r\n${rest}`,
	};
}

/** Requests after a wrong answer get their own answers, on many connections at once. */
async function expectOwnAnswers(): Promise<void> {
	const each = Array.from({ length: 4 }, async () => {
		const client = await rawClient(gateway.url);
		for (let turn = 0; turn < 3; turn++) {
			const good = request('good');
			client.send(good.bytes);
			const answer = await client.response();
			expect([answer.status, answer.body]).toEqual([200, good.target]);
		}
		client.destroy();
	});
	await Promise.all(each);
}

test.each(Object.keys(wrong))('M20: %s is a 502 or breaks off, and reaches nobody else', async (kind) => {
	await expectOwnAnswers();
	const client = await rawClient(gateway.url);
	const bad = request(kind, 'POST', 'Content-Length: 0\r\n\r\n');
	const next = request('good');
	// The next one is already there when the answer comes.
	client.send(bad.bytes + next.bytes);
	const answer = await client.response().catch(() => undefined);
	if (answer !== undefined) {
		expect(answer.status).toBe(502);
		const second = await client.response().catch(() => undefined);
		if (second !== undefined) expect(second.body).toBe(next.target);
	}
	await expectOwnAnswers();
	expect(client.received()).not.toContain('poisoned');
	expect(client.received()).not.toContain('x-spliced');
	expect(asked.filter((line) => line.includes(bad.target))).toHaveLength(1);
	client.destroy();
});

test.each(Object.keys(strays))('M20: %s: what is behind the answer reaches nobody', async (kind) => {
	await expectOwnAnswers();
	const client = await rawClient(gateway.url);
	for (let turn = 0; turn < 3; turn++) {
		const odd = request(kind);
		client.send(odd.bytes);
		const answer = await client.response();
		expect([200, 204, 304]).toContain(answer.status);
		expect(answer.body).toBe(answer.status === 200 ? odd.target : '');
		await expectOwnAnswers();
	}
	expect(client.received()).not.toContain('poisoned');
	client.destroy();
});

test('M20: what comes on a connection that nobody uses ends it', async () => {
	// Once the next request is on its way, HTTP/1.1 has nothing to tell an answer to it from bytes that were late.
	const late = request('late-bytes');
	expect((await exchange(gateway.url, late.bytes)).body).toBe(late.target);
	await lateBytes.closed;
	expect(lateBytes.sent).toBe(true);
	await expectOwnAnswers();
});

test('M20: an answer before the end of the body ends that connection for the next request', async () => {
	const client = await rawClient(gateway.url);
	const early = request('an-answer-before-the-body', 'POST', 'Content-Length: 40\r\n\r\nhalf of it');
	client.send(early.bytes);
	expect((await client.response()).body).toBe(early.target);
	await expectOwnAnswers();
	client.send('GET /smuggled HTTP/1.1\r\n\r\n0123');
	await expectOwnAnswers();
	expect(asked.filter((line) => line.includes('smuggled'))).toEqual([]);
	client.destroy();
});

test.each([
	['POST', 1],
	['PATCH', 1],
	['GET', 2],
])('M23: %s that gets no answer is sent %i times', async (method, times) => {
	for (const kind of ['nothing-at-all', 'a-reset']) {
		const lost = request(kind, method, 'Content-Length: 0\r\n\r\n');
		const answer = await exchange(gateway.url, lost.bytes);
		expect(answer.status).toBe(502);
		expect(asked.filter((line) => line.includes(lost.target))).toHaveLength(times);
	}
});

test('L10: a redirect is the client’s affair: nothing of it is sent where it points', async () => {
	const answer = await exchange(gateway.url, request('redirect').bytes);
	expect([answer.status, answer.headers.get('location')]).toEqual([302, `${elsewhere.url}/taken`]);
	expect([elsewhere.connections, elsewhere.bytesReceived]).toEqual([0, 0]);
});
