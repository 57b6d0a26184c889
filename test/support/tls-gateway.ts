/** A TLS listener for tests, and connections to it that speak HTTP/2: node's own client, and frames by hand. */
import {
	type ClientHttp2Session,
	type ClientHttp2Stream,
	connect as connectHttp2,
	type IncomingHttpHeaders,
	type IncomingHttpStatusHeader,
	type OutgoingHttpHeaders,
} from 'node:http2';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { ListenerOptions } from '#http/engine';
import { selfSigned } from './self-signed.ts';

export const ownCertificate = selfSigned();

export function tlsListener(tls: Partial<NonNullable<ListenerOptions['tls']>> = {}): ListenerOptions {
	const { certificate, key } = ownCertificate;
	return {
		host: '127.0.0.1',
		port: 0,
		tls: { certificate, key, clientCa: undefined, clientCertificate: 'none', ...tls },
	};
}

/** A TLS connection to the `https://` URL; destroyed when the test is over. */
export async function secureSocket(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
	const { hostname, port } = new URL(url);
	const socket = connect({
		port: Number(port),
		host: hostname,
		servername: 'localhost',
		ca: ownCertificate.certificate,
		...options,
	});
	socket.on('error', () => undefined);
	onTestFinished(() => void socket.destroy());
	await new Promise((resolve, reject) => {
		socket.once('secureConnect', resolve).once('error', reject);
	});
	return socket;
}

/** A session of node's client; destroyed when the test is over. */
export async function h2Session(url: string, options: ConnectionOptions = {}): Promise<ClientHttp2Session> {
	const socket = await secureSocket(url, { ALPNProtocols: ['h2'], ...options });
	const session = connectHttp2('https://localhost', { createConnection: () => socket });
	session.on('error', () => undefined);
	onTestFinished(() => session.destroy());
	return session;
}

export interface H2Response {
	readonly status: number;
	readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
	readonly body: string;
	/** Code of the RST_STREAM that the stream ended with. */
	readonly code: number;
}

/** Sends one request and waits until its stream is closed; rejects when that is before a response. */
export async function h2Request(
	session: ClientHttp2Session,
	headers: OutgoingHttpHeaders,
	body?: string | Buffer,
): Promise<H2Response> {
	const stream = session.request(headers, { endStream: body === undefined });
	if (body !== undefined) stream.end(body);
	return h2Response(stream);
}

export async function h2Response(stream: ClientHttp2Stream): Promise<H2Response> {
	let head: H2Response['headers'] | undefined;
	let body = '';
	let failure: unknown;
	stream.on('response', (headers) => {
		head = headers;
	});
	stream.on('data', (chunk: Buffer) => {
		body += chunk.toString('latin1');
	});
	stream.on('error', (error) => {
		failure = error;
	});
	await new Promise((resolve) => {
		stream.once('close', resolve);
	});
	if (head === undefined) throw new Error('the stream was closed without a response', { cause: failure });
	return { status: Number(head[':status']), headers: head, body, code: stream.rstCode ?? 0 };
}
