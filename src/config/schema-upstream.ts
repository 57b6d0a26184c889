/** The upstream of a route as the configuration file writes it: where it is, how much it gets, and when it is trusted. */
import { z } from 'zod';
import { defaults } from './defaults.ts';
import { count, duration, durationOrNone, flag, text, url } from './schema-values.ts';

const statuses = (expected = 'expected a list of statuses') =>
	z.array(z.int('expected a status').min(100, 'expected a status').max(599, 'expected a status'), expected);

const pool = z
	.strictObject({
		max_connections: count().optional().meta({
			description: 'Connections to one endpoint, WebSockets included. Requests beyond them wait.',
			default: defaults.upstream.pool.maxConnections,
		}),
		max_idle: count().optional().meta({
			description: 'Unused connections kept to one endpoint.',
			default: defaults.upstream.pool.maxIdle,
		}),
		idle_timeout: duration().optional().meta({
			description:
				'How long an unused connection is kept: less than the upstream keeps it. Where the upstream names a time in `Keep-Alive`, that one less a second counts, up to a minute.',
			default: defaults.upstream.pool.idleTimeout,
		}),
		max_requests: count().optional().meta({
			description:
				'Requests and WebSockets under way to the upstream, waiting ones included; 503 beyond. Default: what connections and queue hold.',
		}),
		max_waiting: z.int('expected a whole number').nonnegative('must not be negative').optional().meta({
			description: 'Requests that wait for a connection; 503 beyond.',
			default: defaults.upstream.pool.maxWaiting,
		}),
		wait_timeout: duration().optional().meta({
			description: 'How long one waits for a connection; then 503.',
			default: defaults.upstream.pool.waitTimeout,
		}),
	})
	.meta({
		description: 'What may be open at once. Routes whose upstreams have equal settings share their connections.',
	});

const ejection = z
	.strictObject({
		failures: count().optional().meta({
			description:
				'Failures in a row after which an endpoint is left out: no connection, no answer in time, a response that breaks off.',
			default: defaults.upstream.ejection.failures,
		}),
		statuses: statuses().optional().meta({
			description: 'Statuses of a response that count as failures too, such as `[502, 503, 504]`.',
			default: [],
		}),
		time: duration().optional().meta({
			description: 'For how long; doubled each time it fails again.',
			default: defaults.upstream.ejection.time,
		}),
		max_time: duration().optional().meta({
			description: 'What that grows to at most.',
			default: defaults.upstream.ejection.maxTime,
		}),
	})
	.meta({ description: 'When an endpoint is left out for a while. The last one left is always asked.' });

const healthCheck = z
	.strictObject({
		path: text().meta({
			description: 'What to ask for, such as `/health`; the path of `url` does not come before it.',
		}),
		interval: duration()
			.optional()
			.meta({ description: 'Between two checks of an endpoint.', default: defaults.upstream.healthCheck.interval }),
		timeout: duration()
			.optional()
			.meta({ description: 'For one check.', default: defaults.upstream.healthCheck.timeout }),
		healthy: count().optional().meta({
			description: 'Good checks in a row that bring an endpoint back.',
			default: defaults.upstream.healthCheck.healthy,
		}),
		unhealthy: count().optional().meta({
			description: 'Bad checks in a row that take it out; the first check of all decides alone.',
			default: defaults.upstream.healthCheck.unhealthy,
		}),
		statuses: statuses().min(1, 'must not be an empty list').optional().meta({
			description: 'Statuses of a good answer. Default: 200 to 299.',
		}),
	})
	.meta({
		description: 'Asks every endpoint again and again, with a request of the gateway’s own. Default: no such requests.',
	});

const tls = z
	.strictObject({
		ca: text().optional().meta({
			description: 'PEM file with the authorities of its certificate, in place of the public ones.',
		}),
		server_name: text().optional().meta({
			description: 'Name to ask for (SNI) and to find in its certificate. Default: the endpoint’s host.',
		}),
		client_certificate: text().optional().meta({
			description: 'PEM file with the certificate, and its chain, that the gateway presents.',
		}),
		client_key: text().optional().meta({ description: 'PEM file with the key of `client_certificate`.' }),
	})
	.meta({ description: 'TLS to `https:` endpoints. Certificates are always verified.' });

export const upstreamSchema = z.strictObject({
	url: url().optional().meta({ description: 'Where the service is; its path is put before the request’s.' }),
	endpoints: z.array(url()).min(1, 'must not be an empty list').optional().meta({
		description: 'Several addresses of the service, in place of `url`. The one with the fewest requests gets the next.',
	}),
	strip_prefix: text().optional().meta({ description: 'Taken off the front of the path, whole segments only.' }),
	timeout: duration()
		.optional()
		.meta({ description: 'To the head of the response.', default: defaults.upstreamTimeout }),
	body_timeout: durationOrNone().optional().meta({
		description: 'Between two pieces of the response’s body, event streams included; `0s`: no limit.',
		default: defaults.upstream.bodyTimeout,
	}),
	connect_timeout: duration()
		.optional()
		.meta({ description: 'To a connection.', default: defaults.upstreamConnectTimeout }),
	resolve_after: duration().optional().meta({
		description:
			'For how long the addresses of a name are used before it is resolved anew. Connections to addresses that are gone are not used again.',
		default: defaults.upstream.resolveAfter,
	}),
	preserve_host: flag()
		.optional()
		.meta({ description: 'Sends the client’s `Host` instead of the endpoint’s.', default: false }),
	pool: pool.optional(),
	ejection: ejection.optional(),
	health_check: healthCheck.optional(),
	tls: tls.optional(),
});

export type UpstreamFile = z.output<typeof upstreamSchema>;
