/**
 * A new configuration in place of the one in force, without a request that notices: read, check, put together, warm up,
 * swap. Whatever goes wrong before the swap leaves the old one serving (invariant 7) and is said in log and health.
 */
import type { Runtime } from '#assembly/assemble';
import type { Definition } from '#config/definition';
import type { Diagnostic } from '#config/diagnostics';
import type { Log } from '#core/index';
import { type Snapshot, takeSettledSnapshot } from './configuration.ts';
import type { Prepare, Prepared } from './installation.ts';
import { restartNeeded } from './restart-needed.ts';

export interface ReloadStatus {
	/** `rejected`: the files on disk have errors, or could not be put in force; the configuration before still serves. */
	readonly state: 'in_force' | 'rejected';
	/** Milliseconds since the epoch at which the configuration in force became so. */
	readonly loadedAt: number;
	/** Milliseconds since the epoch; undefined unless rejected. */
	readonly rejectedAt: number | undefined;
	/** Why; empty unless rejected. */
	readonly diagnostics: readonly Diagnostic[];
	/** How often the configuration was replaced, and how often one was turned down. */
	readonly reloads: number;
	readonly rejections: number;
	/** Settings that differ from those that the process started with, and need a restart. */
	readonly restartNeeded: readonly string[];
}

export interface Reloader {
	/**
	 * Reads the files anew. Resolves when a reading that began after the call has had its consequences, whatever they
	 * are; contents that did not change have none. Never rejects, never runs twice at once.
	 */
	reload(): Promise<ReloadStatus>;
	status(): ReloadStatus;
	/** Nothing is swapped any more. */
	stop(): void;
}

export interface ReloaderOptions {
	readonly configFile: string;
	readonly runtime: Runtime;
	readonly log: Log;
	/** Makes a checked configuration ready to take its place. */
	readonly prepare: Prepare;
	/** The reading from which the process started. */
	readonly started: { readonly mark: string; readonly definition: Definition };
	/** Told of the files to watch, after every reading. */
	readonly onFiles: (files: readonly string[]) => Promise<void>;
}

export function createReloader(options: ReloaderOptions): Reloader {
	const { configFile, runtime, log, started } = options;
	const { clock } = runtime;
	let markInForce = started.mark;
	let markSeen = started.mark;
	let status: ReloadStatus = {
		state: 'in_force',
		loadedAt: clock.now(),
		rejectedAt: undefined,
		diagnostics: [],
		reloads: 0,
		rejections: 0,
		restartNeeded: [],
	};
	let running: Promise<ReloadStatus> | undefined;
	let queued: Promise<ReloadStatus> | undefined;
	let stopped = false;

	function reload(): Promise<ReloadStatus> {
		if (running === undefined) {
			running = pass().finally(() => {
				running = undefined;
			});
			return running;
		}
		queued ??= running.then(() => {
			queued = undefined;
			return reload();
		});
		return queued;
	}

	async function pass(): Promise<ReloadStatus> {
		try {
			const snapshot = await takeSettledSnapshot(configFile, runtime);
			if (snapshot === undefined) {
				log.warn('the configuration is being written all the time; it is looked at again later');
				return status;
			}
			if (stopped) return status;
			await options.onFiles(snapshot.files);
			if (snapshot.mark === markSeen) return status;
			markSeen = snapshot.mark;
			await apply(snapshot);
		} catch (error) {
			log.error('reloading the configuration failed', { error });
		}
		return status;
	}

	async function apply(snapshot: Snapshot): Promise<void> {
		const { definition, diagnostics, mark } = snapshot;
		if (mark === markInForce) {
			status = { ...status, state: 'in_force', rejectedAt: undefined, diagnostics: [] };
			log.info('the configuration on disk is the one in force again');
			return;
		}
		if (definition === undefined) {
			reject(diagnostics.filter(({ severity }) => severity === 'error'));
			return;
		}
		let prepared: Prepared;
		try {
			prepared = await options.prepare({ definition, listeners: snapshot.listeners(definition) });
		} catch (cause) {
			const message = cause instanceof Error ? cause.message : String(cause);
			reject([{ severity: 'error', path: '', line: 1, column: 1, message }]);
			return;
		}
		if (stopped) {
			prepared.discard();
			return;
		}
		await prepared.commit();
		committed(definition, mark, diagnostics);
	}

	function committed(definition: Definition, mark: string, diagnostics: readonly Diagnostic[]): void {
		markInForce = mark;
		const needed = restartNeeded(started.definition, definition);
		status = {
			...status,
			state: 'in_force',
			loadedAt: clock.now(),
			rejectedAt: undefined,
			diagnostics: [],
			reloads: status.reloads + 1,
			restartNeeded: needed,
		};
		for (const { severity, path, message } of diagnostics) if (severity === 'warning') log.warn(message, { at: path });
		log.info('configuration reloaded', { routes: definition.routes.length, providers: definition.providers.length });
		if (needed.length > 0) {
			log.warn('some changed settings need a restart; until then the process goes on with the old ones', {
				settings: needed.join(', '),
			});
		}
	}

	function reject(diagnostics: readonly Diagnostic[]): void {
		status = {
			...status,
			state: 'rejected',
			rejectedAt: clock.now(),
			diagnostics,
			rejections: status.rejections + 1,
		};
		log.error('the new configuration is rejected; the one before goes on serving', { errors: diagnostics.length });
		for (const { path, line, column, message } of diagnostics) {
			log.error(message, { file: configFile, line, column, at: path });
		}
	}

	return {
		reload,
		status: () => status,
		stop() {
			stopped = true;
		},
	};
}
