/** `cors` of the file and of its routes, as they are written. */
import { z } from 'zod';
import { defaults } from './defaults.ts';
import { durationOrNone, flag, oneOrMany, text, word } from './schema-values.ts';

export const corsSchema = z
	.strictObject({
		origins: oneOrMany(text(), 'expected an origin or a list of origins').meta({
			description:
				'Origins that may call, such as `https://app.example.com`, or `*` for every one (never with `credentials`).',
		}),
		methods: z
			.array(word('a method'))
			.optional()
			.meta({ description: 'Methods for preflights.', default: defaults.cors.methods }),
		headers: z
			.array(word('a header name'))
			.optional()
			.meta({ description: 'Request headers for preflights.', default: defaults.cors.headers }),
		expose_headers: z
			.array(word('a header name'))
			.optional()
			.meta({ description: 'Response headers that scripts may read.', default: [] }),
		credentials: flag().optional().meta({ description: 'Whether browsers may send cookies.', default: false }),
		max_age: durationOrNone()
			.optional()
			.meta({ description: 'How long browsers may keep a preflight.', default: defaults.cors.maxAge }),
	})
	.meta({ description: 'Cross-origin requests. Preflights are answered by the gateway.' });
