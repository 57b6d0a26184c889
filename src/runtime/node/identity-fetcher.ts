/** Outbound GET to the identity endpoint of a cloud, on undici: no proxy, no redirect, a connection of its own each time. */
import type { Dispatcher } from 'undici';
import type { IdentityFetcher } from '#core/index';
import { askOutbound, loadUndici } from './outbound.ts';

const fixedHeaders = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'countersign' };

/** A fetcher that keeps the port's promises. Of a status outside 200 to 299 the body is not read and given as ''. */
export function createIdentityFetcher(): IdentityFetcher {
	let dispatcher: Dispatcher | undefined;
	return {
		async get(url, { headers, timeout, maxBytes }) {
			dispatcher ??= await createAgent();
			return askOutbound(url, {
				method: 'GET',
				headers: { ...Object.fromEntries(headers), ...fixedHeaders },
				timeout,
				maxBytes,
				dispatcher,
				once: true,
				unreadFrom: 300,
			});
		},
	};
}

async function createAgent(): Promise<Dispatcher> {
	const { Agent } = await loadUndici();
	return new Agent({ connect: { rejectUnauthorized: true }, maxHeaderSize: 16_384, pipelining: 0 });
}
