import { InvalidConfigError, startGateway } from '#gateway/start-gateway';
import { createLog } from '#runtime/node/log';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign start --config FILE [--log-format text|json]

Serves until it is told to stop. Prints "listening on http://…" on standard error when it is ready.
SIGTERM and SIGINT let requests under way end first; a second one stops at once.
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

	const log = createLog(process.stderr, { json: format === 'json' });
	try {
		const gateway = await startGateway({ configFile, log });
		process.on('SIGHUP', () => {
			void Promise.all([gateway.reopen(), gateway.reload()]);
		});
		// Before it says that it is ready: whoever waits for that may signal at once.
		const stopped = stopSignal();
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

/** Resolves on the first SIGTERM or SIGINT; a second one ends the process at once, as an impatient operator expects. */
function stopSignal(): Promise<void> {
	return new Promise((resolve) => {
		let asked = false;
		const stop = () => {
			if (asked) process.exit(1);
			asked = true;
			resolve();
		};
		process.on('SIGTERM', stop);
		process.on('SIGINT', stop);
	});
}
