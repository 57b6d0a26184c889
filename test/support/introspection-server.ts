/** An introspection endpoint that does what a test says and remembers, octet by octet, what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
	readonly authorization: string | undefined;
	readonly accept: string | undefined;
	readonly contentType: string | undefined;
	/** As it came over the wire. */
	readonly body: string;
	readonly parameters: URLSearchParams;
}

export interface IntrospectionAnswer {
	/** Default 200. */
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	/** Text as it is; anything else as JSON. */
	readonly body?: unknown;
	/** Waits for this first. */
	readonly until?: Promise<unknown>;
	/** Cuts the connection instead. */
	readonly cut?: boolean;
}

export interface IntrospectionServer {
	readonly url: string;
	/** With a slash at its end. */
	readonly issuer: string;
	readonly endpoint: string;
	readonly asked: readonly Asked[];
	/** What is answered from now on; default: `active()`. */
	answer(answer: IntrospectionAnswer | ((asked: Asked) => IntrospectionAnswer)): void;
	/** A good answer about a token of this server; undefined leaves a member out. */
	active(members?: Readonly<Record<string, unknown>>): IntrospectionAnswer;
	stop(): Promise<void>;
}

export async function startIntrospectionServer(
	options: { readonly metadata?: Readonly<Record<string, unknown>> } = {},
): Promise<IntrospectionServer> {
	const asked: Asked[] = [];
	let given: IntrospectionAnswer | ((asked: Asked) => IntrospectionAnswer) | undefined;
	const server = createServer((request, response) => void serve(request, response));
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const issuer = `${url}/`;
	const endpoint = `${url}/introspect`;

	function active(members: Readonly<Record<string, unknown>> = {}): IntrospectionAnswer {
		const now = Math.floor(Date.now() / 1000);
		const base = { active: true, iss: issuer, sub: 'user-1', aud: 'https://api.example.com', client_id: 'client-1' };
		return { body: { ...base, scope: 'read', token_type: 'Bearer', iat: now, exp: now + 300, ...members } };
	}

	async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		if (request.method === 'GET') {
			const metadata = { issuer, jwks_uri: `${url}/keys`, introspection_endpoint: endpoint, ...options.metadata };
			response.end(JSON.stringify(metadata));
			return;
		}
		const chunks: Uint8Array[] = [];
		for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
		const body = Buffer.concat(chunks).toString('latin1');
		const { authorization, accept, 'content-type': contentType } = request.headers;
		const question = { authorization, accept, contentType, body, parameters: new URLSearchParams(body) };
		asked.push(question);
		const answer = typeof given === 'function' ? given(question) : (given ?? active());
		await answer.until;
		if (answer.cut === true) {
			request.socket.destroy();
			return;
		}
		response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
		response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
	}

	return {
		url,
		issuer,
		endpoint,
		asked,
		answer(answer) {
			given = answer;
		},
		active,
		async stop() {
			server.closeAllConnections();
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}
