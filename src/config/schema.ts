/**
 * The configuration file, described once: validator, types, editor schema and reference page come from here. What needs
 * more than one value to judge is not here but in define.ts and its neighbours. Texts are checked for shape only.
 */
import { z } from 'zod';
import { storeTypes } from '#core/index';
import { certificateFormats } from '#formats/told-certificate';
import { defaults } from './defaults.ts';
import { apimSchema } from './schema-apim.ts';
import { corsSchema } from './schema-cors.ts';
import { dpopSchema } from './schema-dpop.ts';
import { mintingSchema } from './schema-minting.ts';
import { providerSchema } from './schema-provider.ts';
import { rateLimitSchema } from './schema-rate-limits.ts';
import { routeSchema, ruleSchema } from './schema-route.ts';
import { sessionsSchema } from './schema-sessions.ts';
import { upstreamResponseSchema } from './schema-upstream-response.ts';
import {
	audience,
	clients,
	count,
	duration,
	endAtExpiry,
	flag,
	oneOrMany,
	responses,
	scopeName,
	scopes,
	size,
	text,
	url,
	word,
} from './schema-values.ts';

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
