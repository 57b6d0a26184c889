/** Single values as the configuration file writes them, and their words for what is wrong. Put together in schema.ts. */
import { z } from 'zod';
import { reasonNames } from '#core/index';
import { defaults } from './defaults.ts';

const durationPattern = /^(0|[1-9][0-9]{0,8})(ms|s|m|h|d)$/;
const positivePattern = /^[1-9][0-9]{0,8}(ms|s|m|h|d)$/;
const sizePattern = /^(0|[1-9][0-9]{0,11})(B|kB|KB|MB|GB|KiB|MiB|GiB)?$/;
/** RFC 9110 §5.6.2. */
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 6749 §3.3, with `{name}` parameters. */
const scopePattern = /^[!#-[\]-~]+$/;

export const text = () => z.string().min(1, 'must not be empty');
export const flag = () => z.boolean('expected true or false');
const durationExpected = 'expected a duration such as 30s, 5m or 1h';
export const duration = () =>
	z.string(durationExpected).regex(positivePattern, `${durationExpected}, longer than nothing`);
export const durationOrNone = () => z.string(durationExpected).regex(durationPattern, durationExpected);
export const size = () => {
	const expected = 'expected a size such as 16KiB or 1MiB';
	return z.union([z.string().regex(sizePattern, expected), z.number().int(expected).nonnegative(expected)], expected);
};
export const count = () => z.int('expected a whole number').positive('must be at least 1');
export const word = (what: string) => z.string().regex(tokenPattern, `expected ${what}`);
export const oneOrMany = <T extends z.ZodType>(item: T, expected: string) =>
	z.union([item, z.array(item).min(1, 'must not be an empty list')], expected);

export const url = () => text();
export const claimName = () => text();

const claimValue = z.union([z.string(), z.number(), z.boolean()], 'expected text, a number, true or false');
/** What a claim is set to, as opposed to tested for. */
export const claimConstant = () =>
	z.union([claimValue, z.array(claimValue)], 'expected text, a number, true, false or a list of these');
const claimTest = z
	.union(
		[
			z.string(),
			z.number(),
			z.boolean(),
			z.strictObject({
				any_of: z
					.array(claimValue)
					.min(1, 'must not be an empty list')
					.optional()
					.meta({ description: 'At least one of these.' }),
				all_of: z
					.array(claimValue)
					.min(1, 'must not be an empty list')
					.optional()
					.meta({ description: 'Every one of these.' }),
			}),
		],
		'expected a value, {any_of: […]} or {all_of: […]}',
	)
	.meta({ description: 'A value that the claim equals (a list claim: contains), or `any_of` / `all_of` with a list.' });
export const claimTests = () => z.record(claimName(), claimTest, 'expected a mapping of claims to values');

const tokenPlace = z.union(
	[
		z.strictObject({
			header: word('a header name').meta({ description: 'Name of a header.' }),
			scheme: z.enum(['bearer', 'any']).optional().meta({
				description:
					'Of `Authorization`: `bearer` takes tokens with that scheme alone, so none that is bound to a DPoP key; `any` takes them behind whatever scheme, and without one. Default: Bearer and DPoP.',
			}),
		}),
		z.strictObject({ cookie: word('a cookie name').meta({ description: 'Name of a cookie.' }) }),
		z.strictObject({
			insecure_query: text().meta({
				description: 'Name of a parameter in the URL, which ends up in logs and histories.',
			}),
		}),
	],
	'expected {header: name}, {cookie: name} or {insecure_query: name}',
);
export const tokenFrom = () =>
	oneOrMany(tokenPlace, 'expected {header: name}, {cookie: name}, {insecure_query: name} or a list of these').meta({
		description:
			'Where the token stands: `{header: X-Access-Token}`, `{cookie: name}`, `{insecure_query: name}`, or a list of these.',
		default: { header: 'Authorization' },
	});

export const scopeName = () => z.string().regex(scopePattern, 'expected one scope: no spaces, quotes or backslashes');
export const scopes = () =>
	z
		.union(
			[
				scopeName(),
				z.array(scopeName()),
				z
					.strictObject({
						all_of: z.array(scopeName()).optional().meta({ description: 'Every one of these.' }),
						any_of: z
							.array(scopeName())
							.min(1, 'must not be an empty list')
							.optional()
							.meta({ description: 'At least one of these.' }),
					})
					.refine(
						({ all_of: allOf, any_of: anyOf }) => allOf !== undefined || anyOf !== undefined,
						'expected all_of or any_of',
					),
			],
			'expected a list of scopes, or {all_of: […], any_of: […]}',
		)
		.meta({
			description:
				'Scopes that the token must have: a list (all of them), or `{all_of: […], any_of: […]}`. May hold `{name}` parameters.',
		});

export const audience = () => oneOrMany(text(), 'expected an audience or a list of audiences');
export const clients = () =>
	z
		.array(text(), 'expected a list of client identifiers')
		.min(1, 'must not be an empty list')
		.meta({ description: 'Clients whose tokens are accepted, by `client_claims`. Without it: every client.' });
export const binding = () =>
	z.enum(['if_bound', 'required', 'mtls', 'dpop']).meta({
		description:
			'Whether the token must be bound to a key of the client (`cnf`): `mtls` to its TLS certificate (RFC 8705), `dpop` to the key of its DPoP proofs (RFC 9449), `required` to either. What a token is bound to must be proven under each of them.',
		default: 'if_bound',
	});
export const maxLifetime = () =>
	duration().meta({
		description:
			'Longest `exp` − `iat` that is accepted; of shared access signatures, which have no `iat`, longest time from now to `se`.',
	});
export const maxAge = () => duration().meta({ description: 'Longest time since `iat` that is accepted.' });
export const acrValues = () =>
	z.array(text(), 'expected a list of acr values').min(1, 'must not be an empty list').meta({
		description: 'Authentication context classes, one of which `acr` must be (RFC 9470).',
	});
export const authMaxAge = () =>
	duration().meta({ description: 'Longest time since the user logged in, by `auth_time` (RFC 9470).' });

export const responses = () =>
	z
		.partialRecord(
			z.enum(reasonNames),
			z.union([z.literal(401), z.literal(403)], 'expected 401 or 403'),
			'expected a mapping of reasons to 401 or 403',
		)
		.meta({
			description:
				'Moves a reason whose status is 401 to 403, or back: `{audience_mismatch: 403}`. `credential_malformed` and `credential_repeated`, which are 400, may be 401 or 403 too.',
		});

export const endAtExpiry = () =>
	z.enum(['tunnels', 'all']).meta({
		description:
			'What ends when the token expires or is revoked, or its session ends: `tunnels` (WebSocket and the like), or `all`: also responses that are still under way, such as server-sent events, which are then broken off.',
		default: defaults.endAtExpiry,
	});
