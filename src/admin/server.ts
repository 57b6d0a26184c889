/**
 * The admin listener's HTTP: a small server of its own with small limits, so that nothing that happens to traffic can
 * keep an operator out, and nothing that happens here can slow traffic down.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log, RequestView } from '#core/index';
import { isLoopbackHost } from '#formats/ip';
import { nodeHttp } from '#http/node-http';
import { type AdminRequest, problem, type Reply } from './exchange.ts';

export interface AdminServerOptions {
	readonly host: string;
	/** 0: any free port. */
	readonly port: number;
	/** Refuse to open when the host turns out not to be this machine's own. */
	readonly loopbackOnly: boolean;
	/** A rejection becomes a bare 500 and is logged. */
	readonly answer: (request: AdminRequest) => Promise<Reply>;
	readonly log: Log;
}

export interface AdminServer {
	/** `http://127.0.0.1:9090`; IPv6 in brackets. */
	readonly url: string;
	/** Lets requests under way end for a second, then cuts. */
	close(): Promise<void>;
}

/** Octets of a request's body. */
const maxBody = 64 * 1024;
/** Octets of a request's head: a token may be long. */
const maxHead = 64 * 1024;
const maxConnections = 100;
/** Milliseconds in which nothing moves on a connection. */
const idleTime = 20_000;

/** Rejects with a readable Error when it cannot be opened. */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
	const { host, port, loopbackOnly, log } = options;
	const server = nodeHttp().createServer(
		{
			maxHeaderSize: maxHead,
			headersTimeout: 10_000,
			requestTimeout: 30_000,
			keepAliveTimeout: 5_000,
			// Without it the limits above are looked at every 30 s only.
			connectionsCheckingInterval: 2_000,
		},
		(request, response) => {
			respond(request, response, options).catch((error: unknown) => {
				log.error('answering an admin request failed', { error });
				response.destroy();
			});
		},
	);
	server.maxConnections = maxConnections;
	// Whoever asks and does not read would hold its connection; longer than a fetch of keys that /explain may wait for.
	server.setTimeout(idleTime);
	const written = host.includes(':') ? `[${host}]` : host;
	await new Promise<void>((resolve, reject) => {
		server.once('error', (cause) =>
			reject(new Error(`the admin listener cannot be opened on ${written}:${port}: ${cause.message}`, { cause })),
		);
		server.listen({ host, port }, resolve);
	});
	server.removeAllListeners('error').on('error', (error) => log.error('the admin listener failed', { error }));
	const bound = server.address();
	if (typeof bound !== 'object' || bound === null) throw new Error('the admin listener has no address');
	if (loopbackOnly && !isLoopbackHost(bound.address)) {
		server.close();
		throw new Error(`the admin listener has no auth, and ${written} is ${bound.address}, which others can reach`);
	}
	return {
		url: `http://${written}:${bound.port}`,
		async close() {
			const closed = new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
			const cut = setTimeout(() => server.closeAllConnections(), 1_000);
			server.closeIdleConnections();
			await closed;
			clearTimeout(cut);
		},
	};
}

async function respond(request: IncomingMessage, response: ServerResponse, options: AdminServerOptions): Promise<void> {
	let reply: Reply;
	try {
		const target = request.url ?? '/';
		const end = target.indexOf('?');
		reply = await options.answer({
			view: viewOf(request, target),
			path: end < 0 ? target : target.slice(0, end),
			body: () => readBody(request),
		});
	} catch (error) {
		options.log.error('an admin page failed', { error });
		reply = problem(500, 'the log says more');
	}
	// RFC 9110 §15.3.5, §8.6: no content, and no length of it.
	const hasContent = reply.status !== 204;
	const body = typeof reply.body === 'string' || reply.body instanceof Uint8Array ? reply.body : toJson(reply.body);
	const headers = new Map<string, string>([
		...(hasContent ? ([['content-type', 'application/json']] as const) : []),
		['cache-control', 'no-store'],
		['x-content-type-options', 'nosniff'],
	]);
	for (const [name, value] of reply.headers ?? []) headers.set(name.toLowerCase(), value);
	// What is left of a body that nobody read would be taken for the next request.
	if (!request.complete) headers.set('connection', 'close');
	if (hasContent) headers.set('content-length', String(Buffer.byteLength(body)));
	response.writeHead(reply.status, Array.from(headers).flat());
	response.end(request.method === 'HEAD' || !hasContent ? undefined : body);
}

function toJson(value: unknown): string {
	return `${JSON.stringify(value, null, '\t')}\n`;
}

function viewOf(request: IncomingMessage, target: string): RequestView {
	const { rawHeaders, method = '', headers } = request;
	const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
	return {
		method,
		target,
		scheme: 'http',
		host: headers.host ?? '',
		headerCount: (name) => names.filter((candidate) => candidate === name).length,
		header: (name) => (names.includes(name) ? rawHeaders[names.indexOf(name) * 2 + 1] : undefined),
		fields: () => names.map((_, index) => [rawHeaders[index * 2] ?? '', rawHeaders[index * 2 + 1] ?? ''] as const),
		peer: request.socket.remoteAddress ?? '',
		serverName: undefined,
		clientCertificate: undefined,
	};
}

async function readBody(request: IncomingMessage): ReturnType<AdminRequest['body']> {
	const pieces: Buffer[] = [];
	let length = 0;
	// Leaving the loop early must not destroy the request: its socket carries the refusal.
	for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
		length += piece.length;
		if (length > maxBody) return { refused: problem(413, 'the body is larger than 64 KiB') };
		pieces.push(piece);
	}
	return { text: Buffer.concat(pieces).toString('utf8') };
}
