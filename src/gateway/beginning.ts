/** What every way of starting begins with: is this process fit, and is the file good? */
import { join } from 'node:path';
import type { Runtime } from '#assembly/assemble';
import type { Definition } from '#config/definition';
import type { Log } from '#core/index';
import { systemClock } from '#runtime/node/clock';
import { nodeCryptography } from '#runtime/node/cryptography';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { createFormPoster } from '#runtime/node/form-poster';
import { createIdentityFetcher } from '#runtime/node/identity-fetcher';
import { createKeptKeysFolder, type KeptKeysFolder } from '#runtime/node/kept-keys-file';
import { systemTimers } from '#runtime/node/timers';
import { InvalidConfigError, type Snapshot, takeSnapshot } from './configuration.ts';
import { judgeProcess } from './process-safety.ts';

export interface Started extends Snapshot {
	readonly definition: Definition;
}

/** The ports of this machine, some of them replaced. */
export function createPorts(log: Log, replaced: Partial<Runtime> = {}): Runtime {
	return {
		clock: systemClock,
		timers: systemTimers,
		cryptography: nodeCryptography,
		fetcher: createDocumentFetcher(),
		poster: createFormPoster(),
		identityFetcher: createIdentityFetcher(),
		log,
		...replaced,
	};
}

/** The same with what outlives the process, where the configuration wants that; ports that are there already stay. */
export function withKeptKeys(
	definition: Definition,
	ports: Runtime,
): { readonly runtime: Runtime; readonly keptKeys: KeptKeysFolder | undefined } {
	if (definition.stateDirectory === undefined) return { runtime: ports, keptKeys: undefined };
	const keptKeys = createKeptKeysFolder({ path: join(definition.stateDirectory, 'keys'), log: ports.log });
	return { runtime: { keptKeys: keptKeys.of, ...ports }, keptKeys };
}

/** Rejects with a readable Error when the process undoes what the gateway promises, with InvalidConfigError for a bad file. */
export async function readStart(configFile: string, ports: Runtime): Promise<Started> {
	const { log } = ports;
	const { refusals, warnings } = judgeProcess(process);
	if (refusals.length > 0) throw new Error(`refusing to start: ${refusals.join(' ')}`);
	for (const warning of warnings) log.warn(warning);
	const snapshot = await takeSnapshot(configFile, ports);
	const { definition, diagnostics } = snapshot;
	if (definition === undefined) throw new InvalidConfigError(configFile, diagnostics);
	for (const { severity, path, message } of diagnostics) {
		if (severity === 'warning') log.warn(message, { at: path });
	}
	return { ...snapshot, definition };
}
