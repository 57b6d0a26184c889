/** The one place where a WWW-Authenticate challenge is quoted (RFC 9110 §11.6.1, RFC 6750 §3). */
import { isFieldName } from './header-value.ts';

/**
 * A challenge: the scheme and its parameters in the order given, every value a quoted-string (RFC 9110 §5.6.4). Parameters
 * that are undefined are left out. Throws for a scheme or name that is not a token, and for a value with a character
 * outside printable ASCII: such a value is a bug, since nothing from a token or a request belongs in a challenge.
 */
export function formatChallenge(
	scheme: string,
	parameters: readonly (readonly [name: string, value: string | number | undefined])[],
): string {
	if (!isFieldName(scheme)) throw new Error('the scheme of a challenge must be a token');
	const written: string[] = [];
	for (const [name, value] of parameters) {
		if (value === undefined) continue;
		if (!isFieldName(name)) throw new Error('the name of a challenge parameter must be a token');
		written.push(`${name}=${quoteString(String(value), name)}`);
	}
	return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`;
}

function quoteString(value: string, name: string): string {
	if (/[^\x20-\x7e]/.test(value)) throw new Error(`challenge parameter ${name} must be printable ASCII`);
	return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
