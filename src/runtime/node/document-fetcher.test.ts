import { expect, test } from 'vitest';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { badKeyServers, serve } from '../../../test/support/bad-key-servers.ts';

const limits = { timeout: 5000, maxBytes: 1_048_576 };

test('gives status, lower-case headers and the text of the body', async () => {
	let asked: Record<string, unknown> = {};
	const url = await serve((request, response) => {
		asked = request.headers;
		response.writeHead(200, { 'Cache-Control': 'max-age=60', 'X-Two': ['a', 'b'] }).end('{"č":1}');
	});
	const document = await createDocumentFetcher().get(`${url}/keys?x=1`, limits);
	expect(document.status).toBe(200);
	expect(document.body).toBe('{"č":1}');
	expect(document.headers.get('cache-control')).toBe('max-age=60');
	expect(document.headers.get('x-two')).toBe('a, b');
	expect(asked['connection']).toBe('close');
	expect(asked['accept-encoding']).toBe('identity');
});

test.each(badKeyServers)('ends well with $name', async ({ start, problem, transport, slow }) => {
	const { url, dispatcher } = await start();
	const fetcher = createDocumentFetcher(dispatcher === undefined ? {} : { dispatcher });
	const fetched = fetcher.get(`${url}?secret=canary`, { ...limits, timeout: slow === true ? 300 : 15_000 });
	const message = await fetched.then(
		({ status, body }) => `answered ${status} ${body.length}`,
		(error: unknown) => (error instanceof Error && error.cause !== undefined ? error.message : 'no cause'),
	);
	expect(message).toMatch(transport ? problem : /^answered/);
	expect(message).toMatch(transport ? /^cannot fetch https?:\/\/[a-z0-9.:]+\/jwks: / : /^answered/);
	expect(message).not.toContain('canary');
});

test('TLS is verified even where the environment says not to', async () => {
	const selfSigned = badKeyServers.find((server) => server.name.startsWith('a TLS certificate'));
	const url = (await selfSigned?.start())?.url ?? '';
	const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
	process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
	try {
		await expect(createDocumentFetcher().get(url, limits)).rejects.toThrow('self-signed');
	} finally {
		if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
		else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
	}
});

test('a body of exactly the limit passes, one octet more does not', async () => {
	const url = await serve((_, response) => response.end('x'.repeat(100)));
	const fetcher = createDocumentFetcher();
	expect((await fetcher.get(url, { ...limits, maxBytes: 100 })).body).toHaveLength(100);
	await expect(fetcher.get(url, { ...limits, maxBytes: 99 })).rejects.toThrow('larger than 99 octets');
});

test('does not read the body of an error, however long it is', async () => {
	const url = await serve((_, response) => response.writeHead(503).write('x'.repeat(1000)));
	expect(await createDocumentFetcher().get(url, limits)).toMatchObject({ status: 503, body: '' });
});

test('refuses octets that are not UTF-8, and URLs that are not HTTP', async () => {
	const url = await serve((_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])));
	const fetcher = createDocumentFetcher();
	await expect(fetcher.get(url, limits)).rejects.toThrow('its answer is not UTF-8');
	await expect(fetcher.get('file:///etc/passwd', limits)).rejects.toThrow('only http and https');
	await expect(fetcher.get('data:,{}', limits)).rejects.toThrow('only http and https');
});
