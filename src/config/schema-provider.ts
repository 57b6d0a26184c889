/** `providers` of the file, as they are written; what a preset fills in is in presets/. */
import { z } from 'zod';
import { algorithms, sharedAccessFormats } from '#core/index';
import { defaults } from './defaults.ts';
import { clientSchema, decryptionKeySchema, introspectionSchema } from './schema-client.ts';
import {
	audience,
	claimConstant,
	claimName,
	claimTests,
	clients,
	duration,
	durationOrNone,
	flag,
	maxAge,
	maxLifetime,
	oneOrMany,
	scopeName,
	text,
	tokenFrom,
	url,
} from './schema-values.ts';

const sharedKeySchema = z.strictObject({
	primary: z.string().meta({
		description: 'Key as text, at least 16 bytes. Use `${env:…}` or `${file:…}`. `iot_hub`: Base64 of the key.',
	}),
	secondary: z.string().optional().meta({ description: 'Second key that is in force at the same time.' }),
	disabled: flag().optional().meta({ description: 'Whether both keys are out of force.', default: false }),
	scopes: z
		.array(scopeName())
		.optional()
		.meta({ description: 'Scopes that a signature with this key has.', default: [] }),
	claims: z
		.record(claimName(), claimConstant(), 'expected a mapping of claims to values')
		.optional()
		.meta({ description: 'Claims that a signature with this key has, such as `sub`.' }),
});

export const providerSchema = z.strictObject({
	preset: z.enum(['auth0', 'entra', 'okta', 'cognito', 'keycloak']).optional().meta({
		description: 'Fills in what this identity provider really issues. Every other key may be given beside it.',
	}),
	domain: text()
		.optional()
		.meta({ description: '`auth0`, `okta`: domain of the tenant, such as `example.eu.auth0.com`.' }),
	tenants: z
		.array(text())
		.min(1, 'must not be an empty list')
		.optional()
		.meta({ description: '`entra`: ids of the tenants whose tokens are accepted.' }),
	insecure_any_tenant: flag()
		.optional()
		.meta({ description: '`entra`: accepts tokens of every tenant in the world.', default: false }),
	server: text().optional().meta({ description: '`okta`: id of the custom authorization server, such as `default`.' }),
	region: text().optional().meta({ description: '`cognito`: AWS region, such as `eu-central-1`.' }),
	user_pool: text().optional().meta({ description: '`cognito`: id of the user pool.' }),
	base_url: url()
		.optional()
		.meta({ description: '`keycloak`: address of the server, with `/auth` where it still has that.' }),
	realm: text().optional().meta({ description: '`keycloak`: name of the realm.' }),
	tokens: z
		.array(z.enum(['jwt', 'opaque', 'shared_access']))
		.min(1, 'must not be an empty list')
		.optional()
		.meta({
			description:
				'Kinds of token that it issues: `jwt`, verified here; `opaque`, about which it is asked (RFC 7662); or `shared_access`, which stands alone, for signatures with the keys of `keys`.',
			default: ['jwt'],
		}),
	format: z.enum(sharedAccessFormats).optional().meta({
		description:
			'`shared_access`: format of the signatures. `service_bus` also for Event Hubs; `iot_hub` keys are Base64; `apim_management` and `apim_gateway` name no resource.',
	}),
	keys: z
		.record(z.string(), sharedKeySchema, 'expected a mapping of key names to {primary, secondary, …}')
		.optional()
		.meta({ description: '`shared_access`: the keys, by key name. The name is the client.' }),
	stored_keys: flag().optional().meta({
		description:
			'`shared_access`: also takes the key pairs that `countersign keys` makes, which live in the `store`; names of `keys` come first.',
		default: false,
	}),
	unnamed_key: text().optional().meta({
		description:
			'`shared_access`: name of the key that verifies signatures without `skn`. Without it they are refused.',
	}),
	issuer: oneOrMany(text(), 'expected an issuer or a list of issuers').optional().meta({
		description:
			'Exact `iss` of its tokens. Keys are found by discovery from here unless a key source is given. A list needs a key source.',
	}),
	discovery_uri: url()
		.optional()
		.meta({ description: 'Metadata document, where it is not at the well-known place of the issuer.' }),
	jwks_uri: url().optional().meta({ description: 'Key source: URL of the JSON Web Key Set.' }),
	jwks: z
		.looseObject(
			{ keys: z.array(z.looseObject({}), 'expected a list of keys').meta({ description: 'The keys (RFC 7517 §5).' }) },
			'expected {keys: […]}',
		)
		.optional()
		.meta({ description: 'Key source: a JSON Web Key Set with public keys, in place.' }),
	jwks_file: text().optional().meta({ description: 'Key source: file with a JSON Web Key Set.' }),
	public_key_file: text().optional().meta({ description: 'Key source: PEM file with one public key or certificate.' }),
	secret: z.string().optional().meta({
		description:
			'Key source: shared secret for HS256 (32 bytes at least), HS384 (48), HS512 (64), as UTF-8 text. Use `${env:…}` or `${file:…}`.',
	}),
	secret_base64: z.string().optional().meta({
		description:
			'The same where the octets of the secret are given in Base64 (RFC 4648 §4), as in Azure API Management; white space within does not count.',
	}),
	decryption_keys: z.array(decryptionKeySchema).min(1, 'must not be an empty list').optional().meta({
		description:
			'Keys for which the provider may encrypt its JWTs (JWE, RFC 7516). Within there must be a signed JWT, which is verified like any other.',
	}),
	introspection_endpoint: url().optional().meta({
		description: '`opaque`: URL that is asked about tokens. Without it, it is found by discovery from the issuer.',
	}),
	token_endpoint: url().optional().meta({
		description:
			'URL at which `backend_token` of routes gets tokens. Without it, it is found by discovery from the issuer.',
	}),
	client: clientSchema.optional(),
	introspection: introspectionSchema.optional(),
	introspect_jwts: flag().optional().meta({
		description:
			'Whether the provider is asked about JWTs too, once they have verified: what it has revoked is refused no later than `introspection.cache`.',
		default: false,
	}),
	audience: audience().optional().meta({
		description:
			'Accepted `aud`, any of. A route may replace it. `shared_access`: root of the resources that a signature may name, such as `sb://bus.example.net/`; it stands for the origin that clients call.',
	}),
	clients: clients().optional(),
	algorithms: z.array(z.enum(algorithms)).min(1, 'must not be an empty list').optional().meta({
		description: 'Accepted JWS algorithms. HS* only with `secret` or `secret_base64`, and these only with HS*.',
		default: defaults.algorithms,
	}),
	typ: oneOrMany(text(), 'expected a token type or a list of types').optional().meta({
		description:
			'Accepted `typ` of the token header, without regard to case and to `application/`; `absent` for a header without one.',
		default: defaults.typ,
	}),
	profile: z.enum(['rfc9068']).optional().meta({ description: '`rfc9068`: `typ` must be `at+jwt`.' }),
	clock_skew: durationOrNone()
		.optional()
		.meta({ description: 'How far clocks may differ in `exp`, `nbf` and `iat`.', default: defaults.clockSkew }),
	max_lifetime: maxLifetime().optional(),
	max_age: maxAge().optional(),
	required_claims: z
		.array(claimName())
		.optional()
		.meta({ description: 'Claims that must be present: names or JSON Pointers.', default: [] }),
	claims: claimTests()
		.optional()
		.meta({ description: 'Rules for claims that hold on every route, beside the route’s own.' }),
	scope_claims: z.array(claimName()).optional().meta({
		description: 'Claims that hold scopes, as text or list; the first one present counts.',
		default: defaults.scopeClaims,
	}),
	extra_scope_claims: z
		.array(claimName())
		.optional()
		.meta({ description: 'Claims whose values count as scopes beside those.', default: [] }),
	client_claims: z.array(claimName()).optional().meta({
		description: 'Claims that name the client; the first one present counts.',
		default: defaults.clientClaims,
	}),
	token_from: tokenFrom().optional(),
	stale_for: duration().optional().meta({
		description:
			'How long keys that were fetched serve when they cannot be fetched again, counted from the last good fetch; 5m to 30d.',
		default: defaults.staleFor,
	}),
	insecure_http: flag().optional().meta({
		description: 'Allows `http:` for metadata and keys beyond loopback: whoever is on the way can plant keys.',
		default: false,
	}),
});
