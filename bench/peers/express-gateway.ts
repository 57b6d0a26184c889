/** Express with express-oauth2-jwt-bearer, which verifies each request's token, and http-proxy-middleware. No log. */
import { Agent, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import express from 'express';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { audience, issuer, requiredScope } from '../tokens.ts';
import { announce, publicKey, tls, upstream } from './gateway-setting.ts';

const app = express();
app.disable('x-powered-by');
app.use(auth({ issuer, audience, publicKey, tokenSigningAlg: 'RS256' }), requiredScopes(requiredScope));
app.use(
	createProxyMiddleware({
		target: upstream,
		agent: new Agent({ keepAlive: true }),
		on: { proxyReq: (proxied) => proxied.removeHeader('authorization') },
	}),
);

const server = tls === undefined ? createServer(app) : createTlsServer(tls, app);
server.listen(0, '127.0.0.1', () => {
	const address = server.address();
	if (address !== null && typeof address === 'object') announce(address.port);
});
