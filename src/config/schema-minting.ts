/** How the gateway signs tokens of its own, as the configuration file writes it. */
import { z } from 'zod';
import { mintingAlgorithms } from '#core/index';
import { defaults } from './defaults.ts';
import { duration, flag, text, url } from './schema-values.ts';

export const mintingSchema = z
	.strictObject({
		issuer: url().optional().meta({
			description:
				'`iss` of minted tokens: the URL under which backends reach the gateway. Key set and metadata stand below it. Default: `public_url`.',
		}),
		algorithm: z
			.enum(mintingAlgorithms)
			.optional()
			.meta({ description: 'Of the keys that the gateway makes.', default: defaults.minting.algorithm }),
		rotate_every: duration().optional().meta({
			description: 'How long a key that the gateway made signs, before the next one does; at most 390d.',
			default: defaults.minting.rotateEvery,
		}),
		publish_ahead: duration().optional().meta({
			description:
				'How long a new key is published before it signs: no shorter than backends go without looking at the key set.',
			default: defaults.minting.publishAhead,
		}),
		keys: z
			.array(
				z.strictObject({
					file: text()
						.optional()
						.meta({ description: 'File with the private key: PKCS#8 or other PEM (not encrypted), or a JWK.' }),
					text: text().optional().meta({ description: 'The same as text. Use `${env:…}` or `${file:…}`.' }),
					kid: text()
						.optional()
						.meta({ description: 'Its `kid`. Default: that of the JWK, else its thumbprint (RFC 7638).' }),
				}),
			)
			.min(1, 'must not be an empty list')
			.optional()
			.meta({
				description:
					'Keys in place of those that the gateway makes: the first one signs, all are published. RSA, P-256 or Ed25519.',
			}),
		keys_max_age: duration().optional().meta({
			description: '`Cache-Control: max-age` of key set and metadata; at most `publish_ahead`.',
			default: defaults.minting.keysMaxAge,
		}),
		publish_on: z.enum(['listen', 'admin', 'both']).optional().meta({
			description:
				'Where key set and metadata are served: `listen`, for requests with the host of `issuer`, below its path; `admin`, below `/`.',
			default: defaults.minting.publishOn,
		}),
		insecure_http: flag().optional().meta({
			description: 'Allows an `http:` issuer beyond loopback: whoever is on the way can plant keys at backends.',
			default: false,
		}),
	})
	.meta({ description: 'Tokens of the gateway’s own, for routes with `backend_token: { type: mint }`.' });

export type MintingFile = z.output<typeof mintingSchema>;
