/** `countersign token decode|mint|sas`: look into a token without believing it, make one for tests, sign with a shared key. */
import { runDecode } from './token-decode.ts';
import { runMint } from './token-mint.ts';
import { runSas } from './token-sas.ts';
import { UsageError } from './usage.ts';

const help = `Usage: countersign token decode [--token-file FILE] [--json]
       countersign token mint --key FILE --issuer ISS [options]
       countersign token sas --format FORMAT --key-name NAME --key-file FILE [--resource URI] [options]

decode   shows header and claims of a JWT, with its times in words. Verifies nothing and prints neither the token nor
         its signature. Reads the token from FILE, or from standard input.
mint     signs a token with a local key, for tests. See countersign token mint --help
sas      makes a shared access signature with one of a provider's keys. See countersign token sas --help
`;

export async function runToken(args: readonly string[]): Promise<number> {
	const [action, ...rest] = args;
	switch (action) {
		case 'decode':
			return runDecode(rest);
		case 'mint':
			return runMint(rest);
		case 'sas':
			return runSas(rest);
		case '--help':
		case '-h':
			process.stdout.write(help);
			return 0;
		case undefined:
			throw new UsageError('say decode, mint or sas');
		default:
			throw new UsageError(`there is no "token ${action}"`);
	}
}
