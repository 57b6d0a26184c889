/** What the upstream gets in place of the client's token, as the configuration file writes it: a word, or a mapping with `type`. */
import { z } from 'zod';
import { defaults } from './defaults.ts';
import { clientSchema } from './schema-client.ts';
import { mappingSchema } from './schema-mapping.ts';
import { duration, oneOrMany, text, url, word } from './schema-values.ts';

const bare = z.enum(['none', 'insecure_passthrough']);

const texts = (what: string) => oneOrMany(text(), `expected ${what} or a list of these`);

/** Where the gateway gets tokens, and as whom. */
const serverShape = {
	provider: text().optional().meta({
		description:
			'Provider at whose token endpoint it is got, as the provider’s `client`. Default: the one whose tokens the route accepts; `exchange`: the one that issued the client’s token.',
	}),
	token_endpoint: url()
		.optional()
		.meta({ description: 'URL of the token endpoint, with `client`, in place of `provider`.' }),
	client: clientSchema.optional(),
	timeout: duration()
		.optional()
		.meta({ description: 'Of one call of the token endpoint; at most 30s.', default: defaults.backendToken.timeout }),
	header: word('a header name')
		.optional()
		.meta({ description: 'Header in which the service gets it.', default: 'Authorization' }),
};

const audienceMeta = {
	description: 'For whom: logical names. `mint`, `exchange`: may hold `{name}` parameters of path and host.',
};
const targetShape = {
	audience: texts('an audience').optional().meta(audienceMeta),
	resource: texts('a resource')
		.optional()
		.meta({ description: 'For what: URIs (RFC 8707). `exchange`: may hold `{name}` parameters.' }),
	scope: texts('a scope').optional().meta({
		description:
			'Scopes to ask for; what is issued may have no others. `exchange`: may hold `{name}` parameters; without it no scope beyond those of the client’s token.',
	}),
};

const mintSchema = z.strictObject({
	type: z.literal('mint').meta({ description: 'Kind of credential.' }),
	audience: targetShape.audience.unwrap().meta(audienceMeta),
	lifetime: duration().optional().meta({
		description: '`mint`: how long the token lives, and no longer than the client’s; 5s to 1h.',
		default: defaults.mint.lifetime,
	}),
	claims: z.record(text(), mappingSchema, 'expected a mapping of claims').optional().meta({
		description:
			'`mint`: claim of the token → claim of the client’s token (a name, or a JSON Pointer), or a mapping that says more. `client_id` is there by itself where the client is known.',
	}),
	typ: word('a token type')
		.optional()
		.meta({ description: '`mint`: `typ` of the token’s header.', default: defaults.mint.typ }),
	actor: z.string().min(1, 'must not be empty').optional().meta({
		description:
			'`mint`: name of the gateway as the one who acts for the subject (`act`, RFC 8693 §4.1), before those of the client’s `act`. Without it that stands as it is.',
	}),
	header: serverShape.header,
});

const exchangeSchema = z.strictObject({
	type: z.literal('exchange').meta({ description: 'Kind of credential.' }),
	grant: z.enum(['token_exchange', 'on_behalf_of']).optional().meta({
		description:
			'`exchange`: RFC 8693 (Keycloak, Auth0 and others), or Entra’s on-behalf-of, where `audience` is only what the issued token must be for.',
		default: 'token_exchange',
	}),
	...serverShape,
	...targetShape,
	subject_token_type: text().optional().meta({
		description: '`exchange`: what the client’s token is: `access_token`, `jwt`, `id_token`, or a URI.',
		default: 'access_token',
	}),
	requested_token_type: text().optional().meta({
		description: '`exchange`: what is asked for. Default: the server decides between `access_token` and `jwt`.',
	}),
	actor: z.strictObject(targetShape).optional().meta({
		description:
			'`exchange`: shows the gateway’s own token (client credentials, for this target) as the one of who acts for the subject (`actor_token`).',
	}),
});

const clientCredentialsSchema = z.strictObject({
	type: z.literal('client_credentials').meta({ description: 'Kind of credential.' }),
	...serverShape,
	...targetShape,
});

const managedIdentitySchema = z.strictObject({
	type: z.literal('managed_identity').meta({ description: 'Kind of credential.' }),
	source: z.enum(['imds', 'app_service']).optional().meta({
		description: '`managed_identity`: instance metadata service of a virtual machine, or App Service and Functions.',
		default: 'imds',
	}),
	resource: text().meta({ description: '`managed_identity`: what the token is for.' }),
	client_id: text()
		.optional()
		.meta({ description: '`managed_identity`: client id of a user-assigned identity. Default: that of the system.' }),
	identity_endpoint: url().optional().meta({
		description:
			'`managed_identity`: where it is asked; on this machine or link-local. Default of `imds`: 169.254.169.254; `app_service`: `${env:IDENTITY_ENDPOINT}`, to be written out.',
	}),
	identity_header: text()
		.optional()
		.meta({ description: '`managed_identity`: `${env:IDENTITY_HEADER}` of `app_service`.' }),
	timeout: serverShape.timeout,
	header: serverShape.header,
});

const apiKeySchema = z.strictObject({
	type: z.literal('api_key').meta({ description: 'Kind of credential.' }),
	header: word('a header name')
		.optional()
		.meta({ description: 'Header in which the service gets it.', default: 'X-API-Key' }),
	value: z
		.string()
		.min(1, 'must not be empty')
		.meta({ description: '`api_key`: the key. Use `${env:…}` or `${file:…}`.' }),
});

const basicSchema = z.strictObject({
	type: z.literal('basic').meta({ description: 'Kind of credential.' }),
	username: text().meta({ description: '`basic`: user name (RFC 7617).' }),
	password: z
		.string()
		.min(1, 'must not be empty')
		.meta({ description: '`basic`: password. Use `${env:…}` or `${file:…}`.' }),
});

export const backendTokenSchema = z
	.union(
		[
			bare,
			z.strictObject({ type: bare.meta({ description: 'Kind of credential.' }) }),
			mintSchema,
			exchangeSchema,
			clientCredentialsSchema,
			managedIdentitySchema,
			apiKeySchema,
			basicSchema,
		],
		'expected none, insecure_passthrough or a mapping with type',
	)
	.meta({
		description:
			'What the service gets in place of the client’s token: `none`; `insecure_passthrough` hands the client’s token on; `mint`: a token that the gateway signs; `exchange`: a token for which the client’s is exchanged (RFC 8693); `client_credentials` and `managed_identity`: the gateway’s own; `api_key`, `basic`: what stands in the configuration.',
	});

export type BackendTokenFile = z.output<typeof backendTokenSchema>;
export type MintFile = z.output<typeof mintSchema>;
export type ExchangeFile = z.output<typeof exchangeSchema>;
export type ClientCredentialsFile = z.output<typeof clientCredentialsSchema>;
export type ManagedIdentityFile = z.output<typeof managedIdentitySchema>;
export type ApiKeyFile = z.output<typeof apiKeySchema>;
export type BasicFile = z.output<typeof basicSchema>;
export type TokenServerFile = Pick<ExchangeFile, keyof typeof serverShape>;
export type TokenTargetFile = Pick<ExchangeFile, keyof typeof targetShape>;
