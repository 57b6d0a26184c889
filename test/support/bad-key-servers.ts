/** Key servers that are broken in twelve ways (and a few more), on loopback. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Agent, type Dispatcher } from 'undici';
import { afterAll } from 'vitest';
import { selfSigned } from './self-signed.ts';

export interface BadKeyServer {
	readonly name: string;
	/** Where the key set should be. */
	readonly start: () => Promise<{ readonly url: string; readonly dispatcher?: Dispatcher }>;
	/** What the operator reads. */
	readonly problem: RegExp;
	/** True when the transport already refuses; false when it answers and the content is at fault. */
	readonly transport: boolean;
	/** True when only a timeout ends it: then a short one is wanted. */
	readonly slow?: boolean;
}

const json = { 'content-type': 'application/json' };

/** Serves `listener` on a free loopback port until the test file ends. */
export async function serve(listener: RequestListener): Promise<string> {
	return `http://127.0.0.1:${await listening(createServer(listener))}`;
}

async function listening(server: Server): Promise<number> {
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	afterAll(() => {
		server.closeAllConnections();
		server.close();
	});
	return (server.address() as AddressInfo).port;
}

function answering(listener: RequestListener): () => Promise<{ url: string }> {
	return async () => ({ url: `${await serve(listener)}/jwks` });
}

export const badKeyServers: readonly BadKeyServer[] = [
	{
		name: 'a host name that does not resolve',
		transport: true,
		problem: /does not resolve/,
		start: async () => ({
			url: 'https://keys.example/jwks',
			dispatcher: new Agent({
				connect: {
					lookup: (name, _options, done) => {
						done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), []);
					},
				},
			}),
		}),
	},
	{
		name: 'a refused connection',
		transport: true,
		problem: /connection was refused/,
		start: async () => ({ url: `http://127.0.0.1:${await closedPort()}/jwks` }),
	},
	{
		name: 'a TLS certificate that nobody vouches for',
		transport: true,
		problem: /TLS certificate is self-signed/,
		start: async () => {
			const { certificate, key } = selfSigned();
			const server = createTlsServer({ cert: certificate, key }, (_, response) => response.end('{"keys":[]}'));
			return { url: `https://127.0.0.1:${await listening(server)}/jwks` };
		},
	},
	{
		name: 'a redirect to another host',
		transport: true,
		problem: /answered 302, and redirects are not followed/,
		start: answering((_, response) => {
			response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
		}),
	},
	{
		name: 'status 404',
		transport: false,
		problem: /answered 404/,
		start: answering((_, response) => response.writeHead(404).end('not here')),
	},
	{
		name: 'status 500',
		transport: false,
		problem: /answered 500/,
		start: answering((_, response) => response.writeHead(500).end('oh')),
	},
	{
		name: 'a body that never ends, an octet at a time',
		transport: true,
		slow: true,
		problem: /no whole answer within/,
		start: answering((_, response) => {
			response.writeHead(200, json);
			const drip = setInterval(() => response.write(' '), 20);
			response.on('close', () => clearInterval(drip));
		}),
	},
	{
		name: 'a head that never comes',
		transport: true,
		slow: true,
		problem: /no whole answer within/,
		start: answering(() => {}),
	},
	{
		name: 'HTML with status 200',
		transport: false,
		problem: /did not answer with a JSON object/,
		start: answering((_, response) => response.end('<!doctype html><title>Maintenance</title>')),
	},
	{
		name: 'JSON that breaks off',
		transport: false,
		problem: /did not answer with a JSON object/,
		start: answering((_, response) => response.writeHead(200, json).end('{"keys":[{"kty":"RSA","n":"0v')),
	},
	{
		name: 'a connection that breaks off',
		transport: true,
		problem: /closed the connection|was reset|shorter or longer/,
		start: answering((_, response) => {
			response.writeHead(200, { ...json, 'content-length': '1000' });
			response.write('{"keys":[', () => response.destroy());
		}),
	},
	{
		name: '20 MiB',
		transport: true,
		problem: /larger than 1048576 octets/,
		start: answering((_, response) => {
			const piece = Buffer.alloc(65_536, 0x20);
			let left = 320;
			const write = (): void => {
				while (left-- > 0) if (!response.write(piece)) return void response.once('drain', write);
				response.end();
			};
			write();
		}),
	},
	{
		name: '20 MiB, announced',
		transport: true,
		problem: /larger than 1048576 octets/,
		start: answering((_, response) => response.writeHead(200, { 'content-length': '20971520' }).flushHeaders()),
	},
	{
		name: '"keys" that is an object',
		transport: false,
		problem: /"keys" is not an array/,
		start: answering((_, response) => response.end('{"keys":{}}')),
	},
	{
		name: 'a gzip bomb',
		transport: true,
		problem: /content coding that was not asked for/,
		start: answering((_, response) => {
			response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(20_971_520, 0x20)));
		}),
	},
];

/** A port on which nothing listens any more. */
async function closedPort(): Promise<number> {
	const server = createTcpServer();
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => {
		server.close(resolve);
	});
	await new Promise<void>((resolve, reject) => {
		const probe = connect(port, '127.0.0.1', () => reject(new Error('the port is still open')));
		probe.on('error', () => resolve());
	});
	return port;
}
