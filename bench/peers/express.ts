/** Express with the middleware that Auth0 documents for it: see express-gateway.ts. */
import { startNodeGateway } from './node-gateway.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

export const express: Peer = {
	id: 'express',
	name: 'Express + express-oauth2-jwt-bearer + http-proxy-middleware',
	conventional: true,
	verification: 'each request',
	checksScope: true,
	about: 'RS256, iss, aud, exp, scope; token stripped; no log',
	version: () => packageVersions(['express', 'express-oauth2-jwt-bearer', 'http-proxy-middleware']),
	start: (setting) => startNodeGateway('express-gateway.ts', setting),
};
