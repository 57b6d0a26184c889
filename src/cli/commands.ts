/** The registry of commands, in the order in which `--help` lists them. */
import { runApim } from './apim-test.ts';
import { runCheck } from './check.ts';
import { runDemo } from './demo/index.ts';
import { runExplain } from './explain.ts';
import { runImport } from './import-apim.ts';
import { runKeys } from './keys.ts';
import { runRevoke } from './revoke.ts';
import { runStart } from './start.ts';
import { runToken } from './token.ts';

export interface Command {
	readonly name: string;
	readonly summary: string;
	/** Resolves to the exit status. */
	run(args: readonly string[]): Promise<number>;
}

export const commands: readonly Command[] = [
	{ name: 'start', summary: 'serve with a configuration file', run: runStart },
	{ name: 'check', summary: 'read a configuration file and report every problem in it', run: runCheck },
	{ name: 'explain', summary: 'show every check that a request with a token meets', run: runExplain },
	{
		name: 'token',
		summary: 'decode a token safely, mint one for tests, or make a shared access signature',
		run: runToken,
	},
	{ name: 'keys', summary: 'make, replace and disable key pairs of shared access signatures', run: runKeys },
	{ name: 'revoke', summary: 'deny tokens on every gateway at once, and show what is denied', run: runRevoke },
	{ name: 'apim', summary: 'try and take over policies of Azure API Management', run: runApim },
	{ name: 'import', summary: 'make a configuration of policies of another gateway', run: runImport },
	{ name: 'demo', summary: 'a tour with a real authorization server, a sample API and the gateway', run: runDemo },
];
