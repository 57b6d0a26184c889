/** What a process of the gateway takes from its machine, whether it reads the configuration itself or is told what it says. */
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
