/** A token endpoint, or the identity endpoint of a cloud, that answers as it is told; every request is kept. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedToken {
	readonly method: string;
	readonly target: string;
	readonly headers: IncomingMessage['headers'];
	readonly form: URLSearchParams;
}

export interface TokenAnswer {
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** Text as it is; anything else as JSON. */
	readonly body?: unknown;
	/** Never answers. */
	readonly hangs?: boolean;
}

export interface TokenEndpoint {
	readonly url: string;
	readonly asked: readonly AskedToken[];
	answer(answer: TokenAnswer | ((asked: AskedToken) => TokenAnswer)): void;
	stop(): Promise<void>;
}

export async function startTokenEndpoint(): Promise<TokenEndpoint> {
	const asked: AskedToken[] = [];
	let given: TokenAnswer | ((request: AskedToken) => TokenAnswer) = { status: 503 };
	const respond = (request: IncomingMessage, body: string, response: ServerResponse) => {
		const { method = '', url: target = '', headers } = request;
		const one = { method, target, headers, form: new URLSearchParams(body) };
		asked.push(one);
		const answer = typeof given === 'function' ? given(one) : given;
		if (answer.hangs === true) return;
		response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
		response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
	};
	const server = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8');
		request.on('data', (piece: string) => {
			body += piece;
		});
		request.on('end', () => respond(request, body, response));
	});
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
		asked,
		answer(answer) {
			given = answer;
		},
		async stop() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}
