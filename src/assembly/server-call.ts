/** How one endpoint of an authorization server is asked, as the client that we are there. */
import type { ClientDefinition } from '#config/definition';
import { createClientAuthentication } from '#keys/authorization-server/client-authentication';
import { createEndpoint, type EndpointOptions } from '#keys/authorization-server/endpoint';
import { createEndpointCall, type EndpointCall } from '#keys/authorization-server/endpoint-call';
import { defaultFetchLimits } from '#keys/verification/fetch-json';
import type { Runtime } from './assemble.ts';

export interface ServerDefinition {
	readonly endpoint: EndpointOptions['definition'];
	readonly client: ClientDefinition;
	/** Milliseconds, for a call and for finding the endpoint. */
	readonly timeout: number;
	/** Calls at once; undefined: the usual number. */
	readonly concurrency?: number;
}

/** `name`: as metadata calls it (RFC 8414 §2). Asks nobody. Throws an Error when our own key cannot be used. */
export function createServerCall(
	name: EndpointOptions['name'],
	{ endpoint, client, timeout, concurrency }: ServerDefinition,
	{ clock, timers, cryptography, fetcher, poster }: Runtime,
): EndpointCall {
	return createEndpointCall({
		endpoint: createEndpoint({
			name,
			definition: endpoint,
			mutualTls: client.authentication.method === 'tls_client_auth',
			fetcher,
			clock,
			limits: { ...defaultFetchLimits, timeout },
		}),
		client: createClientAuthentication(client, { clock, cryptography }),
		poster,
		clock,
		timers,
		limits: { timeout, ...(concurrency === undefined ? {} : { concurrency }) },
	});
}
