/** The registry of commands, in the order in which `--help` lists them. Only the one that is run is loaded: it stays for long. */

export interface Command {
	readonly name: string;
	readonly summary: string;
	/** Resolves to the exit status. */
	run(args: readonly string[]): Promise<number>;
}

export const commands: readonly Command[] = [
	{
		name: 'start',
		summary: 'serve with a configuration file',
		run: async (args) => (await import('./start.ts')).runStart(args),
	},
	{
		name: 'check',
		summary: 'read a configuration file and report every problem in it',
		run: async (args) => (await import('./check.ts')).runCheck(args),
	},
	{
		name: 'explain',
		summary: 'show every check that a request with a token meets',
		run: async (args) => (await import('./explain.ts')).runExplain(args),
	},
	{
		name: 'token',
		summary: 'decode a token safely, mint one for tests, or make a shared access signature',
		run: async (args) => (await import('./token.ts')).runToken(args),
	},
	{
		name: 'keys',
		summary: 'make, replace and disable key pairs of shared access signatures',
		run: async (args) => (await import('./keys.ts')).runKeys(args),
	},
	{
		name: 'minting',
		summary: 'show, rotate and withdraw the keys of tokens that the gateway mints',
		run: async (args) => (await import('./minting.ts')).runMinting(args),
	},
	{
		name: 'revoke',
		summary: 'deny tokens on every gateway at once, and show what is denied',
		run: async (args) => (await import('./revoke.ts')).runRevoke(args),
	},
	{
		name: 'apim',
		summary: 'try and take over policies of Azure API Management',
		run: async (args) => (await import('./apim-test.ts')).runApim(args),
	},
	{
		name: 'import',
		summary: 'make a configuration of policies of another gateway',
		run: async (args) => (await import('./import-apim.ts')).runImport(args),
	},
	{
		name: 'demo',
		summary: 'a tour with a real authorization server, a sample API and the gateway',
		run: async (args) => (await import('./demo/index.ts')).runDemo(args),
	},
];
