import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Agent } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import type { FormPost } from '#core/index';
import { createFormPoster } from '#runtime/node/form-poster';
import { badKeyServers, serve } from '../../../test/support/bad-key-servers.ts';
import { selfSigned } from '../../../test/support/self-signed.ts';

const form: FormPost = {
	headers: [['accept', 'application/json']],
	body: 'token=canary%26&x=',
	certificate: undefined,
	timeout: 5000,
	maxBytes: 65_536,
};

async function bodyOf(request: AsyncIterable<unknown>): Promise<string> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
	return Buffer.concat(chunks).toString('utf8');
}

test('posts the form as it is, and reads the answer, also that of a refusal', async () => {
	const seen: unknown[] = [];
	const url = await serve((request, response) => {
		void bodyOf(request).then((body) => {
			seen.push(request.method, request.headers['content-type'], request.headers['accept'], body);
			response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}');
		});
	});
	const answer = await createFormPoster().post(url, form);
	expect(seen).toEqual(['POST', 'application/x-www-form-urlencoded', 'application/json', form.body]);
	expect(answer).toMatchObject({ status: 400, body: '{"error":"invalid_grant"}' });
	expect(answer.headers.get('content-type')).toBe('application/json');
});

test('does not read what a server in trouble has to say', async () => {
	const url = await serve((_, response) => response.writeHead(503).end('x'.repeat(1000)));
	expect(await createFormPoster().post(url, form)).toMatchObject({ status: 503, body: '' });
});

test.each(badKeyServers.filter(({ transport }) => transport))('ends well with $name', async (server) => {
	const { url, dispatcher } = await server.start();
	const poster = createFormPoster(dispatcher === undefined ? {} : { dispatcher: () => dispatcher });
	const message = await poster.post(url, { ...form, timeout: server.slow === true ? 300 : 15_000 }).then(
		({ status }) => `answered ${status}`,
		(error: unknown) => (error instanceof Error && error.cause !== undefined ? error.message : 'no cause'),
	);
	expect(message).toMatch(/^cannot fetch https?:\/\/[a-z0-9.:]+\/jwks: |^answered 4/);
	expect(message).not.toContain('canary');
});

test('shows the certificate of the call, and none where the call has none', async () => {
	const identity = selfSigned();
	const client = selfSigned({ commonName: 'gateway' });
	const server = createTlsServer(
		{ cert: identity.certificate, key: identity.key, requestCert: true, rejectUnauthorized: false },
		(request, response) => {
			const certificate = (request.socket as TLSSocket).getPeerCertificate();
			response.end(JSON.stringify({ name: certificate?.subject?.CN ?? null }));
		},
	);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
	// Trusts this server alone; everything else is as the poster's own agents have it.
	const poster = createFormPoster({
		dispatcher: (certificate) =>
			new Agent({
				connect: {
					ca: identity.certificate,
					...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
				},
			}),
	});
	expect((await poster.post(url, { ...form, certificate: client })).body).toBe('{"name":"gateway"}');
	expect((await poster.post(url, form)).body).toBe('{"name":null}');
	await expect(createFormPoster().post(url, { ...form, certificate: client })).rejects.toThrow('self-signed');
});
