/** Every gateway that the benchmark knows, in the order of the report. */
import { caddy } from './caddy.ts';
import { countersign, countersignTwoWorkers } from './countersign.ts';
import { envoy, envoyCached } from './envoy.ts';
import { express } from './express.ts';
import { fastGateway } from './fast-gateway.ts';
import { fastify } from './fastify.ts';
import { haproxyJwt, haproxyPlain } from './haproxy.ts';
import { nginx } from './nginx.ts';
import type { Peer } from './peer.ts';

export const peers: readonly Peer[] = [
	countersign,
	countersignTwoWorkers,
	fastify,
	fastGateway,
	express,
	haproxyJwt,
	envoy,
	envoyCached,
	haproxyPlain,
	nginx,
	caddy,
];
