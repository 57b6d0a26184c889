/** `backend_token` of a route: which credential the upstream gets, and what `check` says of it. */
import { type BackendTokenSurroundings, readExchange } from './backend-token-exchange.ts';
import { readMint } from './backend-token-mint.ts';
import { readApiKey, readBasic, readClientCredentials, readManagedIdentity } from './backend-token-own.ts';
import type { BackendTokenDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import type { Reading } from './reading.ts';
import type { BackendTokenFile } from './schema-backend-token.ts';

/** Undefined in the file: nothing goes to the upstream, and the same after reporting what is wrong. */
export function readBackendToken(
	file: BackendTokenFile | undefined,
	path: ConfigPath,
	around: BackendTokenSurroundings,
	reading: Reading,
): BackendTokenDefinition {
	const written = typeof file === 'string' ? { type: file } : (file ?? { type: 'none' });
	switch (written.type) {
		case 'none':
			return { type: 'none' };
		case 'insecure_passthrough':
			reading.report.warning(path, 'the upstream gets the client’s token and can use it anywhere else', { at: 'key' });
			return { type: 'insecure_passthrough' };
		case 'mint':
			return readMint(written, path, around, reading);
		case 'exchange':
			return readExchange(written, path, around, reading) ?? { type: 'none' };
		case 'client_credentials':
			return readClientCredentials(written, path, around, reading) ?? { type: 'none' };
		case 'managed_identity':
			return readManagedIdentity(written, path, reading) ?? { type: 'none' };
		case 'api_key':
			return readApiKey(written, path, reading);
		case 'basic':
			return readBasic(written, path, reading);
	}
}
