/**
 * Our own front door: a configuration file, an assembly and the HTTP engine behind one call. The gateway words what the
 * engine shall answer and writes one audit record per request; it decides nothing.
 */
import { readFile } from 'node:fs/promises';
import { type Assembly, assemble, localKeyProblems, type Runtime } from '#assembly/assemble';
import type { Definition, ListenerDefinition } from '#config/definition';
import { type Diagnostic, formatDiagnostics } from '#config/diagnostics';
import { loadConfig } from '#config/load';
import type { Log } from '#core/index';
import type { BoundAddress, ListenerOptions } from '#http/engine';
import { createEngine } from '#http/node-engine';
import type { AuditRecord } from '#observe/audit-record';
import { createAuditTrail } from '#observe/audit-trail';
import { systemClock } from '#runtime/node/clock';
import { nodeCryptography } from '#runtime/node/cryptography';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { createLineFile } from '#runtime/node/line-file';
import { createLog } from '#runtime/node/log';
import { systemTimers } from '#runtime/node/timers';
import { judgeProcess } from './process-safety.ts';
import { createRequestHandler, type InForce } from './request-handler.ts';

export interface GatewayOptions {
	/** Path of the configuration file. */
	readonly configFile: string;
	/** Default: human-readable lines on standard error. */
	readonly log?: Log;
	/** Called with each audit record, in place of the file or standard output that the configuration names. */
	readonly onAudit?: (record: AuditRecord) => void;
	/** Parts of the runtime to replace; tests pass a clock or a fetcher. */
	readonly runtime?: Partial<Runtime>;
}

export interface Gateway {
	/** URL of the first listener. */
	readonly url: string;
	readonly addresses: readonly BoundAddress[];
	/** Lets requests under way end, then closes everything. */
	stop(): Promise<void>;
}

/** The file has errors; every one of them is in `diagnostics` and, readable, in the message. */
export class InvalidConfigError extends Error {
	readonly diagnostics: readonly Diagnostic[];

	constructor(file: string, diagnostics: readonly Diagnostic[]) {
		super(formatDiagnostics(file, diagnostics, { colour: false }));
		this.name = 'InvalidConfigError';
		this.diagnostics = diagnostics;
	}
}

/**
 * Loads the file, opens the listeners and serves. Rejects with InvalidConfigError for a bad file, and with a readable
 * Error when a listener cannot be opened, or when the process runs with NODE_TLS_REJECT_UNAUTHORIZED=0 or
 * --insecure-http-parser; then nothing stays open. A provider that is down does not keep it from starting: its routes
 * answer 503 until its keys are there.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
	const log = options.log ?? createLog(process.stderr, { json: false });
	const runtime: Runtime = {
		clock: systemClock,
		timers: systemTimers,
		cryptography: nodeCryptography,
		fetcher: createDocumentFetcher(),
		log,
		...options.runtime,
	};
	const { refusals, warnings } = judgeProcess(process);
	if (refusals.length > 0) throw new Error(`refusing to start: ${refusals.join(' ')}`);
	for (const warning of warnings) log.warn(warning);
	const definition = await load(options.configFile, runtime);
	const assembly = assemble(definition, runtime);
	const live = { current: inForce(assembly) };
	const { onAudit } = options;
	const auditFile = onAudit === undefined ? await createLineFile({ path: definition.audit.file, log }) : undefined;
	const engine = createEngine(
		{
			listeners: await Promise.all(definition.listen.map(listenerOptions)),
			trustedProxies: definition.trustedProxies,
			limits: definition.limits,
			timeouts: definition.timeouts,
			log,
		},
		createRequestHandler({
			current: () => live.current,
			clock: runtime.clock,
			log,
			audit:
				auditFile === undefined
					? { record: (record) => onAudit?.(record), commit: undefined }
					: createAuditTrail(auditFile, definition.audit.onOverflow),
		}),
	);

	// Keys first: a request that arrives with the port should not find an empty key set.
	await assembly.start();
	let addresses: readonly BoundAddress[];
	try {
		addresses = await engine.listen();
	} catch (cause) {
		assembly.stop();
		await auditFile?.close();
		throw cause;
	}
	return {
		url: addresses[0]?.url ?? '',
		addresses,
		async stop() {
			await engine.drain();
			assembly.stop();
			await auditFile?.close();
		},
	};
}

function inForce({ decide, definition }: Assembly): InForce {
	return { decide, exposeReason: definition.errors.exposeReason, statuses: definition.responses };
}

async function load(file: string, { cryptography, log }: Runtime): Promise<Definition> {
	const { definition, diagnostics } = await loadConfig(file, {
		readFile: (path) => readFile(path, 'utf8'),
		env: process.env,
		checkKeys: (keys) => localKeyProblems(keys, cryptography),
	});
	if (definition === undefined) throw new InvalidConfigError(file, diagnostics);
	for (const { severity, path, message } of diagnostics) {
		if (severity === 'warning') log.warn(message, { at: path });
	}
	return definition;
}

async function listenerOptions({ host, port, tls }: ListenerDefinition): Promise<ListenerOptions> {
	if (tls === undefined) return { host, port, tls: undefined };
	const read = (path: string) => readFile(path, 'utf8');
	return {
		host,
		port,
		tls: {
			certificate: await read(tls.certificate),
			key: await read(tls.key),
			clientCa: tls.clientCa === undefined ? undefined : await read(tls.clientCa),
			clientCertificate: tls.clientCertificate,
		},
	};
}
