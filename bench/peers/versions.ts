/** Versions of installed packages. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/run-command.ts';

/** `name version`, joined by commas; undefined when one of them is not installed. */
export async function packageVersions(names: readonly string[]): Promise<string | undefined> {
	try {
		const versions = await Promise.all(
			names.map(async (name) => {
				const file = join(root, 'node_modules', name, 'package.json');
				const { version }: { version: string } = JSON.parse(await readFile(file, 'utf8'));
				return `${name} ${version}`;
			}),
		);
		return versions.join(', ');
	} catch {
		return undefined;
	}
}
