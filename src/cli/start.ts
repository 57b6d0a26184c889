import { InvalidConfigError } from '#gateway/start-gateway';
import { startProcesses } from '#gateway/start-processes';
import { createLog } from '#runtime/node/log';
import { serveV8, settleV8 } from '#runtime/node/v8-settings';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign start --config FILE [--log-format text|json]

Serves until it is told to stop. Prints "listening on http://…" on standard error when it is ready.
SIGTERM and SIGINT let requests under way end first; a second one stops at once.
With workers in the configuration this process starts them, and signals are for it alone.
The configuration is read again whenever it, or a file that it names, changes, and on SIGHUP, which also opens the
audit file anew. A configuration with errors is reported and the one before goes on serving.

  --config FILE        configuration, YAML or JSON
  --log-format FORMAT  text (default) or json
`;

export async function runStart(args: readonly string[]): Promise<number> {
	const { values } = parseOptions(
		args,
		{ config: { type: 'string', short: 'c' }, 'log-format': { type: 'string' } },
		false,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const configFile = textOption(values['config']);
	if (configFile === undefined) throw new UsageError('--config FILE is missing');
	const format = textOption(values['log-format']) ?? 'text';
	if (format !== 'text' && format !== 'json') throw new UsageError(`--log-format is text or json, not ${format}`);

	settleV8();
	const jsonLog = format === 'json';
	const log = createLog(process.stderr, { json: jsonLog });
	try {
		const gateway = await startProcesses({ configFile, jsonLog });
		process.on('SIGHUP', () => {
			void Promise.all([gateway.reopen(), gateway.reload()]);
		});
		serveV8();
		// Before it says that it is ready: whoever waits for that may signal at once.
		const stopped = stopSignal(() => {
			if ('kill' in gateway) gateway.kill();
		});
		for (const { url } of gateway.addresses) process.stderr.write(`listening on ${url}\n`);
		if (gateway.adminUrl !== undefined) process.stderr.write(`admin on ${gateway.adminUrl}\n`);
		await stopped;
		log.info('stopping: requests under way may end');
		await gateway.stop();
		return 0;
	} catch (problem) {
		if (!(problem instanceof InvalidConfigError)) throw problem;
		process.stderr.write(`${problem.message}\n`);
		return 1;
	}
}

/** Resolves on the first SIGTERM or SIGINT; a second one ends everything at once, as an impatient operator expects. */
function stopSignal(kill: () => void): Promise<void> {
	return new Promise((resolve) => {
		let asked = false;
		const stop = () => {
			if (asked) {
				kill();
				process.exit(1);
			}
			asked = true;
			resolve();
		};
		process.on('SIGTERM', stop);
		process.on('SIGINT', stop);
	});
}
