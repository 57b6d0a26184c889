/** fast-gateway, which calls itself super fast: see fast-gateway-gateway.ts. */
import { startNodeGateway } from './node-gateway.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

export const fastGateway: Peer = {
	id: 'fast-gateway',
	name: 'fast-gateway + fast-jwt',
	conventional: true,
	verification: 'cached',
	checksScope: true,
	about: 'RS256, iss, aud, exp, scope; token stripped; no log',
	version: () => packageVersions(['fast-gateway', 'fast-jwt']),
	start: (setting) => startNodeGateway('fast-gateway-gateway.ts', setting),
};
