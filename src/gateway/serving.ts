/**
 * What serves requests in one process, alone or as one of several workers: assembly, engine, audit trail and metrics,
 * put together from a configuration that somebody else has read and goes on reading.
 */
import { withApimCode } from '#assembly/apim-code';
import { type Assembly, assemble, type Runtime } from '#assembly/assemble';
import type { Upstream } from '#core/index';
import { createEngine } from '#http/create-engine';
import type { BoundAddress, Engine } from '#http/engine';
import { withEvents } from '#observe/audit-event';
import { type AuditRecord, auditRecord } from '#observe/audit-record';
import { type AuditTrail, createAuditTrail } from '#observe/audit-trail';
import { type ChangeRecord, changeRecord, createChangeRecorder, type RecordChange } from '#observe/change-record';
import { createLineFile, type LineFile } from '#runtime/node/line-file';
import { type Configuration, createInstallation, type Prepare } from './installation.ts';
import { createLive, type Live } from './live.ts';
import { createObservation, type Observation } from './observation.ts';
import { withState } from './open-state.ts';
import { withKeptKeys } from './ports.ts';
import { createRequestHandler } from './request-handler.ts';

export interface ServingOptions {
	readonly configuration: Configuration;
	readonly ports: Runtime;
	/** Called with each audit record, in place of the file or standard output that the configuration names. */
	readonly onAudit?: ((record: AuditRecord) => void) | undefined;
	/** Called with each change that an operator or a provider makes; beside `onAudit`, and only with it. */
	readonly onChange?: ((record: ChangeRecord) => void) | undefined;
	/** Takes audit lines that would go to standard output. Default: standard output of this process. */
	readonly output?: (text: string) => Promise<void>;
	/** False: somebody else adds the metrics up and sends them. */
	readonly sendMetrics: boolean;
}

export interface Serving {
	readonly live: Live;
	readonly observation: Observation;
	readonly runtime: Runtime;
	readonly upstreams: Engine['upstreams'];
	readonly prepare: Prepare;
	readonly recordChange: RecordChange;
	/** Begins to fetch keys and to follow the store; resolves after the first attempt of each. */
	start(): Promise<void>;
	/** Opens the listeners, or takes connections from the sockets that are bound already. */
	listen(descriptors?: readonly number[]): Promise<readonly BoundAddress[]>;
	readonly useTicketKeys: Engine['useTicketKeys'];
	/** Opens the audit file anew. */
	reopen(): Promise<void>;
	/** No new connections; resolves when requests under way have ended, or their time has. */
	drain(): Promise<void>;
	/** Ends everything but the engine: for after `drain`, or for what never listened. */
	close(): Promise<void>;
}

/** Rejects with a readable Error when the audit file cannot be opened or a certificate cannot be used. */
export async function createServing(options: ServingOptions): Promise<Serving> {
	const { configuration, ports, onAudit, output } = options;
	const { definition, listeners } = configuration;
	const { log } = ports;
	const told: Runtime = {
		onIntrospection: (call) => observation.introspected(call),
		recordChange: (change) => recordChange(change),
		onExchange: (call) => observation.exchanged(call),
		...ports,
	};
	const { runtime: withKeys, keptKeys } = withKeptKeys(definition, told);
	const { runtime, state } = await withState(definition, withKeys);
	let auditFile: LineFile | undefined;
	const abandon = async (cause: unknown): Promise<never> => {
		await auditFile?.close();
		await state.close();
		throw cause;
	};
	const openAudit = () =>
		createLineFile({ path: definition.audit.file, log, ...(output === undefined ? {} : { output }) });
	auditFile = onAudit === undefined ? await openAudit().catch(abandon) : undefined;
	const live = await withApimCode(definition, runtime)
		.then((able) => createLive(assemble(definition, able)))
		.catch(abandon);
	const { sendMetrics } = options;
	const observation = await createObservation(definition, runtime, {
		sendMetrics,
		recordToken: (event) => auditFile?.write(JSON.stringify(event)),
	}).catch(abandon);
	const trail: AuditTrail =
		auditFile === undefined
			? { record: (input) => onAudit?.(auditRecord(input)), commit: undefined }
			: createAuditTrail(auditFile, definition.audit.onOverflow);
	const recordChange: RecordChange =
		auditFile === undefined
			? async (change) => {
					options.onChange?.(changeRecord(change, runtime.clock.now()));
					return true;
				}
			: createChangeRecorder(auditFile, definition.audit.onOverflow, () => runtime.clock.now());
	const { trustedProxies, limits, timeouts } = definition;
	const engine = createEngine(
		{ listeners, trustedProxies, limits, timeouts, log },
		createRequestHandler({
			current: () => live.inForce,
			clock: runtime.clock,
			log,
			audit: withEvents(trail, observation.event),
			trailOf: observation.trailOf,
			metrics: observation.metrics,
			underWay: state.underWay,
			span: observation.span,
		}),
	);
	observation.watch(() => ({
		assembly: live.assembly,
		audit: { dropped: auditFile?.dropped ?? 0, failing: auditFile?.failing ?? false },
	}));
	observation.watchUpstreams(() => engine.upstreams());
	return {
		live,
		observation,
		upstreams: () => engine.upstreams(),
		runtime,
		prepare: createInstallation({
			runtime,
			live,
			onSwap(next) {
				// With the providers that its policies come to.
				observation.follow(live.assembly.definition);
				engine.renewCertificates(next.listeners);
				engine.followUpstreams(upstreamsOf(live.assembly));
			},
		}),
		recordChange,
		// Keys and revocations first: a request that arrives with the port should find both.
		async start() {
			await Promise.all([state.start(), live.assembly.start()]);
		},
		async listen(descriptors) {
			const addresses = await engine.listen(descriptors);
			engine.followUpstreams(upstreamsOf(live.assembly));
			return addresses;
		},
		useTicketKeys: (keys) => engine.useTicketKeys(keys),
		reopen: async () => auditFile?.reopen(),
		drain: () => engine.drain(),
		async close() {
			live.assembly.stop();
			await state.close();
			await keptKeys?.close();
			await auditFile?.close();
			await observation.close();
		},
	};
}

function upstreamsOf({ policy, apim }: Assembly): readonly Upstream[] {
	return [...policy.routes.map(({ upstream }) => upstream), ...apim.upstreams];
}
