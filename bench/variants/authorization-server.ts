/**
 * A small authorization server, as a process of its own: introspects opaque tokens (RFC 7662) and exchanges tokens
 * (RFC 8693). It does as little as it can and knows its one client by nothing; bench only. Prints its port.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { audience, createIssuer, issuer, requiredScope } from '../tokens.ts';

const lifetime = 3600;
const { mint } = await createIssuer();

const server = createServer((request, response) => {
	read(request).then(
		(form) => {
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify(request.url === '/introspect' ? introspected() : exchanged(form)));
		},
		() => response.destroy(),
	);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

/** Every token is active, and somebody else's. */
function introspected(): object {
	const now = Math.floor(Date.now() / 1000);
	const id = randomUUID();
	return {
		active: true,
		iss: issuer,
		sub: `user|${id}`,
		aud: audience,
		client_id: `client-${id.slice(0, 8)}`,
		scope: `${requiredScope} orders:write profile`,
		token_type: 'Bearer',
		iat: now,
		exp: now + lifetime,
	};
}

function exchanged(form: URLSearchParams): object {
	return {
		access_token: mint({ aud: form.get('audience'), scope: requiredScope }),
		issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
		token_type: 'Bearer',
		scope: requiredScope,
		expires_in: lifetime,
	};
}

async function read(request: IncomingMessage): Promise<URLSearchParams> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
	return new URLSearchParams(Buffer.concat(chunks).toString('latin1'));
}
