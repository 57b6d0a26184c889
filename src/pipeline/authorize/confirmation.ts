/** What a token is bound to (RFC 7800 §3.1), as far as possession of it can be proven here. */
import { isJsonObject, type JsonValue } from '#core/index';

export interface Confirmation {
	/** `x5t#S256` (RFC 8705 §3.1); undefined: not bound to a certificate. */
	readonly certificate: JsonValue | undefined;
	/** `jkt` (RFC 9449 §6.1); undefined: not bound to a DPoP key. */
	readonly key: JsonValue | undefined;
}

/**
 * The members of `cnf`, their values as they stand: compared exactly with a digest, a malformed one equals none. A text
 * when it is no object, empty, or has a member that nobody here can check: then the token counts for nobody.
 */
export function readConfirmation(cnf: unknown): Confirmation | string {
	if (!isJsonObject(cnf)) return 'cnf is not a JSON object';
	const names = Object.keys(cnf);
	if (names.length === 0) return 'cnf is empty';
	if (names.some((name) => name !== 'x5t#S256' && name !== 'jkt')) return 'cnf has a member that is not supported';
	return { certificate: cnf['x5t#S256'], key: cnf['jkt'] };
}
