/**
 * Outbound GET for keys and metadata, on undici: a connection of its own each time, and TLS verification that no
 * environment variable switches off.
 */
import type { Dispatcher } from 'undici';
import type { DocumentFetcher } from '#core/index';
import { askOutbound, loadUndici } from './outbound.ts';

export interface DocumentFetcherOptions {
	/** Default: an agent that verifies TLS against Node's roots (and NODE_EXTRA_CA_CERTS). For tests. */
	readonly dispatcher?: Dispatcher;
}

const headers = {
	accept: 'application/json, application/jwk-set+json;q=0.9, */*;q=0.1',
	'accept-encoding': 'identity',
	'user-agent': 'countersign',
};

/**
 * A fetcher that keeps the port's promises. A status of 300 to 399 is an Error; of any other status outside 200 to 299
 * the body is not read and given as ''. Proxies named by the environment are not used.
 */
export function createDocumentFetcher(options: DocumentFetcherOptions = {}): DocumentFetcher {
	let { dispatcher } = options;
	return {
		async get(url, { timeout, maxBytes }) {
			dispatcher ??= await createAgent();
			return askOutbound(url, { method: 'GET', headers, timeout, maxBytes, dispatcher, once: true, unreadFrom: 300 });
		},
	};
}

async function createAgent(): Promise<Dispatcher> {
	const { Agent } = await loadUndici();
	return new Agent({ connect: { rejectUnauthorized: true }, maxHeaderSize: 16_384, pipelining: 0 });
}
