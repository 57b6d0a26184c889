/** Rate limits as the configuration file writes them. */
import { z } from 'zod';
import { limitKeys } from '#core/index';
import { count, duration, flag } from './schema-values.ts';

export const rateLimitSchema = z.strictObject({
	by: z.enum(limitKeys).meta({
		description:
			'What has a bucket of its own: each `client`, `subject` or `provider` of genuine tokens, or each `address` (IPv6: each /64) of the connection, or as a trusted proxy tells.',
	}),
	on: z.enum(['success', 'failed_authentication']).optional().meta({
		description:
			'What takes from the bucket: `success`, requests that nothing else refuses; `failed_authentication`, credentials that are not genuine, by `address` only.',
		default: 'success',
	}),
	requests: count().meta({ description: 'Requests that may come in the time of `per`, on and on.' }),
	per: duration().meta({ description: 'Time in which the bucket fills by `requests`; 1s to 24h.' }),
	burst: count().optional().meta({
		description: 'Requests that may come at once: what the bucket holds.',
		default: 'requests',
	}),
	everywhere: flag().optional().meta({
		description: 'Holds on every route without being named there; on public routes if it is by address and on success.',
		default: false,
	}),
	shared: flag().optional().meta({
		description: 'Counts in the store, so that several gateways have one bucket. Needs `store.type: redis`.',
		default: false,
	}),
	insecure_fail_open: flag().optional().meta({
		description:
			'`shared`: while the store is away each process counts for itself. Without it such requests are answered 503.',
		default: false,
	}),
});

export type RateLimitFile = z.output<typeof rateLimitSchema>;
