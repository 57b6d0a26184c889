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

/** The one word that says what to do; anything else, or more words, is a UsageError. */
export function actionOf<A extends string>(actions: readonly A[], [word, ...more]: readonly string[]): A {
	const action = actions.find((name) => name === word);
	if (action === undefined || more.length > 0) throw new UsageError(`expected one of ${actions.join(', ')}`);
	return action;
}

export function textOption(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}
