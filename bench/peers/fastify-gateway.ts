/**
 * A conventional Node gateway, as its parts' documentation suggests it: fastify, @fastify/http-proxy, fast-jwt with its
 * cache on and large enough for all tokens. No log at all. Started by fastify.ts: BACKEND_PORT, PUBLIC_KEY_FILE.
 */
import { readFileSync } from 'node:fs';
import proxy from '@fastify/http-proxy';
import { createVerifier } from 'fast-jwt';
import fastify from 'fastify';
import { audience, issuer } from '../tokens.ts';

const verify: (token: string) => unknown = createVerifier({
	key: readFileSync(process.env['PUBLIC_KEY_FILE'] ?? '', 'utf8'),
	algorithms: ['RS256'],
	allowedIss: issuer,
	allowedAud: audience,
	cache: 10_000,
});

const app = fastify({ logger: false });

app.addHook('onRequest', async (request, reply) => {
	const [scheme, token] = (request.headers.authorization ?? '').split(' ');
	if (scheme !== 'Bearer' || token === undefined) return reply.code(401).send({ error: 'missing token' });
	try {
		if (!grants(verify(token))) return reply.code(403).send({ error: 'insufficient_scope' });
	} catch {
		return reply.code(401).send({ error: 'invalid_token' });
	}
});

await app.register(proxy, {
	upstream: `http://127.0.0.1:${process.env['BACKEND_PORT'] ?? ''}`,
	replyOptions: {
		rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: undefined }),
	},
});

process.stdout.write(`listening on ${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);

function grants(payload: unknown): boolean {
	if (typeof payload !== 'object' || payload === null || !('scope' in payload)) return false;
	return typeof payload.scope === 'string' && payload.scope.split(' ').includes('orders:read');
}
