/** What the scripts of conventional Node gateways share: their setting, and a token check with fast-jwt and its cache. */
import { readFileSync } from 'node:fs';
import { createVerifier } from 'fast-jwt';
import { audience, issuer, requiredScope } from '../tokens.ts';

export const publicKey = readFileSync(process.env['PUBLIC_KEY_FILE'] ?? '', 'utf8');
export const upstream = `http://127.0.0.1:${process.env['BACKEND_PORT'] ?? ''}`;
/** Certificate and key in PEM; undefined for plain HTTP. */
export const tls =
	process.env['TLS_KEY'] === undefined
		? undefined
		: { cert: readFileSync(process.env['TLS_CERTIFICATE'] ?? ''), key: readFileSync(process.env['TLS_KEY']) };

/** Large enough for all tokens of any section. */
const verify: (token: string) => unknown = createVerifier({
	key: publicKey,
	algorithms: ['RS256'],
	allowedIss: issuer,
	allowedAud: audience,
	cache: 150_000,
});

/** 200: the token is good and has the scope. */
export function judge(authorization: string | undefined): 200 | 401 | 403 {
	const [scheme, token] = (authorization ?? '').split(' ');
	if (scheme !== 'Bearer' || token === undefined) return 401;
	try {
		return grants(verify(token)) ? 200 : 403;
	} catch {
		return 401;
	}
}

export function announce(port: number): void {
	process.stdout.write(`listening on port ${port}\n`);
}

function grants(payload: unknown): boolean {
	if (typeof payload !== 'object' || payload === null || !('scope' in payload)) return false;
	return typeof payload.scope === 'string' && payload.scope.split(' ').includes(requiredScope);
}
