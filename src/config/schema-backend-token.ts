/** What the upstream gets in place of the client's token, as the configuration file writes it: a word, or a mapping with `type`. */
import { z } from 'zod';

const bare = z.enum(['none', 'insecure_passthrough']);

export const backendTokenSchema = z
	.union(
		[bare, z.strictObject({ type: bare.meta({ description: 'Kind of credential.' }) })],
		'expected none or insecure_passthrough',
	)
	.meta({
		description:
			'What the service gets in place of the client’s token: `none`; `insecure_passthrough` hands the client’s token on.',
	});

export type BackendTokenFile = z.output<typeof backendTokenSchema>;
