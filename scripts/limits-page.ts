/**
 * docs/limits.md: every limit and time-out where a peer of the engine can be slow or large. Numbers come from the source
 * that applies them; `test/limits.test.ts` holds the page to be complete.
 */
import { mostFromOnePiece } from '#apim/run/replace-content';
import { longestReplacement } from '#apim/statements/responses';
import { defaults } from '#config/defaults';
import { drainTime, maxDrained } from '#http/exchange/drain';
import { maxInterim } from '#http/exchange/response-relay';
import { maxTrailer } from '#http/h1/body';
import { maxResponseHead, maxResponseLines } from '#http/h1/response-head';
import * as h2 from '#http/h2/session-options';
import { lingerBytes, lingerTime } from '#http/linger';
import { keepAliveDelay } from '#http/probing';
import { longestStale } from '#http/upstream/addresses';
import { idleMargin, maxIdleTime } from '#http/upstream/endpoint';

interface Row {
	readonly what: string;
	/** With its unit. */
	readonly limit: string;
	/** Configuration key; undefined: fixed. */
	readonly key?: string;
	readonly effect: string;
}

const { limits, timeouts, upstream } = defaults;
const none = 'no limit';

const sections: readonly (readonly [title: string, rows: readonly Row[]])[] = [
	[
		'Clients',
		[
			{
				what: 'connections open at once, handshakes and tunnels too',
				limit: none,
				key: 'limits.connections',
				effect: 'closed as it comes',
			},
			{ what: 'TLS handshake', limit: timeouts.tlsHandshake, key: 'timeouts.tls_handshake', effect: 'closed' },
			{
				what: 'a request’s head, from its first byte to its last; the first byte on a new connection',
				limit: timeouts.requestHead,
				key: 'timeouts.request_head',
				effect: '408, closed',
			},
			{
				what: 'bytes of a request’s head, request line included',
				limit: limits.headers,
				key: 'limits.headers',
				effect: '431, closed',
			},
			{
				what: 'fields of a request',
				limit: `${limits.headerCount}`,
				key: 'limits.header_count',
				effect: '431, closed',
			},
			{ what: 'bytes of a token', limit: limits.token, key: 'limits.token', effect: '400' },
			{
				what: 'bytes of a request’s body',
				limit: none,
				key: 'limits.body',
				effect: '413; the upstream’s side is broken off',
			},
			{
				what: 'two pieces of a request’s body; a client that reads nothing of its response',
				limit: timeouts.requestBody,
				key: 'timeouts.request_body',
				effect: '408, or the response is broken off',
			},
			{ what: 'bytes of trailer fields, which are dropped', limit: size(maxTrailer), effect: '400, closed' },
			{ what: 'time between two requests', limit: timeouts.keepAlive, key: 'timeouts.keep_alive', effect: 'closed' },
			{ what: 'pipelined requests', limit: 'one under way', effect: 'the rest waits in the client’s socket' },
			{
				what: 'rest of a body that nobody wants, once it is answered',
				limit: `${size(lingerBytes)} and ${time(lingerTime)}`,
				effect: 'closed',
			},
			{
				what: 'a tunnel on which nothing moves',
				limit: timeouts.tunnelIdle,
				key: 'timeouts.tunnel_idle',
				effect: 'closed',
			},
			{
				what: 'a tunnel whose token has expired or was revoked; with `all` a response, too',
				limit: `\`${defaults.endAtExpiry}\``,
				key: 'end_at_expiry',
				effect: 'closed, broken off',
			},
			{
				what: 'a peer that is silent, client or upstream',
				limit: time(keepAliveDelay),
				effect: 'TCP asks whether it is there (keep-alive); closed when it is not',
			},
			{
				what: 'requests under way when the process is told to stop',
				limit: timeouts.drain,
				key: 'timeouts.drain',
				effect: 'cut',
			},
		],
	],
	[
		'HTTP/2',
		[
			{
				what: 'streams open at once on a connection',
				limit: `${h2.maxStreams}`,
				effect: 'REFUSED_STREAM; GOAWAY for a client that knows the limit',
			},
			{
				what: 'bytes of a request’s body that wait in a stream, and in all of a connection',
				limit: `${size(h2.streamWindow)}, ${size(h2.connectionWindow)} in flight`,
				effect: 'the client must wait (flow control)',
			},
			{
				what: 'head beyond the limits above',
				limit: 'twice as many fields, twice as many bytes',
				effect: 'RST_STREAM in place of 431 (HPACK bomb)',
			},
			{ what: 'CONTINUATION frames of a head', limit: '8', effect: 'GOAWAY (CONTINUATION flood)' },
			{ what: 'table with which a client compresses its heads', limit: size(h2.headerTable), effect: 'GOAWAY' },
			{
				what: 'streams that the client resets',
				limit: rate(h2.resetBurst, h2.resetRate),
				effect: 'GOAWAY (rapid reset, CVE-2023-44487)',
			},
			{
				what: 'PING and SETTINGS frames',
				limit: rate(h2.controlBurst, h2.controlRate),
				effect: 'GOAWAY (CVE-2019-9512, CVE-2019-9515)',
			},
			{ what: 'entries of a SETTINGS frame', limit: `${h2.maxSettings}`, effect: 'GOAWAY' },
			{ what: 'PINGs of our own without an answer', limit: `${h2.maxOutstandingPings}`, effect: 'none is sent' },
			{
				what: 'frames that break the protocol, empty DATA among them',
				limit: `${h2.maxInvalidFrames} a connection`,
				effect: 'GOAWAY (CVE-2019-9518, CVE-2025-8671)',
			},
			{ what: 'streams refused as they are opened', limit: `${h2.maxRejectedStreams} a connection`, effect: 'GOAWAY' },
			{
				what: 'memory of a connection: heads, queues, buffers',
				limit: `${h2.maxSessionMemory} MB`,
				effect: 'new streams are refused',
			},
			{
				what: 'a connection without streams',
				limit: timeouts.keepAlive,
				key: 'timeouts.keep_alive',
				effect: 'GOAWAY, closed',
			},
		],
	],
	[
		'Upstreams',
		[
			{
				what: 'a connection, name and TLS handshake included',
				limit: defaults.upstreamConnectTimeout,
				key: 'upstream.connect_timeout',
				effect: 'the next endpoint, or 502',
			},
			{
				what: 'from the request’s last byte to the response’s head',
				limit: defaults.upstreamTimeout,
				key: 'upstream.timeout',
				effect: '504',
			},
			{
				what: 'two pieces of a response’s body',
				limit: upstream.bodyTimeout,
				key: 'upstream.body_timeout',
				effect: 'broken off',
			},
			{
				what: 'bytes and fields of a response’s head',
				limit: `${size(maxResponseHead)}, ${maxResponseLines}`,
				effect: '502',
			},
			{
				what: 'what a policy of Azure API Management looks for with `find-and-replace`, and what takes its place',
				limit: `${size(longestReplacement)} each`,
				effect: 'an error where it is constant, else 500',
			},
			{
				what: 'what that makes of 64KiB of a response',
				limit: size(mostFromOnePiece),
				effect: '502, or broken off',
			},
			{
				what: 'the rest of a response in whose place a policy answers',
				limit: `${size(maxDrained)}, ${time(drainTime)}`,
				effect: 'its connection is closed',
			},
			{ what: 'interim responses (1xx) before the final one', limit: `${maxInterim}`, effect: '502' },
			{
				what: 'connections to an endpoint',
				limit: `${upstream.pool.maxConnections}`,
				key: 'upstream.pool.max_connections',
				effect: 'requests wait',
			},
			{
				what: 'requests that wait for a connection',
				limit: `${upstream.pool.maxWaiting}`,
				key: 'upstream.pool.max_waiting',
				effect: '503 with `Retry-After`',
			},
			{
				what: 'time that one waits for a connection',
				limit: upstream.pool.waitTimeout,
				key: 'upstream.pool.wait_timeout',
				effect: '503 with `Retry-After`',
			},
			{
				what: 'requests and tunnels under way, waiting ones included',
				limit: 'what connections and queue hold',
				key: 'upstream.pool.max_requests',
				effect: '503 with `Retry-After`',
			},
			{
				what: 'unused connections to an endpoint',
				limit: `${upstream.pool.maxIdle}`,
				key: 'upstream.pool.max_idle',
				effect: 'closed',
			},
			{
				what: 'an unused connection',
				limit: upstream.pool.idleTimeout,
				key: 'upstream.pool.idle_timeout',
				effect: `closed; where the upstream names a time, ${time(idleMargin)} before that, after ${time(maxIdleTime)} at most`,
			},
			{
				what: 'addresses of a name',
				limit: upstream.resolveAfter,
				key: 'upstream.resolve_after',
				effect: 'the name is resolved anew; addresses that are gone are not used again',
			},
			{
				what: 'the last addresses of a name that cannot be resolved',
				limit: time(longestStale),
				effect: '502 where no connection is open',
			},
			{
				what: 'failures in a row of an endpoint among several',
				limit: `${upstream.ejection.failures}`,
				key: 'upstream.ejection.failures',
				effect: 'it gets no requests for a while, as long as another one is left',
			},
			{
				what: 'that while; doubled each time it fails again',
				limit: upstream.ejection.time,
				key: 'upstream.ejection.time',
				effect: 'one request at a time tries it',
			},
			{
				what: 'what the while grows to',
				limit: upstream.ejection.maxTime,
				key: 'upstream.ejection.max_time',
				effect: 'as before',
			},
			{
				what: 'one health check',
				limit: upstream.healthCheck.timeout,
				key: 'upstream.health_check.timeout',
				effect: 'it counts as a bad one',
			},
		],
	],
];

export function renderLimits(): string {
	const parts = sections.map(([title, rows]) => {
		const lines = rows.map(
			({ what, limit, key, effect }) =>
				`| ${what} | ${limit} | ${key === undefined ? 'fixed' : `\`${key}\``} | ${effect} |`,
		);
		return `## ${title}\n\n| what | limit | key | then |\n|---|---|---|---|\n${lines.join('\n')}\n`;
	});
	return `${head}\n${parts.join('\n')}`;
}

const head = `# Limits and time-outs

<!-- Generated from scripts/limits-page.ts. -->

Everything where a client or an upstream can be slow or large, with what happens then. The limits are defaults where a
[key](configuration.md) is named. Time-outs are met late by at most a quarter of their length; nobody waits for anybody
else’s.

What HTTP/2 does not say here is as in HTTP/1.1: the same head, the same limits, the same decision. One difference is
node:http2’s: a field whose name or value holds an octet that must not be is dropped before anybody sees it, where
HTTP/1.1 answers 400. It is neither judged nor forwarded.
`;

function size(bytes: number): string {
	return bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024}MiB` : `${bytes / 1024}KiB`;
}

function time(milliseconds: number): string {
	return `${milliseconds / 1_000}s`;
}

function rate(burst: number, bySecond: number): string {
	return `${burst} at once, ${bySecond} a second`;
}
