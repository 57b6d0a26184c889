/** `countersign token decode|mint`: look into a token without believing it, and make one for tests. */
import { runDecode } from './token-decode.ts';
import { runMint } from './token-mint.ts';
import { UsageError } from './usage.ts';

const help = `Usage: countersign token decode [--token-file FILE] [--json]
       countersign token mint --key FILE --issuer ISS [options]

decode   shows header and claims of a JWT, with its times in words. Verifies nothing and prints neither the token nor
         its signature. Reads the token from FILE, or from standard input.
mint     signs a token with a local key, for tests. See countersign token mint --help
`;

export async function runToken(args: readonly string[]): Promise<number> {
	const [action, ...rest] = args;
	switch (action) {
		case 'decode':
			return runDecode(rest);
		case 'mint':
			return runMint(rest);
		case '--help':
		case '-h':
			process.stdout.write(help);
			return 0;
		case undefined:
			throw new UsageError('say decode or mint');
		default:
			throw new UsageError(`there is no "token ${action}"`);
	}
}
