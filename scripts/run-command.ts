/** Runs a command of this project, with its own Node and tools first on the path, whoever started the script. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

export const root = join(import.meta.dirname, '..');

export interface Ran {
	/** Exit status; -1 when a signal or the time limit ended the command, or it could not be started. */
	readonly status: number;
	/** Standard output and error, interleaved; empty when they went to the terminal. */
	readonly output: string;
}

export interface RunOptions {
	/** Default: the root of the project. */
	readonly cwd?: string;
	/** Added to the environment. */
	readonly env?: Readonly<Record<string, string>>;
	/** Let the command write to our own output instead of keeping it. Default: false. */
	readonly show?: boolean;
	/** Milliseconds after which the command is killed. Default: five minutes. */
	readonly timeout?: number;
}

/** Never rejects: a command that cannot be started answers with status -1 and says why. Standard input is empty. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
	const output = options.show === true ? 'inherit' : 'pipe';
	const settings: SpawnOptions = {
		cwd: options.cwd ?? root,
		env: environment(options.env),
		stdio: ['ignore', output, output],
	};
	return new Promise((resolve) => {
		let text = '';
		const child = spawn(command, args, settings);
		// Not spawn's own timeout: that keeps us alive for its whole length when there is no such command.
		const limit = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 300_000);
		child.stdout?.on('data', (data: Buffer) => (text += data.toString()));
		child.stderr?.on('data', (data: Buffer) => (text += data.toString()));
		child.on('error', (problem) => {
			clearTimeout(limit);
			resolve({ status: -1, output: `${text}${command}: ${problem.message}` });
		});
		child.on('close', (code, signal) => {
			clearTimeout(limit);
			const why = signal === null ? '' : `\n${command} was ended by ${signal}`;
			resolve({ status: code ?? -1, output: text + why });
		});
	});
}

/** Our own environment with the project's tools first on the path, and without what would change how Node runs them. */
export function environment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
	const { NODE_OPTIONS: _, ...inherited } = process.env;
	const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`;
	return { ...inherited, PATH: path, ...added };
}
