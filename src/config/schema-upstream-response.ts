/** What becomes of what the upstream says in its response, as the configuration file writes it. */
import { z } from 'zod';
import { flag, word } from './schema-values.ts';

export const upstreamResponseSchema = z
	.strictObject({
		www_authenticate: z.enum(['pass', 'strip', 'rewrite']).optional().meta({
			description:
				'`WWW-Authenticate`, `Authentication-Info` and `DPoP-Nonce` of the service: `rewrite` removes them and gives a 401 the route’s own challenge. Default: `rewrite`; `pass` on public routes and with `insecure_passthrough`, where the client can act on them.',
		}),
		set_cookie: z.enum(['pass', 'strip', 'rewrite']).optional().meta({
			description:
				'Cookies that the service sets: `rewrite` binds them to the host that the client called (no `Domain`, `Path` as the client sees it, `Secure`).',
			default: 'pass',
		}),
		token_echo: z.enum(['strip', 'rewrite']).optional().meta({
			description:
				'Fields that hold the credential that the service was given, as it is or percent-encoded: `strip` removes the field, `rewrite` the credential in it. One of fewer than 8 characters is not looked for.',
			default: 'strip',
		}),
		insecure_token_echo: flag()
			.optional()
			.meta({ description: 'Lets clients see credentials that the service sends back in fields.', default: false }),
		remove: z
			.array(word('a header name'))
			.optional()
			.meta({ description: 'Fields that the client does not get, such as `Server`.', default: [] }),
		insecure_shared_cache: flag().optional().meta({
			description:
				'Leaves out `Cache-Control: private` and `Vary`, which guarded routes otherwise add where the service says nothing of it: a shared cache may answer one client with what is another’s.',
			default: false,
		}),
	})
	.meta({ description: 'What becomes of fields of the service’s response. A route replaces single keys.' });

export type UpstreamResponseFile = z.output<typeof upstreamResponseSchema>;
