/** The API behind the demo's gateway: it has no idea of tokens, and answers with exactly what it received. */
import { createServer, type IncomingMessage } from 'node:http';
import { close, host, listenNear } from './listen.ts';
import { pageHtml, pagePath } from './page.ts';

export interface SampleApi {
	readonly url: string;
	readonly port: number;
	/** Requests that reached it so far. */
	readonly requests: () => number;
	stop(): Promise<void>;
}

/** What the API answers, as JSON with status 200. */
export interface Received {
	readonly method: string;
	/** With the query. */
	readonly path: string;
	/** Lower-case names; a list where a field came more than once. */
	readonly headers: Readonly<Record<string, string | readonly string[]>>;
	/** The first 64 KiB of it. */
	readonly body: string;
}

const bodyLimit = 65_536;

/** Starts it on loopback, at `port` or near. `port` 0: any. */
export async function startSampleApi(port: number): Promise<SampleApi> {
	let requests = 0;
	const server = createServer((request, response) => {
		if (request.url === pagePath) {
			response
				.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
				.end(pageHtml);
			return;
		}
		requests += 1;
		readBody(request).then(
			(body) => {
				const received: Received = {
					method: request.method ?? '',
					path: request.url ?? '',
					headers: fieldsOf(request),
					body,
				};
				response.writeHead(200, { 'content-type': 'application/json' });
				response.end(`${JSON.stringify(received, null, 2)}\n`);
			},
			() => response.destroy(),
		);
	});
	const bound = await listenNear(server, port);
	return {
		url: `http://${host}:${bound}`,
		port: bound,
		requests: () => requests,
		stop: () => close(server),
	};
}

function fieldsOf(request: IncomingMessage): Record<string, string | readonly string[]> {
	const fields = Object.entries(request.headersDistinct).map(([name, values = []]): [string, string | string[]] => [
		name,
		values.length === 1 ? (values[0] ?? '') : values,
	]);
	return Object.fromEntries(fields);
}

async function readBody(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		if (length < bodyLimit) chunks.push(chunk);
		length += chunk.length;
	}
	return Buffer.concat(chunks).toString('utf8', 0, bodyLimit);
}
