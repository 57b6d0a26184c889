/**
 * Every metric of the gateway, in one table: what it is called, what it means, and what tells its series apart. The
 * recording, docs/metrics.md, the alert rules and the dashboard are all held to it. Labels take their values from the
 * configuration or from a fixed set, so that no client can make series; the one exception, `client`, is capped.
 */
import type { MetricDescription } from '#core/index';

const counter = (name: string, help: string, labels: readonly string[] = []): MetricDescription => ({
	name,
	kind: 'counter',
	help,
	labels,
});

/** `together`: of several workers; the largest says what is worst where a sum would say nothing. */
const gauge = (
	name: string,
	help: string,
	labels: readonly string[] = [],
	together: MetricDescription['together'] = 'sum',
): MetricDescription => ({ name, kind: 'gauge', help, labels, together });

const histogram = (
	name: string,
	help: string,
	labels: readonly string[],
	buckets: readonly number[],
): MetricDescription => ({ name, kind: 'histogram', help, labels, buckets });

export const metrics = {
	decisions: counter(
		'countersign_decisions_total',
		'Requests that are over, by what was decided: decision is allow, answer, deny or fault, reason the one of the audit record.',
		['route', 'provider', 'decision', 'reason'],
	),
	responses: counter(
		'countersign_responses_total',
		'Answers to clients by class of their status; class is none when the client went away before.',
		['route', 'class'],
	),
	inFlight: gauge('countersign_requests_in_flight', 'Requests, and tunnels, that are not over.'),
	decisionDuration: histogram(
		'countersign_decision_duration_seconds',
		'Time to a verdict; token is recalled (known to be genuine), verified (seen first, or refused) or none.',
		['token'],
		[0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5, 10],
	),
	upstreamDuration: histogram(
		'countersign_upstream_duration_seconds',
		'Time from forwarding a request to the head of the upstream’s response.',
		['route'],
		[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
	),
	upstreamConnections: gauge(
		'countersign_upstream_connections',
		'Open connections to an endpoint of an upstream; state is in_use (WebSockets and those being opened included) or idle.',
		['endpoint', 'state'],
	),
	upstreamEndpointState: gauge(
		'countersign_upstream_endpoint_state',
		'1 for the state that an endpoint is in: available, ejected (it failed requests and is left out for a while) or unhealthy (by its health check). Of endpoints that were used or are checked; of several workers, whatever one of them sees.',
		['endpoint', 'state'],
		'max',
	),
	upstreamWaiting: gauge('countersign_upstream_waiting', 'Requests that wait for a connection to an upstream.', [
		'upstream',
	]),
	upstreamRefused: counter(
		'countersign_upstream_refused_total',
		'Requests answered 503 overloaded because too many to their upstream were under way or waiting, or one waited too long.',
		['upstream'],
	),
	upstreamRepeated: counter(
		'countersign_upstream_repeated_total',
		'Requests sent again, where the first attempt cannot have had an effect.',
		['upstream'],
	),
	cacheLookups: counter(
		'countersign_token_cache_lookups_total',
		'Tokens looked up in the cache of genuine tokens; outcome is hit or miss.',
		['outcome'],
	),
	cacheEntries: gauge('countersign_token_cache_entries', 'Tokens in the cache of genuine tokens.'),
	tokenLifetime: histogram(
		'countersign_token_lifetime_seconds',
		'Lifetime (exp − iat) of genuine tokens, counted when a token is seen first.',
		['provider'],
		[60, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 604800, 2592000],
	),
	closeToExpiry: counter(
		'countersign_tokens_close_to_expiry_total',
		'Allowed requests whose token had less than 60 seconds left: these clients renew late. The first 100 clients by name, the rest as other.',
		['client'],
	),
	gatewayTokens: counter(
		'countersign_gateway_tokens_total',
		'Requests with a genuine token of a self-hosted gateway (format apim_gateway) that ends soon or has ended; state is near_expiry (allowed, less than seven days left) or expired (refused). The first gateways of a provider by name, at least 100, the rest as other.',
		['provider', 'gateway', 'state'],
	),
	keyFetches: counter(
		'countersign_key_fetches_total',
		'Attempts to fetch a provider’s keys; outcome is ok or failed.',
		['provider', 'outcome'],
	),
	keyAge: gauge('countersign_key_age_seconds', 'Time since a provider’s keys were last fetched.', ['provider'], 'max'),
	keys: gauge('countersign_keys', 'Keys of a provider that can be used.', ['provider'], 'min'),
	keysState: gauge(
		'countersign_keys_state',
		'1 for the state that a provider’s keys are in: ready, stale (last good keys serve) or unavailable (its routes answer 503).',
		['provider', 'state'],
		'max',
	),
	introspections: counter(
		'countersign_introspections_total',
		'Calls that ask a provider about a token; outcome is active, inactive, failed, or kept_back (nobody was asked: the circuit is open, or too many wait). The last two answer 503.',
		['provider', 'outcome'],
	),
	introspectionDuration: histogram(
		'countersign_introspection_duration_seconds',
		'Time of those calls, with the wait for a turn.',
		['provider'],
		[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
	),
	introspectedJwts: counter(
		'countersign_introspected_jwts_total',
		'Tokens that were asked about and are JWTs: they could be verified without a call.',
		['provider'],
	),
	exchanges: counter(
		'countersign_exchanges_total',
		'Calls that exchange a client’s token for one for an upstream; outcome is issued, refused (about this token: 401), failed, or kept_back (nobody was asked: the circuit is open, or too many wait). The last two answer 503.',
		['server', 'outcome'],
	),
	exchangeDuration: histogram(
		'countersign_exchange_duration_seconds',
		'Time of those calls, with the wait for a turn.',
		['server'],
		[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
	),
	exchangeHits: counter(
		'countersign_exchange_cache_hits_total',
		'Requests for which an exchanged token was there already.',
		['server'],
	),
	exchangedKept: gauge('countersign_exchange_cache_entries', 'Exchanged tokens that are kept.', ['server']),
	ownTokenLeft: gauge(
		'countersign_own_token_remaining_seconds',
		'Time that the gateway’s own token for an upstream has left (client_credentials, managed_identity, the actor’s of an exchange); 0: there is none.',
		['token'],
		'min',
	),
	ownTokenFailing: gauge(
		'countersign_own_token_failing',
		'1 while the gateway cannot get its own token anew.',
		['token'],
		'max',
	),
	mintingSignatures: counter(
		'countersign_minting_signatures_total',
		'Tokens for upstreams that the gateway signed. Requests that a kept one served are not among them.',
	),
	mintingKeys: gauge(
		'countersign_minting_keys',
		'Keys of minted tokens by state: coming, signing, leaving, or published (given beside the one that signs). While none is signing, routes that mint answer 503.',
		['state'],
		'min',
	),
	mintingKeyAge: gauge(
		'countersign_minting_key_age_seconds',
		'Time since the key that signs minted tokens was made; of keys that the gateway makes.',
		[],
		'max',
	),
	mintingFailing: gauge(
		'countersign_minting_keys_failing',
		'1 while the gateway cannot keep its minting keys up: the next one is not made, or those in the store cannot be opened.',
		[],
		'max',
	),
	limitRefused: counter('countersign_rate_limit_refused_total', 'Requests that a rate limit refused.', ['limit']),
	limitUncounted: counter(
		'countersign_rate_limit_uncounted_total',
		'Times that the store did not answer for a shared rate limit: the request was answered 503, or counted by this process alone.',
		['limit'],
	),
	limitKeys: gauge(
		'countersign_rate_limit_keys',
		'Keys of a rate limit that are held in memory; those of a shared one are in the store.',
		['limit'],
	),
	clockSkew: gauge(
		'countersign_clock_skew_seconds',
		'How far a provider’s clock, by the Date of its answers, is ahead of ours.',
		['provider'],
		'max',
	),
	secretAge: gauge(
		'countersign_secret_age_seconds',
		'Age of a secret or key: since its file was last written, the gateway made it, or this process first saw it. By its place in the configuration; minting.keys is the key that signs, stored_keys of a provider the oldest one in the store.',
		['secret'],
		'max',
	),
	secretsTooOld: gauge(
		'countersign_secrets_too_old',
		'Secrets and keys that are older than max_secret_age.',
		[],
		'max',
	),
	configReloads: counter(
		'countersign_config_reloads_total',
		'New configurations found; outcome is ok (in force) or failed (rejected, the one before serves).',
		['outcome'],
	),
	configLoaded: gauge(
		'countersign_config_loaded_timestamp_seconds',
		'When the configuration in force became so, in seconds since the epoch.',
	),
	configRejected: gauge(
		'countersign_config_rejected_timestamp_seconds',
		'When the configuration on disk was rejected, in seconds since the epoch; 0 while it is the one in force.',
	),
	workers: gauge(
		'countersign_workers',
		'Workers by state: serving, or absent (starting, or waiting to be started again). Only with several.',
		['state'],
	),
	workerExits: counter(
		'countersign_worker_exits_total',
		'Workers that ended without being told to. Each is started again.',
	),
	revocations: gauge('countersign_revocations', 'Revocations in force on this gateway.', [], 'max'),
	revocationRevision: gauge(
		'countersign_revocation_revision',
		'Revision of the revocations that this gateway has applied; gateways that share a store should agree within a second.',
		[],
		'min',
	),
	storeStale: gauge(
		'countersign_store_stale',
		'1 while the store has not answered for longer than max_staleness: guarded routes answer 503, or with insecure_fail_open pass what may be revoked.',
		[],
		'max',
	),
	storeAge: gauge('countersign_store_age_seconds', 'Time since everything in the store was known here.', [], 'max'),
	storeOutages: counter('countersign_store_outages_total', 'How often the store became stale.'),
	auditDropped: counter('countersign_audit_dropped_total', 'Audit records that were lost.'),
	auditFailing: gauge('countersign_audit_failing', '1 while audit records cannot be written.', [], 'max'),
} as const satisfies Record<string, MetricDescription>;

/** Label values of the clients at most; `other` comes on top. */
export const maxClients = 100;

/** Seconds left at which a token counts as close to its expiry. */
export const closeToExpiry = 60;

/** Seconds left at which a token of a self-hosted gateway should be renewed. */
export const gatewayTokenNearExpiry = 7 * 24 * 3600;

/** Label value where there is no route, provider or reason. */
export const none = 'none';

/** Metrics of the process that stand beside these, from the metrics library. */
export const processMetrics = [
	'process_cpu_seconds_total',
	'process_start_time_seconds',
	'process_resident_memory_bytes',
	'process_open_fds',
	'process_max_fds',
	'nodejs_heap_size_used_bytes',
	'nodejs_eventloop_lag_seconds',
	'nodejs_eventloop_lag_p99_seconds',
	'nodejs_gc_duration_seconds',
] as const;
