import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '#core/index';
import { encodeBase64url } from '#formats/base64url';
import { parseDuration } from '#formats/duration';
import { parseStrictJsonObject } from '#formats/strict-json';
import { encodeUtf8 } from '#formats/utf8';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign token mint --key FILE --issuer ISS [options]

Signs a JWT access token with a local private key and prints it, for tests of a gateway that is configured with the
public half (public_key_file or jwks_file). Do not use the key for anything else.

  --key FILE          private key, PEM (PKCS#8, PKCS#1 or SEC 1): RSA, P-256, P-384, P-521 or Ed25519
  --issuer ISS        iss
  --audience AUD      aud; may be repeated
  --subject SUB       sub
  --client ID         client_id
  --scope SCOPES      scope, space-separated
  --lifetime TIME     30s, 5m (default), 1h
  --kid KID           key id for the header
  --typ TYP           default at+jwt
  --claims JSON       further claims as a JSON object
`;

/** JWS algorithm and digest by key type and curve (RFC 7518 §3.1, RFC 8037 §3.1). */
const algorithms: Readonly<Record<string, { alg: string; hash: string | null }>> = {
	rsa: { alg: 'RS256', hash: 'sha256' },
	prime256v1: { alg: 'ES256', hash: 'sha256' },
	secp384r1: { alg: 'ES384', hash: 'sha384' },
	secp521r1: { alg: 'ES512', hash: 'sha512' },
	ed25519: { alg: 'EdDSA', hash: null },
};

export async function runMint(args: readonly string[]): Promise<number> {
	const text = { type: 'string' } as const;
	const { values } = parseOptions(
		args,
		{
			key: text,
			issuer: text,
			audience: { type: 'string', multiple: true },
			subject: text,
			client: text,
			scope: text,
			lifetime: text,
			kid: text,
			typ: text,
			claims: text,
		},
		false,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const keyFile = textOption(values['key']);
	const issuer = textOption(values['issuer']);
	if (keyFile === undefined) throw new UsageError('--key FILE is missing');
	if (issuer === undefined) throw new UsageError('--issuer ISS is missing');
	const lifetime = parseDuration(textOption(values['lifetime']) ?? '5m');
	if (lifetime === undefined) throw new UsageError('--lifetime is a duration such as 30s, 5m or 1h');

	const key = createPrivateKey(await readFile(keyFile));
	const kind = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : key.asymmetricKeyType;
	const algorithm = algorithms[kind ?? ''];
	if (algorithm === undefined) throw new UsageError(`a key of type ${kind ?? 'unknown'} cannot sign tokens here`);

	const kid = textOption(values['kid']);
	const header = {
		alg: algorithm.alg,
		typ: textOption(values['typ']) ?? 'at+jwt',
		...(kid === undefined ? {} : { kid }),
	};
	const now = Math.floor(Date.now() / 1000);
	const audience = Array.isArray(values['audience']) ? values['audience'] : [];
	const claims = {
		iss: issuer,
		...optional('aud', audience.length === 1 ? audience[0] : audience.length === 0 ? undefined : audience),
		...optional('sub', textOption(values['subject'])),
		...optional('client_id', textOption(values['client'])),
		...optional('scope', textOption(values['scope'])),
		iat: now,
		exp: now + Math.round(lifetime / 1000),
		jti: randomUUID(),
		...furtherClaims(textOption(values['claims'])),
	};
	const input = `${segment(header)}.${segment(claims)}`;
	const signature = sign(algorithm.hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
	process.stdout.write(`${input}.${encodeBase64url(signature)}\n`);
	return 0;
}

function segment(value: object): string {
	return encodeBase64url(encodeUtf8(JSON.stringify(value)));
}

function optional(name: string, value: unknown): object {
	return value === undefined ? {} : { [name]: value };
}

function furtherClaims(text: string | undefined): JsonObject {
	if (text === undefined) return {};
	const claims = parseStrictJsonObject(text);
	if (claims === undefined || !isJsonObject(claims)) throw new UsageError('--claims is not a JSON object');
	return claims;
}
