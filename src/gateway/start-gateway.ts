/**
 * Our own front door in one process: a configuration file, an assembly and the HTTP engine behind one call. The gateway
 * words what the engine shall answer and writes one audit record per request; it decides nothing.
 */
import { openAdmin } from '#admin/admin';
import type { AdminServer } from '#admin/server';
import type { Runtime } from '#assembly/assemble';
import type { Log } from '#core/index';
import type { BoundAddress } from '#http/engine';
import type { AuditRecord } from '#observe/audit-record';
import type { ChangeRecord } from '#observe/change-record';
import { createLog } from '#runtime/node/log';
import { createFileWatch } from '#runtime/node/watch';
import { readStart, type Started } from './beginning.ts';
import { createPorts } from './ports.ts';
import { createReloader, type ReloadStatus } from './reload.ts';
import { watchSecrets } from './secret-watch.ts';
import { createServing } from './serving.ts';

export { InvalidConfigError } from './configuration.ts';
export type { ReloadStatus } from './reload.ts';

export interface GatewayOptions {
	/** Path of the configuration file. */
	readonly configFile: string;
	/** Default: human-readable lines on standard error. */
	readonly log?: Log;
	/** Called with each audit record, in place of the file or standard output that the configuration names. */
	readonly onAudit?: (record: AuditRecord) => void;
	/** Called with each change that an operator or a provider makes; beside `onAudit`, and only with it. */
	readonly onChange?: (record: ChangeRecord) => void;
	/** False: files are not watched, and only `reload` brings a new configuration. Default true. */
	readonly watch?: boolean;
	/** Parts of the runtime to replace; tests pass a clock or a fetcher. */
	readonly runtime?: Partial<Runtime>;
}

export interface Gateway {
	/** URL of the first listener. */
	readonly url: string;
	readonly addresses: readonly BoundAddress[];
	/** URL of the admin listener; undefined without one. */
	readonly adminUrl: string | undefined;
	/** Reads the configuration and its files anew, at once. A file with errors leaves the one in force serving. */
	reload(): Promise<ReloadStatus>;
	/** Opens the audit file anew, for rotation by rename. */
	reopen(): Promise<void>;
	/** What `/metrics` of the admin listener shows, for whoever embeds the gateway. */
	metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
	/** Lets requests under way end, then closes everything. */
	stop(): Promise<void>;
}

/**
 * Loads the file, opens the listeners and serves, in this process alone: `workers` of the configuration is for
 * `countersign start`, and a warning here. Rejects with InvalidConfigError for a bad file, and with a readable Error when
 * a listener cannot be opened, or when the process runs with NODE_TLS_REJECT_UNAUTHORIZED=0 or --insecure-http-parser;
 * then nothing stays open. A provider that is down does not keep it from starting: its routes answer 503 until its keys
 * are there.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
	const log = options.log ?? createLog(process.stderr, { json: false });
	const ports = createPorts(log, options.runtime);
	const started = await readStart(options.configFile, ports);
	if (started.definition.workers !== 1) {
		log.warn('workers is for the command countersign start: this process serves alone');
	}
	return serveAlone(started, { ...options, ports });
}

export type ServeAloneOptions = Omit<GatewayOptions, 'log' | 'runtime'> & { readonly ports: Runtime };

/** As `startGateway`, from a file that is read already. */
export async function serveAlone(started: Started, options: ServeAloneOptions): Promise<Gateway> {
	const { configFile, onAudit, onChange, ports } = options;
	const { definition } = started;
	const { log } = ports;
	const serving = await createServing({
		configuration: { definition, listeners: started.listeners(definition) },
		ports,
		onAudit,
		onChange,
		sendMetrics: true,
	});
	const { live, observation, runtime } = serving;
	const reloader = createReloader({
		configFile,
		runtime,
		log,
		prepare: serving.prepare,
		started,
		onFiles: async (files) => fileWatch?.follow(files),
	});
	const fileWatch = options.watch === false ? undefined : createFileWatch({ onChange: () => reloader.reload(), log });
	observation.watchConfiguration(() => reloader.status());
	const endSecretWatch = watchSecrets({
		assembly: () => live.assembly,
		clock: runtime.clock,
		timers: runtime.timers,
		log,
	});
	let phase: Phase = 'starting';
	let admin: AdminServer | undefined;

	async function close(): Promise<void> {
		reloader.stop();
		endSecretWatch();
		fileWatch?.close();
		await admin?.close();
		await serving.close();
	}

	try {
		if (definition.admin !== undefined) {
			admin = await openAdmin(definition.admin, {
				assembly: () => live.assembly,
				health: () => ({
					ready: phase === 'serving',
					draining: phase === 'draining',
					configuration: reloader.status(),
				}),
				metrics: observation.render,
				workers: undefined,
				upstreams: serving.upstreams,
				clock: runtime.clock,
				cryptography: runtime.cryptography,
				log,
				recordChange: serving.recordChange,
			});
		}
		await serving.start();
		const addresses = await serving.listen();
		await fileWatch?.follow(started.files);
		phase = 'serving';
		return {
			url: addresses[0]?.url ?? '',
			addresses,
			adminUrl: admin?.url,
			reload: () => reloader.reload(),
			reopen: () => serving.reopen(),
			metrics: observation.render,
			async stop() {
				phase = 'draining';
				reloader.stop();
				await serving.drain();
				await close();
			},
		};
	} catch (cause) {
		await close();
		throw cause;
	}
}

/** What the process is up to, for `/readyz`. */
export type Phase = 'starting' | 'serving' | 'draining';
