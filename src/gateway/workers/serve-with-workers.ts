/**
 * The primary of a gateway with several workers: it reads the configuration, binds the listeners, fetches documents for
 * all, answers the admin listener and adds up what was counted. It carries no request. Its own assembly, with keys of its
 * own, checks each configuration first, and explains and guards what the admin listener shows.
 */
import { randomBytes } from 'node:crypto';
import { openAdmin } from '#admin/admin';
import type { AdminServer } from '#admin/server';
import { withApimCode } from '#assembly/apim-code';
import { assemble, type Runtime } from '#assembly/assemble';
import { createChangeRecorder } from '#observe/change-record';
import { createLineFile, type LineFile, standardOutput } from '#runtime/node/line-file';
import { createFileWatch } from '#runtime/node/watch';
import type { Started } from '../beginning.ts';
import { type Configuration, createInstallation, type Prepared } from '../installation.ts';
import { createLive } from '../live.ts';
import { withState } from '../open-state.ts';
import { withKeptKeys } from '../ports.ts';
import { createReloader } from '../reload.ts';
import { watchSecrets } from '../secret-watch.ts';
import type { Gateway, Phase } from '../start-gateway.ts';
import { bindSockets } from './bound-sockets.ts';
import { createCrew } from './crew.ts';
import { createPrimaryMetrics } from './primary-metrics.ts';
import { createSharedFetcher } from './shared-fetcher.ts';

export interface ServeWithWorkersOptions {
	readonly configFile: string;
	readonly ports: Runtime;
	/** 2 and more. */
	readonly count: number;
	/** Whether the workers write their log as JSON. */
	readonly jsonLog: boolean;
}

export interface GatewayOfWorkers extends Gateway {
	/** Ends the workers at once, requests under way too. */
	kill(): void;
}

/** Milliseconds for which TLS session tickets can be resumed; a new key means a full handshake, no more. */
const ticketLife = 3_600_000;
/** Milliseconds beyond `timeouts.drain` after which a worker that is still there is killed. */
const drainSlack = 5_000;

/** Rejects with a readable Error when a listener cannot be opened or a worker cannot start; then none is left. */
export async function serveWithWorkers(started: Started, options: ServeWithWorkersOptions): Promise<GatewayOfWorkers> {
	const { configFile, ports, count, jsonLog } = options;
	const { log, clock } = ports;
	const fetcher = createSharedFetcher(ports.fetcher, clock);
	const withSharedKeys = createSharedKeys();
	const first = withSharedKeys({ definition: started.definition, listeners: started.listeners(started.definition) });
	const { definition } = first;
	const { runtime: withKeys, keptKeys } = withKeptKeys(definition, { ...ports, fetcher });
	const { runtime, state } = await withState(definition, withKeys);
	let changes: LineFile | undefined;
	const abandon = async (cause: unknown): Promise<never> => {
		await changes?.close();
		await state.close();
		throw cause;
	};
	// Requests are recorded by the workers; this is for what the admin listener changes.
	if (definition.admin !== undefined) {
		const { append: output } = standardOutput;
		changes = await createLineFile({ path: definition.audit.file, log, output }).catch(abandon);
	}
	const live = await withApimCode(definition, runtime)
		.then((able) => createLive(assemble(definition, able)))
		.catch(abandon);
	const prepareOwn = createInstallation({
		runtime,
		live,
		// With the providers that its policies come to.
		onSwap: () => crew.readings.follow(live.assembly.definition),
	});
	const sockets = await bindSockets(first.listeners).catch(abandon);
	let ticketKeys = randomBytes(48);
	const crew = createCrew({
		count,
		sockets: sockets.descriptors,
		configuration: first,
		ticketKeys: () => ticketKeys,
		answers: {
			fetch: ({ url, ...limits }) => fetcher.get(url, limits),
			claim: ({ space, key, ttl }) => state.store.claim(space, key, ttl),
			writeLines: (text) => standardOutput.append(text),
		},
		jsonLog,
		log,
	});

	/** First here, where most of what can be wrong is found, then in every worker. */
	async function prepare(configuration: Configuration): Promise<Prepared> {
		const next = withSharedKeys(configuration);
		const own = await prepareOwn(next);
		let theirs: Prepared;
		try {
			theirs = await crew.prepare(next);
		} catch (cause) {
			own.discard();
			throw cause;
		}
		return {
			async commit() {
				// Who was trusted before must not be resumed now.
				ticketKeys = randomBytes(48);
				await theirs.commit();
				await own.commit();
			},
			discard() {
				theirs.discard();
				own.discard();
			},
		};
	}

	const reloader = createReloader({
		configFile,
		runtime,
		log,
		prepare,
		started,
		onFiles: async (files) => fileWatch.follow(files),
	});
	const fileWatch = createFileWatch({ onChange: () => reloader.reload(), log });
	const endSecretWatch = watchSecrets({ assembly: () => live.assembly, clock, timers: runtime.timers, log });
	const rotation = setInterval(() => {
		ticketKeys = randomBytes(48);
		void crew.useTicketKeys(ticketKeys);
	}, ticketLife);
	rotation.unref();
	const serving = () => crew.list().filter(({ state }) => state === 'serving').length;
	let phase: Phase = 'starting';
	let admin: AdminServer | undefined;
	let closeMetrics = async (): Promise<void> => {};

	async function close(): Promise<void> {
		reloader.stop();
		endSecretWatch();
		fileWatch.close();
		clearInterval(rotation);
		sockets.close();
		crew.kill();
		live.assembly.stop();
		await admin?.close();
		await state.close();
		await keptKeys?.close();
		await changes?.close();
		await closeMetrics();
	}

	try {
		const metrics = await createPrimaryMetrics({
			telemetry: definition.telemetry,
			log,
			configuration: () => reloader.status(),
			workers: () => ({ serving: serving(), absent: count - serving(), exits: crew.exits }),
			addUp: (own) => crew.readings.read(own),
		});
		closeMetrics = metrics.close;
		if (definition.admin !== undefined && changes !== undefined) {
			admin = await openAdmin(definition.admin, {
				assembly: () => live.assembly,
				health: () => ({
					ready: phase === 'serving' && serving() > 0,
					draining: phase === 'draining',
					configuration: reloader.status(),
				}),
				metrics: metrics.render,
				upstreams: undefined,
				workers: { list: crew.list, ask: crew.ask },
				clock,
				cryptography: runtime.cryptography,
				log,
				recordChange: createChangeRecorder(changes, definition.audit.onOverflow, () => clock.now()),
			});
		}
		await Promise.all([state.start(), live.assembly.start()]);
		await crew.start();
		await fileWatch.follow(started.files);
		phase = 'serving';
		return {
			url: sockets.addresses[0]?.url ?? '',
			addresses: sockets.addresses,
			adminUrl: admin?.url,
			reload: () => reloader.reload(),
			async reopen() {
				await Promise.all([crew.reopen(), changes?.reopen()]);
			},
			metrics: metrics.render,
			async stop() {
				phase = 'draining';
				reloader.stop();
				sockets.close();
				await crew.drain(definition.timeouts.drain + drainSlack);
				await close();
			},
			kill: crew.kill,
		};
	} catch (cause) {
		await close();
		throw cause;
	}
}

/**
 * Without a key of its own each process would digest one token differently, and refuse the others' nonces: the primary
 * makes one of either for all.
 */
function createSharedKeys(): (configuration: Configuration) => Configuration {
	const [digests, proofs] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
	return ({ definition, listeners }) => {
		const { audit, dpop } = definition;
		const nonces = dpop.nonces === undefined ? undefined : { ...dpop.nonces, key: dpop.nonces.key ?? proofs };
		return {
			definition: {
				...definition,
				audit: { ...audit, digestKey: audit.digestKey ?? digests },
				dpop: { ...dpop, nonces },
			},
			listeners,
		};
	};
}
