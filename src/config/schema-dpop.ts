/** The `dpop` section of the configuration: how proofs of possession are judged (RFC 9449). */
import { z } from 'zod';
import { algorithms } from '#core/index';
import { defaults } from './defaults.ts';
import { duration, durationOrNone, flag } from './schema-values.ts';

const asymmetric = algorithms.filter((algorithm) => !algorithm.startsWith('HS'));

export const dpopSchema = z
	.strictObject({
		algorithms: z
			.array(z.enum(asymmetric))
			.min(1, 'must not be an empty list')
			.optional()
			.meta({ description: 'Accepted JWS algorithms of proofs.', default: defaults.dpop.algorithms }),
		max_age: duration().optional().meta({
			description: 'How old a proof may be, by its `iat`; up to 10m. For that long its `jti` is kept.',
			default: defaults.dpop.maxAge,
		}),
		clock_skew: durationOrNone().optional().meta({
			description: 'How far the `iat` of a proof may lie ahead; up to 1m.',
			default: defaults.dpop.clockSkew,
		}),
		nonces: flag().optional().meta({
			description:
				'Whether proofs need a nonce of the gateway: a client gets one with its first refusal (RFC 9449 §9).',
			default: false,
		}),
		nonce_lifetime: duration().optional().meta({
			description: 'How long a nonce is good at most, and half of it at least; 10s to 1h.',
			default: defaults.dpop.nonceLifetime,
		}),
		nonce_key: z.string().min(32, 'must have at least 32 characters').optional().meta({
			description:
				'Secret from which nonces are made; the same on all gateways that clients may reach in turn. Default: made of the first of `store.encryption_keys`, else a random one for each start. Use `${env:…}` or `${file:…}`.',
		}),
	})
	.meta({
		description:
			'DPoP proofs. Tokens that are bound to a key (`cnf.jkt`) are honoured without this section too; with it, challenges and CORS offer DPoP on every route that takes JWTs or opaque tokens.',
	});
