/** Fastify with its own proxy and fast-jwt: see fastify-gateway.ts. */
import { startNodeGateway } from './node-gateway.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

export const fastify: Peer = {
	id: 'fastify',
	name: 'Fastify + http-proxy + fast-jwt',
	conventional: true,
	verification: 'cached',
	checksScope: true,
	about: 'RS256, iss, aud, exp, scope; token stripped; no log',
	version: () => packageVersions(['fastify', '@fastify/http-proxy', 'fast-jwt']),
	start: (setting) => startNodeGateway('fastify-gateway.ts', setting),
};
