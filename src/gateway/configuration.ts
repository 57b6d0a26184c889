/**
 * One reading of the configuration file and of every file that it names, with a mark that changes with any of their
 * contents. What is read while somebody writes may be half a file that happens to be valid, so a reload takes only what
 * it finds twice.
 */

import { readFile, stat } from 'node:fs/promises';
import { policyCheck } from '#assembly/apim-code';
import {
	clientProblems,
	decryptionKeyProblems,
	localKeyProblems,
	mintingKeyName,
	type Runtime,
} from '#assembly/assemble';
import type { Definition, ListenerDefinition } from '#config/definition';
import { type Diagnostic, formatDiagnostics } from '#config/diagnostics';
import { type Loaded, loadConfig } from '#config/load';
import type { ListenerOptions } from '#http/engine';

/** The file has errors; every one of them is in `diagnostics` and, readable, in the message. */
export class InvalidConfigError extends Error {
	readonly diagnostics: readonly Diagnostic[];

	constructor(file: string, diagnostics: readonly Diagnostic[]) {
		super(formatDiagnostics(file, diagnostics, { colour: false }));
		this.name = 'InvalidConfigError';
		this.diagnostics = diagnostics;
	}
}

export interface Snapshot extends Loaded {
	/** Digest of all contents. A file that cannot be read has one too: its absence. */
	readonly mark: string;
	/** The listeners with the texts of their certificates; only of a file without errors. */
	listeners(definition: Definition): readonly ListenerOptions[];
	/** Reads the same files again: whether their contents are still those. */
	isCurrent(): Promise<boolean>;
}

/** Never rejects: what cannot be read is a diagnostic. */
export async function takeSnapshot(file: string, { cryptography, clock }: Runtime): Promise<Snapshot> {
	const contents = new Map<string, Promise<string>>();
	const loaded = await loadConfig(file, {
		readFile(path) {
			const reading = contents.get(path) ?? readFile(path, 'utf8');
			contents.set(path, reading);
			return reading;
		},
		changedAt: async (path) => (await stat(path).catch(() => undefined))?.mtimeMs,
		now: () => clock.now(),
		env: process.env,
		checkKeys: (keys) => localKeyProblems(keys, cryptography),
		checkDecryptionKey: (key) => decryptionKeyProblems(key, cryptography),
		checkClient: (client) => clientProblems(client, cryptography),
		checkPolicy: policyCheck(cryptography),
		checkMintingKey: (key) => mintingKeyName(key, cryptography),
	});
	const texts = await settle(contents);
	const mark = markOf(texts, cryptography);
	return {
		...loaded,
		mark,
		listeners: ({ listen }) => listen.map((listener) => listenerOptions(listener, texts)),
		async isCurrent() {
			const again = new Map(Array.from(contents.keys(), (path) => [path, readFile(path, 'utf8')]));
			return markOf(await settle(again), cryptography) === mark;
		},
	};
}

/** Text of each file; null for one that cannot be read. */
type Texts = ReadonlyMap<string, string | null>;

async function settle(contents: ReadonlyMap<string, Promise<string>>): Promise<Texts> {
	const texts = Array.from(contents, async ([path, reading]) => [path, await reading.catch(() => null)] as const);
	return new Map(await Promise.all(texts));
}

function markOf(texts: Texts, { digest }: Runtime['cryptography']): string {
	const marks = Array.from(texts, ([path, text]) => JSON.stringify([path, text === null ? null : digest(text)]));
	return digest(marks.toSorted().join('\n'));
}

/** Milliseconds between the two readings, and how often a pair is tried. */
const apart = 20;
const attempts = 25;

/** As `takeSnapshot`, once a second reading agrees; undefined when somebody keeps writing for half a second. */
export async function takeSettledSnapshot(file: string, runtime: Runtime): Promise<Snapshot | undefined> {
	for (let attempt = 0; attempt < attempts; attempt++) {
		const snapshot = await takeSnapshot(file, runtime);
		await new Promise((resolve) => {
			setTimeout(resolve, apart);
		});
		if (await snapshot.isCurrent()) return snapshot;
	}
	return undefined;
}

function listenerOptions({ host, port, tls }: ListenerDefinition, texts: Texts): ListenerOptions {
	if (tls === undefined) return { host, port, tls: undefined };
	const read = (path: string): string => {
		const text = texts.get(path);
		if (text === undefined || text === null) throw new Error(`the file ${path} was not loaded`);
		return text;
	};
	return {
		host,
		port,
		tls: {
			certificate: read(tls.certificate),
			key: read(tls.key),
			clientCa: tls.clientCa === undefined ? undefined : read(tls.clientCa),
			clientCertificate: tls.clientCertificate,
		},
	};
}
