import { readFile, stat } from 'node:fs/promises';
import { policyCheck } from '#assembly/apim-code';
import { clientProblems, decryptionKeyProblems, localKeyProblems } from '#assembly/assemble';
import { formatDiagnostics } from '#config/diagnostics';
import { loadConfig } from '#config/load';
import { nodeCryptography } from '#runtime/node/cryptography';
import { parseOptions, UsageError } from './usage.ts';

const help = `Usage: countersign check FILE [--json]

Reads a configuration file and reports every problem in it at once, with line, column and path: errors (exit status 1),
warnings for what is risky or covers something else, hints for what is usual. Nothing is fetched and nothing is started.

  --json   the findings as JSON on standard output
`;

export async function runCheck(args: readonly string[]): Promise<number> {
	const { values, positionals } = parseOptions(args, { json: { type: 'boolean' } }, true);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const [file, ...others] = positionals;
	if (file === undefined || others.length > 0) throw new UsageError('name one configuration file');

	const { definition, diagnostics } = await loadConfig(file, {
		readFile: (path) => readFile(path, 'utf8'),
		changedAt: async (path) => (await stat(path).catch(() => undefined))?.mtimeMs,
		env: process.env,
		checkKeys: (keys) => localKeyProblems(keys, nodeCryptography),
		checkDecryptionKey: (key) => decryptionKeyProblems(key, nodeCryptography),
		checkClient: (client) => clientProblems(client, nodeCryptography),
		checkPolicy: policyCheck(nodeCryptography),
	});
	const valid = definition !== undefined;
	if (values['json'] === true) {
		process.stdout.write(`${JSON.stringify({ file, valid, diagnostics }, null, 2)}\n`);
		return valid ? 0 : 1;
	}
	if (diagnostics.length > 0) {
		process.stdout.write(`${formatDiagnostics(file, diagnostics, { colour: process.stdout.isTTY })}\n`);
	}
	const count = (severity: string) => diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
	process.stdout.write(
		valid
			? `${file}: good: ${definition.routes.length} routes, ${definition.providers.length} providers, ${count('warning')} warnings, ${count('hint')} hints\n`
			: `${file}: ${count('error')} errors, ${count('warning')} warnings\n`,
	);
	return valid ? 0 : 1;
}
