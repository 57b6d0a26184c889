/** The command line: one file a command, each with its own `--help`. Exit status 0 good, 1 refused or invalid, 2 usage. */
import { commands } from './commands.ts';
import { UsageError } from './usage.ts';

const usage = `Countersign: an API gateway whose main job is the access token.

Usage: countersign <command> [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

Each command has --help. Documentation: docs/configuration.md, docs/troubleshooting.md
`;

async function main(args: readonly string[]): Promise<number> {
	const [name, ...rest] = args;
	if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
		(name === undefined ? process.stderr : process.stdout).write(usage);
		return name === undefined ? 2 : 0;
	}
	const command = commands.find((candidate) => candidate.name === name);
	if (command === undefined) {
		process.stderr.write(`countersign: there is no command "${name}". See countersign --help\n`);
		return 2;
	}
	try {
		return await command.run(rest);
	} catch (problem) {
		if (problem instanceof UsageError) {
			process.stderr.write(`countersign ${name}: ${problem.message}\nSee countersign ${name} --help\n`);
			return 2;
		}
		process.stderr.write(`countersign ${name}: ${problem instanceof Error ? problem.message : String(problem)}\n`);
		return 1;
	}
}

// Who reads our output may leave before we do (`| head`, a log collector that restarts): that ends no gateway.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

process.exitCode = await main(process.argv.slice(2));
