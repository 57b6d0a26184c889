/** Opens the store that the configuration names, and the state that lives in it. What it does not name is not even loaded. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Runtime } from '#assembly/assemble';
import { createState, type State } from '#assembly/state';
import type { Definition, StoreDefinition } from '#config/definition';
import type { Sealing, SharedBuckets, Store } from '#core/index';
import { createSealing } from '#runtime/node/sealing';
import { createMemoryStore } from '#store/memory';

/** The runtime with its state; a state that is there already stays. Rejects with an Error in words for the operator. */
export async function withState(
	definition: Definition,
	ports: Runtime,
): Promise<{ readonly runtime: Runtime; readonly state: State }> {
	const state = ports.state ?? (await openState(definition, ports));
	return { runtime: { ...ports, state }, state };
}

/** A Redis that is down is no reason to reject. */
async function openState({ store: definition }: Definition, runtime: Runtime): Promise<State> {
	const { clock, timers, cryptography, log } = runtime;
	const { store, sharedBuckets } = await openStore(definition, runtime);
	return createState({
		store,
		...(sharedBuckets === undefined ? {} : { sharedBuckets }),
		sealing: sealingOf(definition),
		clock,
		timers,
		log,
		cryptography,
		gateway: `${hostname().slice(0, 200)}:${process.pid}:${randomBytes(3).toString('hex')}`,
		maxStaleness: definition.maxStaleness,
		failOpen: definition.failOpen,
	});
}

interface OpenedStore {
	readonly store: Store;
	readonly sharedBuckets?: SharedBuckets;
}

async function openStore(definition: StoreDefinition, { clock, log }: Runtime): Promise<OpenedStore> {
	switch (definition.type) {
		case 'memory':
			return { store: createMemoryStore({ clock, randomId: randomUUID }) };
		case 'sqlite':
			return { store: await (await import('#store/sqlite')).openSqliteStore({ path: definition.path }) };
		case 'redis': {
			const ca = definition.ca === undefined ? undefined : await readCa(definition.ca);
			const { openRedisStore } = await import('#store/redis');
			const store = await openRedisStore({ url: definition.url, clock, log, ...(ca === undefined ? {} : { ca }) });
			return { store, sharedBuckets: store.sharedBuckets };
		}
	}
}

async function readCa(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (cause) {
		throw new Error(`store.ca: the file ${path} cannot be read`, { cause });
	}
}

/** What lives in this process alone needs no key of the operator's; everything else is not trusted with secrets without. */
function sealingOf({ type, encryptionKeys }: StoreDefinition): Sealing | undefined {
	if (encryptionKeys.length > 0) return createSealing(encryptionKeys.map((key) => Buffer.from(key, 'base64')));
	return type === 'memory' ? createSealing([randomBytes(32)]) : undefined;
}
