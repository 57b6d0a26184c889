/** Whatever clients and upstreams do, every decision has exactly one end, and no answer reaches the wrong request. */
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rawClient } from '../../test/support/raw-client.ts';
import { recordingUpstream } from '../../test/support/recording-upstream.ts';
import { denyAll, forwardTo, testEngine } from '../../test/support/test-engine.ts';

const sizes = { none: 0, small: 10, large: 300_000 };

const request = fc.record({
	method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'),
	framing: fc.constantFrom('none', 'counted', 'chunked'),
	body: fc.constantFrom<keyof typeof sizes>('none', 'small', 'large'),
	/** How the upstream behaves, by the path. */
	path: fc.constantFrom('/echo', '/early', '/large', '/dies', '/breaks', '/silent', '/deny'),
	/** Whether the client sends all of its body, and waits for the answer. */
	client: fc.constantFrom('honest', 'honest', 'honest', 'leaves', 'half a body'),
});
type Asked = typeof request extends fc.Arbitrary<infer R> ? R : never;

function answer(path: string, id: string, response: ServerResponse): void {
	response.setHeader('X-Id', id);
	if (path === '/large') response.end(Buffer.alloc(sizes.large, 'u'));
	else if (path === '/dies') response.socket?.destroy();
	else if (path === '/breaks') response.write('some', () => response.socket?.destroy());
	else if (path !== '/silent') response.end(`answer for ${id}`);
}

function bytes({ method, framing, body, path, client }: Asked, id: string): string {
	const content = 'b'.repeat(framing === 'none' ? 0 : sizes[body]);
	const cut = client === 'half a body' ? content.slice(0, content.length / 2) : content;
	const head = `${method} ${path}?${id} HTTP/1.1\r\nHost: x\r\n`;
	if (framing === 'none') return `${head}\r\n`;
	if (framing === 'counted') return `${head}Content-Length: ${content.length}\r\n\r\n${cut}`;
	const chunk = cut === '' ? '' : `${cut.length.toString(16)}\r\n${cut}\r\n`;
	return `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}${client === 'half a body' ? '' : '0\r\n\r\n'}`;
}

test('every decision ends once, and every answer belongs to its request', async () => {
	const upstream = await recordingUpstream({
		keepBody: false,
		answer: (incoming, response) => {
			const [path = '', id = ''] = (incoming.url ?? '').split('?');
			if (path === '/early' || path === '/silent') answer(path, id, response);
			else incoming.on('end', () => answer(path, id, response));
		},
	});
	const forward = forwardTo(upstream.url, { upstream: { timeout: 60 } });
	const gateway = await testEngine({
		decide: (view) => (view.target.startsWith('/deny') ? denyAll(view) : forward(view)),
		timeouts: { requestBody: 60, drain: 5_000 },
	});
	let sequence = 0;

	const converse = async (asked: readonly Asked[]): Promise<void> => {
		const client = await rawClient(gateway.url);
		try {
			for (const each of asked) {
				sequence += 1;
				const id = `id${sequence}`;
				client.send(bytes(each, id));
				if (each.client === 'leaves') return;
				const response = await client.response(each.method);
				const echoed = response.headers.get('x-id');
				expect(echoed === undefined || echoed === id, `${echoed} for ${id}`).toBe(true);
				if (response.headers.get('connection') === 'close') return;
				if (each.client === 'half a body') return;
			}
		} catch (error) {
			if (!(error instanceof Error) || !error.message.startsWith('the connection ended')) throw error;
		} finally {
			client.destroy();
		}
	};

	await fc.assert(
		fc.asyncProperty(
			fc.array(fc.array(request, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
			async (connections) => {
				await Promise.all(connections.map(converse));
			},
		),
		{ numRuns: 40 },
	);
	await gateway.engine.drain();
	expect(gateway.decided.length).toBeGreaterThan(50);
	const targets = gateway.outcomes.map((each) => each.target ?? 'no head');
	expect(new Set(targets).size).toBe(targets.length);
	expect(new Set(targets)).toEqual(new Set(gateway.decided.map((each) => each.target)));
	expect(gateway.outcomes.filter((each) => each.reason === 'internal_error')).toEqual([]);
	expect(gateway.logged).toEqual([]);
});
