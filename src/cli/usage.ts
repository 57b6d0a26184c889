import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line itself is wrong: exit status 2. */
export class UsageError extends Error {}

export type Options = NonNullable<ParseArgsConfig['options']>;

/** Parses strictly; an unknown option or a missing value is a UsageError. `--help` is always known. */
export function parseOptions(
	args: readonly string[],
	options: Options,
	allowPositionals: boolean,
): {
	values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
	positionals: readonly string[];
} {
	try {
		return parseArgs({
			args: [...args],
			options: { ...options, help: { type: 'boolean', short: 'h' } },
			allowPositionals,
			strict: true,
		});
	} catch (problem) {
		throw new UsageError(problem instanceof Error ? problem.message : String(problem));
	}
}

export function textOption(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}
