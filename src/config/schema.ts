/**
 * The configuration file, described once: validator, types, editor schema and reference page come from here. What needs
 * more than one value to judge is not here but in define.ts and its neighbours. Texts are checked for shape only.
 */
import { z } from 'zod';
import { algorithms, sharedAccessFormats, storeTypes } from '#core/index';
import { certificateFormats } from '#formats/told-certificate';
import { defaults } from './defaults.ts';
import { apimContextSchema, apimPolicySchema, apimSchema } from './schema-apim.ts';
import { backendTokenSchema } from './schema-backend-token.ts';
import { clientSchema, decryptionKeySchema, introspectionSchema } from './schema-client.ts';
import { dpopSchema } from './schema-dpop.ts';
import { headerMappingSchema } from './schema-mapping.ts';
import { mintingSchema } from './schema-minting.ts';
import { rateLimitSchema } from './schema-rate-limits.ts';
import { sessionsSchema } from './schema-sessions.ts';
import { upstreamSchema } from './schema-upstream.ts';
import { upstreamResponseSchema } from './schema-upstream-response.ts';
import {
	acrValues,
	audience,
	authMaxAge,
	binding,
	claimConstant,
	claimName,
	claimTests,
	clients,
	count,
	duration,
	durationOrNone,
	endAtExpiry,
	flag,
	maxAge,
	maxLifetime,
	oneOrMany,
	responses,
	scopeName,
	scopes,
	size,
	text,
	tokenFrom,
	url,
	word,
} from './schema-values.ts';

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

const listener = z.union(
	[
		text(),
		z.strictObject({
			address: text().meta({ description: '`host:port`; IPv6 in brackets; port 0 takes any free port.' }),
			tls: z
				.strictObject({
					certificate: text().meta({ description: 'PEM file with the certificate and its chain.' }),
					key: text().meta({ description: 'PEM file with the private key.' }),
					client_ca: text().optional().meta({ description: 'PEM file with the authorities of client certificates.' }),
					client_certificate: z
						.enum(['none', 'request', 'require'])
						.optional()
						.meta({ description: 'Whether clients present a certificate.', default: 'none' }),
				})
				.optional()
				.meta({ description: 'TLS, with HTTP/2 for clients that offer it (ALPN); without it plain HTTP/1.1.' }),
		}),
	],
	'expected host:port or {address, tls}',
);

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

export const configSchema = z.strictObject({
	listen: oneOrMany(listener, 'expected host:port, {address, tls} or a list of these').meta({
		description: 'Where the gateway listens: `host:port`, `{address, tls}`, or a list of these.',
	}),
	public_url: url().optional().meta({
		description: 'Origin that clients call, such as `https://api.example.com`; `explain` takes paths below it.',
	}),
	admin: z
		.strictObject({
			listen: text().meta({ description: '`host:port`; loopback only, unless there is `auth`.' }),
			auth: z
				.strictObject({
					provider: text().meta({ description: 'Whose tokens open it: name of a provider.' }),
					scopes: scopes(),
					audience: audience().optional().meta({ description: 'Accepted `aud`, any of; replaces the provider’s.' }),
					clients: clients().optional(),
					key_scopes: oneOrMany(scopeName(), 'expected a scope or a list of scopes').optional().meta({
						description:
							'Scopes that a token needs besides for what shows or makes keys, and tokens of gateways (all of): `POST /keys…` and the calls of API Management.',
					}),
				})
				.optional()
				.meta({
					description:
						'Token that every path but `/healthz`, `/readyz`, `/logout` and the documents of `minting` needs.',
				}),
			insecure_changes: flag().optional().meta({
				description:
					'Without `auth`: lets whoever reaches the listener on this machine revoke tokens, and make and see keys.',
				default: false,
			}),
		})
		.optional()
		.meta({ description: 'Listener for health, metrics, providers, routes and explanations. Plain HTTP.' }),
	audit: z
		.strictObject({
			file: text().optional().meta({ description: 'File to append to. Default: standard output.' }),
			digest_key: z.string().min(16, 'must have at least 16 characters').optional().meta({
				description:
					'Key of the token digests, so that records of several gateways can be joined. Default: a random one per process.',
			}),
			on_overflow: z.enum(['drop', 'refuse']).optional().meta({
				description: 'When records come faster than they can be written: lose records, or refuse requests.',
				default: 'drop',
			}),
		})
		.optional()
		.meta({ description: 'The audit log: one JSON record per decision.' }),
	telemetry: z
		.strictObject({
			otlp: z
				.strictObject({
					endpoint: url().meta({
						description:
							'Base URL of the collector, such as `http://127.0.0.1:4318`; `/v1/traces` and so on come behind.',
					}),
					headers: z
						.record(word('a header name'), z.string(), 'expected a mapping of headers to texts')
						.optional()
						.meta({ description: 'Header fields for the collector: an API key, as `${env:…}`.' }),
					traces: flag().optional().meta({
						description: 'Sends a span for each recorded request, and one for its call to the upstream.',
						default: true,
					}),
					metrics: flag().optional().meta({ description: 'Sends the metrics every 30 seconds.', default: false }),
					logs: flag().optional().meta({ description: 'Sends audit records as log events.', default: false }),
					sample: z.number().min(0, 'from 0 to 1').max(1, 'from 0 to 1').optional().meta({
						description:
							'Share of the traces that begin here that is recorded. A `traceparent` of the client says itself whether its trace is.',
						default: defaults.telemetry.sample,
					}),
					service_name: text()
						.optional()
						.meta({ description: '`service.name` of what is sent.', default: defaults.telemetry.serviceName }),
				})
				.optional()
				.meta({
					description: 'An OpenTelemetry collector (OTLP over HTTP). Needs the optional OpenTelemetry packages.',
				}),
		})
		.optional()
		.meta({ description: 'Traces, metrics and logs for other systems.' }),
	providers: z
		.record(z.string(), providerSchema, 'expected a mapping of names to providers')
		.optional()
		.meta({ description: 'Sources of trust, by name.' }),
	routes: z
		.array(routeSchema, 'expected a list of routes')
		.meta({ description: 'What is forwarded where, and on which terms.' }),
	trusted_proxies: z.array(text()).optional().meta({
		description: 'Addresses and CIDR blocks whose `Forwarded` and `X-Forwarded-*` are believed.',
		default: [],
	}),
	client_certificate_header: z
		.strictObject({
			format: z.enum(certificateFormats).meta({
				description:
					'How the certificate stands in it: `rfc9440` (`Client-Cert`), `xfcc` (Envoy’s `X-Forwarded-Client-Cert` with `Hash` or `Cert`), `pem` (URL-encoded PEM: nginx, AWS), `base64` (the DER encoding: HAProxy, Azure).',
			}),
			name: word('a header name').optional().meta({
				description:
					'Name of the header. Default: `Client-Cert`, `X-Forwarded-Client-Cert`, `X-SSL-Client-Cert` or `X-ARR-ClientCert`, by format.',
			}),
		})
		.optional()
		.meta({
			description:
				'Header in which the `trusted_proxies`, which end TLS, tell of the client’s certificate. They must remove what clients send under that name.',
		}),
	dpop: dpopSchema.optional(),
	limits: z
		.strictObject({
			headers: size().optional().meta({ description: 'Bytes of a request’s head.', default: defaults.limits.headers }),
			header_count: count()
				.optional()
				.meta({ description: 'Header fields of a request.', default: defaults.limits.headerCount }),
			token: size().optional().meta({ description: 'Bytes of a token.', default: defaults.limits.token }),
			body: size().optional().meta({ description: 'Bytes of a request’s body. Default: no limit.' }),
			connections: count()
				.optional()
				.meta({ description: 'Connections open at once, for each worker. Default: no limit.' }),
		})
		.optional()
		.meta({ description: 'What a request may be.' }),
	rate_limits: z
		.record(z.string(), rateLimitSchema, 'expected a mapping of names to rate limits')
		.optional()
		.meta({ description: 'Rate limits, by name: a route names those that hold there.' }),
	timeouts: z
		.strictObject({
			tls_handshake: duration().optional().meta({
				description: 'A client’s TLS handshake, from its connection to the last byte.',
				default: defaults.timeouts.tlsHandshake,
			}),
			request_head: duration().optional().meta({
				description: 'From the first byte of a request to the end of its head.',
				default: defaults.timeouts.requestHead,
			}),
			request_body: duration()
				.optional()
				.meta({ description: 'Between two pieces of a request’s body.', default: defaults.timeouts.requestBody }),
			keep_alive: duration()
				.optional()
				.meta({ description: 'Between two requests on one connection.', default: defaults.timeouts.keepAlive }),
			tunnel_idle: duration()
				.optional()
				.meta({ description: 'A WebSocket on which nothing moves.', default: defaults.timeouts.tunnelIdle }),
			drain: duration()
				.optional()
				.meta({ description: 'What requests under way have left after SIGTERM.', default: defaults.timeouts.drain }),
		})
		.optional()
		.meta({ description: 'How long things may take.' }),
	upstream_response: upstreamResponseSchema.optional(),
	cors: corsSchema.optional(),
	errors: z
		.strictObject({
			expose_reason: flag()
				.optional()
				.meta({ description: 'Names the precise reason in the answer, not only in the audit log.', default: false }),
			realm: z
				.string()
				.regex(/^[ -~]*$/, 'expected printable ASCII')
				.optional()
				.meta({ description: '`realm` of the challenge (RFC 9110 §11.5).' }),
		})
		.optional()
		.meta({ description: 'What refusals say.' }),
	responses: responses().optional(),
	end_at_expiry: endAtExpiry().optional(),
	state_directory: z
		.union([text(), z.literal(false)], 'expected a folder, or false')
		.optional()
		.meta({
			description:
				'Folder for what outlives the process: the last good keys of providers, in `keys/`. Made with mode 0700; `false` keeps nothing.',
			default: defaults.stateDirectory,
		}),
	store: z
		.strictObject({
			type: z.enum(storeTypes).meta({
				description:
					'`memory`: nothing outlives the process. `sqlite`: a file of this machine. `redis`: Redis or Valkey, shared by any number of gateways.',
			}),
			path: text().optional().meta({
				description: '`sqlite`: the file, made with mode 0600. Default: `store.db` in `state_directory`.',
			}),
			url: text().optional().meta({
				description:
					'`redis`: `redis://user:password@host:port/database`, or `rediss://` for TLS. Special characters of the password are percent-encoded.',
			}),
			ca: text().optional().meta({
				description: '`redis`: PEM file of the authorities of its certificate. Default: the public ones.',
			}),
			encryption_keys: z.array(text()).min(1, 'must not be an empty list').optional().meta({
				description:
					'Keys of 32 octets in Base64 that seal what is secret; the first seals, all open. Without one, only `memory` holds secrets.',
			}),
			max_staleness: duration().optional().meta({
				description:
					'How long guarded routes go on without an answer of the store, before they answer 503 `store_unavailable`; 1s to 5m.',
				default: defaults.store.maxStaleness,
			}),
			insecure_fail_open: flag().optional().meta({
				description: 'Serves guarded routes although the store is away: tokens that were revoked meanwhile pass.',
				default: false,
			}),
		})
		.optional()
		.meta({
			description:
				'Where sessions, revocations, key pairs and replays are kept. Default: `sqlite` once something can write there (admin with `auth` or `insecure_changes`, `revocation.logout`, `stored_keys`, `sessions`) and `state_directory` is not false; else `memory`.',
		}),
	revocation: z
		.strictObject({
			logout: z
				.record(
					z.string(),
					z.strictObject({
						audience: audience().meta({
							description:
								'`aud` that its logout tokens must have: the client id under which the logout URL is registered.',
						}),
					}),
					'expected a mapping of providers to {audience}',
				)
				.optional()
				.meta({
					description:
						'Providers whose back-channel logout tokens (OpenID Connect Back-Channel Logout 1.0) end sessions: `POST /logout/PROVIDER` of the admin listener.',
				}),
		})
		.optional()
		.meta({ description: 'What revokes tokens besides the admin API.' }),
	apim: apimSchema.optional().meta({ description: 'What the policies of `apim_policy` refer to.' }),
	sessions: z
		.record(z.string(), sessionsSchema, 'expected a mapping of names to sessions')
		.optional()
		.meta({ description: 'Browser sessions, by name: the gateway keeps the tokens, the browser a cookie.' }),
	minting: mintingSchema.optional(),
	max_secret_age: duration().optional().meta({
		description:
			'Age from which secrets and keys are called too old, those of this file and those that the gateway made: a warning of `check` and in the log, a metric, and `/providers`. Counted from when their file was last written, or they were made; what stands in this file or in the environment, from when the process first saw it. Default: never.',
	}),
	token_cache: size().optional().meta({
		description:
			'Memory for the cache of genuine tokens, of each worker, estimated on the safe side: the default holds about 100,000 tokens of usual size in about 130 MB; 0 switches it off.',
		default: defaults.tokenCache,
	}),
	workers: z
		.union([z.literal('auto'), z.int().min(1).max(256)], 'expected auto, or a number from 1 to 256')
		.optional()
		.meta({
			description:
				'Processes that serve: with 2 or more, a primary process starts them and they share the listeners; `auto`: one for each processor. Needs Node.js 24.19, and not Windows.',
			default: defaults.workers,
		}),
});

/** As written in the file, each key as it passed its own check; `undefined` for those missing or wrong. */
type Parsed<S extends z.ZodObject> = { readonly [K in keyof z.output<S>]?: z.output<S>[K] | undefined };

export type ConfigFile = Parsed<typeof configSchema>;
export type ProviderFile = Parsed<typeof providerSchema>;
export type RouteFile = Parsed<typeof routeSchema>;
export type RuleFile = z.output<typeof ruleSchema>;
export type CorsFile = z.output<typeof corsSchema>;
export type TokenFromFile = NonNullable<RuleFile['token_from']>;
export type ClaimTestsFile = NonNullable<RuleFile['claims']>;
export type ScopesFile = NonNullable<RuleFile['scopes']>;

/** Keys of the file, its providers and its routes that later versions bring. */
export const laterKeys = {
	file: [],
	provider: [],
	route: ['when', 'keep_authorization', 'revocation'],
} as const;

/** Kinds of token and of backend token that later versions bring. */
export const laterValues: readonly string[] = [];
