/** How the gateway asks authorization servers, as the configuration file writes it: who it is there, and introspection. */
import { z } from 'zod';
import { algorithms, keyManagementAlgorithms } from '#core/index';
import { defaults } from './defaults.ts';
import { count, duration, durationOrNone, flag, oneOrMany, text } from './schema-values.ts';

export const clientSchema = z
	.strictObject({
		id: text().optional().meta({ description: '`client_id` of the gateway.' }),
		auth_method: z
			.enum([
				'client_secret_basic',
				'client_secret_post',
				'client_secret_jwt',
				'private_key_jwt',
				'tls_client_auth',
				'bearer',
				'none',
			])
			.optional()
			.meta({
				description:
					'How the gateway authenticates: a method of RFC 7591 §2, RFC 8705 §2, `bearer` with `token`, or `none` for sessions of a public client.',
				default: 'client_secret_basic',
			}),
		secret: z
			.union(
				[
					z.string().min(1, 'must not be empty'),
					z
						.array(z.string().min(1, 'must not be empty'))
						.min(1, 'must not be an empty list')
						.max(2, 'at most two secrets'),
				],
				'expected a secret, or a list of two',
			)
			.optional()
			.meta({
				description:
					'Secret of the `client_secret_…` methods, or two while one replaces the other: the second is tried where the server does not take the first. Use `${env:…}` or `${file:…}`.',
			}),
		private_key_file: text()
			.optional()
			.meta({ description: '`private_key_jwt`: file with the private key, as PEM (not encrypted) or JWK.' }),
		key_id: text()
			.optional()
			.meta({ description: '`private_key_jwt`: `kid` of the assertion. Default: that of the JWK, if any.' }),
		algorithm: z.enum(algorithms).optional().meta({
			description:
				'Algorithm of the assertion. Default: `HS256` with a secret; RS256, ES256, ES384, ES512 or EdDSA by the private key.',
		}),
		audience: text().optional().meta({
			description: '`aud` of the assertion, where the server wants something else than its issuer: its token endpoint.',
		}),
		certificate_file: text()
			.optional()
			.meta({ description: '`tls_client_auth`: PEM file with the certificate and its chain.' }),
		key_file: text().optional().meta({ description: '`tls_client_auth`: PEM file with the private key.' }),
		token: text().optional().meta({ description: '`bearer`: the token. Use `${env:…}` or `${file:…}`.' }),
	})
	.meta({ description: 'The gateway as a client of this provider.' });

export const introspectionSchema = z
	.strictObject({
		cache: durationOrNone().optional().meta({
			description:
				'How long a token counts as active before the provider is asked again, and with it how late a revocation is noticed; `0s`: asks for every request. At most 1h.',
			default: defaults.introspection.cache,
		}),
		negative_cache: durationOrNone().optional().meta({
			description: 'How long an inactive token is refused without asking again; at most 5m.',
			default: defaults.introspection.negativeCache,
		}),
		timeout: duration().optional().meta({
			description: 'Of one call; at most 30s.',
			default: defaults.introspection.timeout,
		}),
		concurrency: count().optional().meta({
			description: 'Calls at a time; others wait for their turn.',
			default: defaults.introspection.concurrency,
		}),
		signed: flag().optional().meta({
			description: 'Whether answers must be signed (RFC 9701), verified with the provider’s keys.',
			default: false,
		}),
	})
	.meta({ description: '`opaque`, `introspect_jwts`: how the provider is asked.' });

export const decryptionKeySchema = z.strictObject({
	file: text()
		.optional()
		.meta({ description: 'File with the private key, as PEM (not encrypted) or JWK; RSA, EC or X25519.' }),
	secret: z.string().optional().meta({
		description: 'Shared secret in base64url, of exactly as many octets as `alg` wants. Use `${env:…}` or `${file:…}`.',
	}),
	kid: text().optional().meta({
		description:
			'`kid` of the tokens that are encrypted for it. Default: that of the JWK; without one it is tried for all.',
	}),
	alg: oneOrMany(z.enum(keyManagementAlgorithms), `expected ${keyManagementAlgorithms.join(', ')}, or a list of these`)
		.optional()
		.meta({
			description:
				'JWE `alg` that it is used with. Default: that of the JWK, else all that the key can do. A secret needs one: `dir`, `A256KW` or `A256GCMKW`.',
		}),
});

export type ClientFile = z.output<typeof clientSchema>;
export type IntrospectionFile = z.output<typeof introspectionSchema>;
