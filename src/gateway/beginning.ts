/** What every way of starting begins with: is this process fit, and is the file good? */
import type { Runtime } from '#assembly/assemble';
import type { Definition } from '#config/definition';
import { InvalidConfigError, type Snapshot, takeSnapshot } from './configuration.ts';
import { judgeProcess } from './process-safety.ts';

export interface Started extends Snapshot {
	readonly definition: Definition;
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
