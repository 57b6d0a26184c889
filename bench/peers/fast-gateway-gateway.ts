/** fast-gateway with a middleware that checks the token by fast-jwt and its cache. No log. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import gateway from 'fast-gateway';
import { announce, judge, tls, upstream } from './gateway-setting.ts';

const server = tls === undefined ? createServer() : createTlsServer(tls);

const service = gateway({
	restana: { server },
	middlewares: [
		(request, response, next) => {
			const status = judge(request.headers.authorization);
			if (status === 200) return next();
			response.statusCode = status;
			response.end();
		},
	],
	routes: [
		{
			prefix: '',
			target: upstream,
			hooks: {
				rewriteRequestHeaders(_request, headers) {
					delete headers.authorization;
					return headers;
				},
			},
		},
	],
});

await service.start(0, '127.0.0.1');
const address = server.address();
if (address !== null && typeof address === 'object') announce(address.port);
