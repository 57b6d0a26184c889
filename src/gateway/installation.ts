/**
 * How a configuration takes the place of another one in this process, in two steps: `prepare` does everything that can
 * go wrong and everything that takes time, `commit` is one assignment. Several processes prepare first, and commit only
 * when all of them could.
 */
import { createSecureContext } from 'node:tls';
import { withApimCode } from '#assembly/apim-code';
import { type Assembly, assemble, type Runtime } from '#assembly/assemble';
import type { Definition } from '#config/definition';
import type { ListenerOptions } from '#http/engine';
import type { Live } from './live.ts';

/** A configuration as a process takes it over: plain data, so that it can be sent to another process. */
export interface Configuration {
	readonly definition: Definition;
	/** With the texts of their certificates and keys. */
	readonly listeners: readonly ListenerOptions[];
}

/** Ready to take its place. Exactly one of the two is called, once. */
export interface Prepared {
	commit(): Promise<void> | void;
	discard(): void;
}

export interface InstallationOptions {
	readonly runtime: Runtime;
	readonly live: Live;
	/** Told right after each swap. */
	readonly onSwap: (configuration: Configuration) => void;
	/** Milliseconds that a swap may wait for the keys of new providers; default 5,000. */
	readonly warmUp?: number;
}

/** Rejects with a readable Error when the configuration cannot be put in force. */
export type Prepare = (configuration: Configuration) => Promise<Prepared>;

export function createInstallation({ runtime, live, onSwap, warmUp = 5_000 }: InstallationOptions): Prepare {
	/** The keys of new providers, as far as they come in time; routes of a provider without keys answer 503. */
	async function warm(next: Assembly): Promise<void> {
		let cancel: (() => void) | undefined;
		const late = new Promise<void>((resolve) => {
			cancel = runtime.timers.after(warmUp, resolve);
		});
		await Promise.race([next.start(), late]);
		cancel?.();
	}

	return async (configuration) => {
		checkCertificates(configuration.listeners);
		checkUpstreams(configuration.definition);
		const { definition } = configuration;
		// The configuration before may have had no use for what this one needs.
		const next = assemble(definition, await withApimCode(definition, runtime), live.assembly);
		await warm(next);
		return {
			commit() {
				const previous = live.assembly;
				live.put(next);
				previous.handOver(next);
				onSwap(configuration);
			},
			discard: () => next.discard(),
		};
	};
}

/** Throws a readable Error: a certificate that does not go with its key must not get as far as a handshake. */
function checkCertificates(listeners: readonly ListenerOptions[]): void {
	for (const { host, port, tls } of listeners) {
		if (tls === undefined) continue;
		try {
			createSecureContext({
				cert: tls.certificate,
				key: tls.key,
				...(tls.clientCa === undefined ? {} : { ca: tls.clientCa }),
			});
		} catch (cause) {
			const why = cause instanceof Error ? cause.message : String(cause);
			throw new Error(`the certificate of ${host}:${port} cannot be used with its key: ${why}`, { cause });
		}
	}
}

/** The same of what the gateway shows to its upstreams, and trusts of theirs. */
function checkUpstreams({ routes }: Definition): void {
	for (const { name, upstream } of routes) {
		if (upstream.tls === undefined) continue;
		const { ca, certificate, key } = upstream.tls;
		try {
			createSecureContext({
				...(ca === undefined ? {} : { ca }),
				...(certificate === undefined ? {} : { cert: certificate }),
				...(key === undefined ? {} : { key }),
			});
		} catch (cause) {
			const why = cause instanceof Error ? cause.message : String(cause);
			throw new Error(`the TLS settings for the upstream of ${name} cannot be used: ${why}`, { cause });
		}
	}
}
