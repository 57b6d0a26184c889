/** The whole gateway in this process, on any free port, with its audit records within reach of the test. */
import { renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Log } from '#core/index';
import { type Gateway, type GatewayOptions, startGateway } from '#gateway/start-gateway';
import type { AuditRecord } from '#observe/audit-record';
import type { ChangeRecord } from '#observe/change-record';
import { canaries } from './canaries.ts';
import { makeTempDir, writeIn } from './temp-dir.ts';

export interface TestGatewayOptions {
	/** Written beside the configuration file: name → text. The configuration refers to them by relative path. */
	readonly files?: Readonly<Record<string, string>>;
	/** Parts of the runtime to replace. */
	readonly runtime?: NonNullable<GatewayOptions['runtime']>;
}

export interface TestGateway {
	readonly url: string;
	readonly port: number;
	/** Every record so far. A record is written when its request is over, which may be just after its answer. */
	readonly records: readonly AuditRecord[];
	/** Waits until there are `count` records and gives the last of those. */
	record(count: number): Promise<AuditRecord>;
	/** What operators and providers changed so far. */
	readonly changes: readonly ChangeRecord[];
	/** Every line of the operator's log so far, as text. */
	readonly log: readonly string[];
	/** Where the configuration file is. */
	readonly folder: string;
	readonly gateway: Gateway;
	/** Replaces the configuration file, by rename or in place. */
	write(config: string | Readonly<Record<string, unknown>>, how?: 'rename' | 'in place'): void;
	stop(): Promise<void>;
}

/**
 * Starts it with `config`: YAML text, or an object. `listen` is set to a free loopback port where the configuration
 * does not name any.
 */
export async function startTestGateway(
	config: string | Readonly<Record<string, unknown>>,
	options: TestGatewayOptions = {},
): Promise<TestGateway> {
	const folder = makeTempDir();
	for (const [name, text] of Object.entries(options.files ?? {})) writeIn(folder, name, text);
	const configFile = writeIn(folder, 'gateway.yaml', configText(config));

	canaries.plantSecrets(config, options.files ?? {});
	const records: AuditRecord[] = [];
	const changes: ChangeRecord[] = [];
	const log: string[] = [];
	const waiting = new Set<() => void>();
	try {
		const gateway = await startGateway({
			configFile,
			log: recordingLog(log),
			onAudit(record) {
				records.push(record);
				for (const look of waiting) look();
			},
			onChange: (record) => changes.push(record),
			...(options.runtime === undefined ? {} : { runtime: options.runtime }),
		});
		let metrics = '';
		canaries.watch('a log, record or metric', false, function* () {
			yield* log;
			for (const record of records) yield JSON.stringify(record);
			for (const change of changes) yield JSON.stringify(change);
			yield metrics;
		});
		return {
			url: gateway.url,
			port: Number(new URL(gateway.url).port),
			records,
			changes,
			log,
			folder,
			gateway,
			write(text, how = 'rename') {
				if (how === 'in place') writeIn(folder, 'gateway.yaml', configText(text));
				else renameSync(writeIn(folder, '.gateway.yaml.new', configText(text)), configFile);
			},
			record(count) {
				return new Promise((resolve) => {
					const look = () => {
						const record = records[count - 1];
						if (record === undefined) return;
						waiting.delete(look);
						resolve(record);
					};
					waiting.add(look);
					look();
				});
			},
			async stop() {
				metrics = (await gateway.metrics()).body;
				await gateway.stop();
				await rm(folder, { recursive: true, force: true });
			},
		};
	} catch (cause) {
		await rm(folder, { recursive: true, force: true });
		throw cause;
	}
}

/** JSON is YAML, so an object needs no other writer. */
function configText(config: string | Readonly<Record<string, unknown>>): string {
	if (typeof config !== 'string') return JSON.stringify({ listen: '127.0.0.1:0', ...config }, null, 2);
	return /^listen:/m.test(config) ? config : `listen: 127.0.0.1:0\n${config}`;
}

function recordingLog(lines: string[]): Log {
	const line = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
		lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
	};
	return { info: line('info'), warn: line('warn'), error: line('error') };
}
