/** `routes` of the file, as they are written, and the rules that a route may have for one provider. */
import { z } from 'zod';
import { apimContextSchema, apimPolicySchema } from './schema-apim.ts';
import { backendTokenSchema } from './schema-backend-token.ts';
import { corsSchema } from './schema-cors.ts';
import { headerMappingSchema } from './schema-mapping.ts';
import { upstreamSchema } from './schema-upstream.ts';
import { upstreamResponseSchema } from './schema-upstream-response.ts';
import {
	acrValues,
	audience,
	authMaxAge,
	binding,
	claimTests,
	clients,
	endAtExpiry,
	flag,
	maxAge,
	maxLifetime,
	oneOrMany,
	responses,
	scopes,
	text,
	tokenFrom,
	url,
	word,
} from './schema-values.ts';

/** Rules that a route has, and that its entry for one provider may replace. */
const ruleShape = {
	audience: audience()
		.optional()
		.meta({ description: 'Accepted `aud`, any of; replaces the provider’s. May hold `{name}` parameters.' }),
	scopes: scopes().optional(),
	clients: clients().optional(),
	claims: claimTests().optional().meta({
		description:
			'Claim → value. A name is literal, dots and URLs included; a JSON Pointer starts with `/`. Values may hold `{name}` parameters.',
	}),
	max_lifetime: maxLifetime().optional(),
	max_age: maxAge().optional(),
	binding: binding().optional(),
	acr_values: acrValues().optional(),
	auth_max_age: authMaxAge().optional(),
	token_from: tokenFrom().optional(),
};

export const ruleSchema = z.strictObject(ruleShape);

export const routeSchema = z.strictObject({
	name: text().optional().meta({ description: 'What logs and metrics call it. Default: methods, host and path.' }),
	host: text().optional().meta({
		description:
			'Host that it is for; `*.example.com` and `{tenant}.example.com` match one label. Without it: every host.',
	}),
	path: text().meta({
		description: 'Path: `{name}` matches one segment of `A-Za-z0-9._~-`; a final `**` matches the rest, and nothing.',
	}),
	methods: oneOrMany(word('a method'), 'expected a method or a list of methods')
		.optional()
		.meta({ description: 'Methods; `GET` includes `HEAD`. Without it: every method.' }),
	public: flag().optional().meta({ description: 'Needs no token, and looks at none.', default: false }),
	providers: z
		.union(
			[
				text(),
				z.array(text()).min(1, 'must not be an empty list'),
				z.record(z.string(), z.union([ruleSchema, z.null()], 'expected a mapping of rules')),
			],
			'expected a list of providers, or a mapping of providers to their own rules',
		)
		.optional()
		.meta({
			description:
				'Providers whose tokens are accepted, by name; or a mapping with that provider’s own rules, which replace the route’s (`claims`: by name; `max_lifetime` and `max_age`: the stricter counts). Required once there are two providers.',
		}),
	...ruleShape,
	insecure_any_audience: flag()
		.optional()
		.meta({ description: 'Accepts tokens that are meant for another service.', default: false }),
	upstream: z
		.union([url(), upstreamSchema], 'expected a URL or a mapping')
		.meta({ description: 'The service behind it: a URL, or a mapping.' }),
	backend_token: backendTokenSchema.optional().meta({ ...backendTokenSchema.meta(), default: 'none' }),
	claims_to_headers: z
		.record(word('a header name'), headerMappingSchema, 'expected a mapping of headers to claims')
		.optional()
		.meta({
			description:
				'Header → claim (a name, or a JSON Pointer), or a mapping that says more. Copies from the client are removed on every route.',
		}),
	upstream_response: upstreamResponseSchema.optional(),
	sessions: oneOrMany(text(), 'expected the name of sessions or a list of names').optional().meta({
		description:
			'Names of the browser sessions that are accepted here beside tokens. Pages that come without one are sent to the login of the first.',
		default: [],
	}),
	cors: corsSchema.optional(),
	responses: responses().optional(),
	rate_limits: oneOrMany(text(), 'expected the name of a rate limit or a list of names').optional().meta({
		description: 'Names of the rate limits that hold here, beside those that hold everywhere.',
		default: [],
	}),
	end_at_expiry: endAtExpiry().optional(),
	apim_policy: apimPolicySchema.optional(),
	apim_context: apimContextSchema.optional(),
	insecure_encoded_slash: flag().optional().meta({
		description: 'Lets `%2f` through as data within a segment: the service must not decode it.',
		default: false,
	}),
});
