/**
 * Our own front door: a configuration file, an assembly and the HTTP engine behind one call. The gateway words what the
 * engine shall answer and writes one audit record per request; it decides nothing.
 */
import { join } from 'node:path';
import { openAdmin } from '#admin/admin';
import type { AdminServer } from '#admin/server';
import { type Assembly, assemble, type Runtime } from '#assembly/assemble';
import type { Definition } from '#config/definition';
import type { Log, Upstream } from '#core/index';
import { createEngine } from '#http/create-engine';
import type { BoundAddress } from '#http/engine';
import { withEvents } from '#observe/audit-event';
import { type AuditRecord, auditRecord } from '#observe/audit-record';
import { type AuditTrail, createAuditTrail } from '#observe/audit-trail';
import { systemClock } from '#runtime/node/clock';
import { nodeCryptography } from '#runtime/node/cryptography';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { createFormPoster } from '#runtime/node/form-poster';
import { createKeptKeysFolder } from '#runtime/node/kept-keys-file';
import { createLineFile } from '#runtime/node/line-file';
import { createLog } from '#runtime/node/log';
import { systemTimers } from '#runtime/node/timers';
import { createFileWatch } from '#runtime/node/watch';
import { InvalidConfigError, type Snapshot, takeSnapshot } from './configuration.ts';
import { createLive } from './live.ts';
import { createObservation } from './observation.ts';
import { judgeProcess } from './process-safety.ts';
import { createReloader, type ReloadStatus } from './reload.ts';
import { createRequestHandler } from './request-handler.ts';

export { InvalidConfigError } from './configuration.ts';
export type { ReloadStatus } from './reload.ts';

export interface GatewayOptions {
	/** Path of the configuration file. */
	readonly configFile: string;
	/** Default: human-readable lines on standard error. */
	readonly log?: Log;
	/** Called with each audit record, in place of the file or standard output that the configuration names. */
	readonly onAudit?: (record: AuditRecord) => void;
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
 * Loads the file, opens the listeners and serves. Rejects with InvalidConfigError for a bad file, and with a readable
 * Error when a listener cannot be opened, or when the process runs with NODE_TLS_REJECT_UNAUTHORIZED=0 or
 * --insecure-http-parser; then nothing stays open. A provider that is down does not keep it from starting: its routes
 * answer 503 until its keys are there.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
	const log = options.log ?? createLog(process.stderr, { json: false });
	const ports: Runtime = {
		clock: systemClock,
		timers: systemTimers,
		cryptography: nodeCryptography,
		fetcher: createDocumentFetcher(),
		poster: createFormPoster(),
		log,
		...options.runtime,
	};
	const { refusals, warnings } = judgeProcess(process);
	if (refusals.length > 0) throw new Error(`refusing to start: ${refusals.join(' ')}`);
	for (const warning of warnings) log.warn(warning);
	const started = await load(options.configFile, ports);
	const { definition } = started;
	const keptKeys =
		definition.stateDirectory === undefined
			? undefined
			: createKeptKeysFolder({ path: join(definition.stateDirectory, 'keys'), log });
	const runtime: Runtime = keptKeys === undefined ? ports : { keptKeys: keptKeys.of, ...ports };
	const live = createLive(assemble(definition, runtime));
	const { onAudit } = options;
	const auditFile = onAudit === undefined ? await createLineFile({ path: definition.audit.file, log }) : undefined;
	const observation = await createObservation(definition, runtime).catch(async (cause: unknown) => {
		await auditFile?.close();
		throw cause;
	});
	const trail: AuditTrail =
		auditFile === undefined
			? { record: (input) => onAudit?.(auditRecord(input)), commit: undefined }
			: createAuditTrail(auditFile, definition.audit.onOverflow);
	const engine = createEngine(
		{
			listeners: started.listeners(definition),
			trustedProxies: definition.trustedProxies,
			limits: definition.limits,
			timeouts: definition.timeouts,
			log,
		},
		createRequestHandler({
			current: () => live.inForce,
			clock: runtime.clock,
			log,
			audit: withEvents(trail, observation.event),
			trailOf: observation.trailOf,
			metrics: observation.metrics,
			span: observation.span,
		}),
	);
	const reloader = createReloader({
		configFile: options.configFile,
		runtime,
		log,
		live,
		started: { mark: started.mark, definition },
		onSwap(listeners) {
			observation.follow(live.assembly.definition);
			engine.renewCertificates(listeners);
			engine.followUpstreams(upstreamsOf(live.assembly));
		},
		onFiles: async (files) => fileWatch?.follow(files),
	});
	const fileWatch = options.watch === false ? undefined : createFileWatch({ onChange: () => reloader.reload(), log });
	observation.watch(() => ({
		assembly: live.assembly,
		configuration: reloader.status(),
		audit: { dropped: auditFile?.dropped ?? 0, failing: auditFile?.failing ?? false },
	}));
	let phase: Phase = 'starting';
	let admin: AdminServer | undefined;

	async function close(): Promise<void> {
		reloader.stop();
		fileWatch?.close();
		live.assembly.stop();
		await admin?.close();
		await keptKeys?.close();
		await auditFile?.close();
		await observation.close();
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
				clock: runtime.clock,
				log,
			});
		}
		// Keys first: a request that arrives with the port should not find an empty key set.
		await live.assembly.start();
		const addresses = await engine.listen();
		engine.followUpstreams(upstreamsOf(live.assembly));
		await fileWatch?.follow(started.files);
		phase = 'serving';
		return {
			url: addresses[0]?.url ?? '',
			addresses,
			adminUrl: admin?.url,
			reload: () => reloader.reload(),
			reopen: async () => auditFile?.reopen(),
			metrics: observation.render,
			async stop() {
				phase = 'draining';
				reloader.stop();
				await engine.drain();
				await close();
			},
		};
	} catch (cause) {
		await close();
		throw cause;
	}
}

function upstreamsOf({ policy }: Assembly): readonly Upstream[] {
	return policy.routes.map(({ upstream }) => upstream);
}

/** What the process is up to, for `/readyz`. */
type Phase = 'starting' | 'serving' | 'draining';

async function load(file: string, runtime: Runtime): Promise<Snapshot & { readonly definition: Definition }> {
	const snapshot = await takeSnapshot(file, runtime);
	const { definition, diagnostics } = snapshot;
	if (definition === undefined) throw new InvalidConfigError(file, diagnostics);
	for (const { severity, path, message } of diagnostics) {
		if (severity === 'warning') runtime.log.warn(message, { at: path });
	}
	return { ...snapshot, definition };
}
