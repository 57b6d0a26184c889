/**
 * Outbound POST of forms to authorization servers, on undici. Connections are kept, since a busy gateway asks often; one
 * set of them for each client certificate, so that nobody is asked under somebody else's name.
 */
import type { Dispatcher } from 'undici';
import type { FormPoster, TlsIdentity } from '#core/index';
import { askOutbound, loadUndici } from './outbound.ts';

export interface FormPosterOptions {
	/** Instead of agents that verify TLS against Node's roots (and NODE_EXTRA_CA_CERTS). For tests. */
	readonly dispatcher?: (certificate: TlsIdentity | undefined) => Dispatcher | Promise<Dispatcher>;
}

const fixedHeaders = {
	'content-type': 'application/x-www-form-urlencoded',
	'accept-encoding': 'identity',
	'user-agent': 'countersign',
};

/** Client certificates whose connections are kept at most: those of a reload follow each other. */
const mostAgents = 32;

/**
 * A poster that keeps the port's promises. TLS is verified whatever the environment says; a certificate that does not go
 * with its key is an Error when it is used. Proxies named by the environment are not used.
 */
export function createFormPoster(options: FormPosterOptions = {}): FormPoster {
	const make = options.dispatcher ?? createAgent;
	let anonymous: Promise<Dispatcher> | undefined;
	const agents = new Map<string, Promise<Dispatcher>>();

	function agentFor(certificate: TlsIdentity | undefined): Promise<Dispatcher> {
		if (certificate === undefined) return (anonymous ??= Promise.resolve(make(undefined)));
		const name = JSON.stringify([certificate.certificate, certificate.key]);
		let agent = agents.get(name);
		if (agent === undefined) {
			const [oldest] = agents.keys();
			// Forgotten, not destroyed: a request may be under way, and idle connections end by themselves.
			if (agents.size >= mostAgents && oldest !== undefined) agents.delete(oldest);
			agent = Promise.resolve(make(certificate));
			agents.set(name, agent);
		}
		return agent;
	}

	return {
		post: async (url, { headers, body, certificate, timeout, maxBytes }) =>
			askOutbound(url, {
				method: 'POST',
				headers: { ...Object.fromEntries(headers), ...fixedHeaders },
				body,
				timeout,
				maxBytes,
				dispatcher: await agentFor(certificate),
				once: false,
				unreadFrom: 500,
			}),
	};
}

async function createAgent(certificate: TlsIdentity | undefined): Promise<Dispatcher> {
	const { Agent } = await loadUndici();
	const shown = certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key };
	return new Agent({
		connect: { rejectUnauthorized: true, ...shown },
		maxHeaderSize: 16_384,
		pipelining: 1,
		keepAliveTimeout: 4_000,
		keepAliveMaxTimeout: 60_000,
	});
}
