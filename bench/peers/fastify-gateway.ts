/** A conventional Node gateway, as its parts' documentation suggests it: fastify, @fastify/http-proxy, fast-jwt. No log. */
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { announce, judge, tls, upstream } from './gateway-setting.ts';

const app = fastify({ logger: false, https: tls ?? null });

app.addHook('onRequest', async (request, reply) => {
	const status = judge(request.headers.authorization);
	if (status === 401) return reply.code(401).send({ error: 'invalid_token' });
	if (status === 403) return reply.code(403).send({ error: 'insufficient_scope' });
});

await app.register(proxy, {
	upstream,
	replyOptions: {
		rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: undefined }),
	},
});

announce(Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port));
