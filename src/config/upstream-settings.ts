/** What the file says of an upstream beside its address: pool, ejection, health check and TLS, with their defaults. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { EjectionSettings, HealthCheckSettings, PoolSettings, UpstreamTls } from '#core/index';
import { parseHost } from '#formats/host';
import { defaults } from './defaults.ts';
import type { ConfigPath } from './diagnostics.ts';
import { type Reading, readNamedFile, timerMilliseconds } from './reading.ts';
import type { UpstreamFile } from './schema-upstream.ts';

export function readPool(
	{ pool = {}, resolve_after: resolveAfter }: UpstreamFile,
	path: ConfigPath,
	{ report }: Reading,
): PoolSettings {
	const preset = defaults.upstream.pool;
	const at = [...path, 'pool'];
	const maxConnections = pool.max_connections ?? preset.maxConnections;
	return {
		maxConnections,
		maxIdle: pool.max_idle ?? Math.min(preset.maxIdle, maxConnections),
		idleTimeout: timerMilliseconds(pool.idle_timeout ?? preset.idleTimeout, [...at, 'idle_timeout'], report),
		maxRequests: pool.max_requests ?? Number.POSITIVE_INFINITY,
		maxWaiting: pool.max_waiting ?? preset.maxWaiting,
		waitTimeout: timerMilliseconds(pool.wait_timeout ?? preset.waitTimeout, [...at, 'wait_timeout'], report),
		resolveAfter: timerMilliseconds(resolveAfter ?? defaults.upstream.resolveAfter, [...path, 'resolve_after'], report),
	};
}

export function readEjection({ ejection = {} }: UpstreamFile, path: ConfigPath, { report }: Reading): EjectionSettings {
	const preset = defaults.upstream.ejection;
	const at = [...path, 'ejection'];
	const time = timerMilliseconds(ejection.time ?? preset.time, [...at, 'time'], report);
	const maxTime = timerMilliseconds(ejection.max_time ?? preset.maxTime, [...at, 'max_time'], report);
	if (ejection.max_time !== undefined && maxTime < time) {
		report.error([...at, 'max_time'], 'shorter than the time of the first ejection');
	}
	return {
		failures: ejection.failures ?? preset.failures,
		statuses: ejection.statuses ?? [],
		time,
		maxTime: Math.max(time, maxTime),
	};
}

export function readHealthCheck(
	{ health_check: check }: UpstreamFile,
	path: ConfigPath,
	{ report }: Reading,
): HealthCheckSettings | undefined {
	if (check === undefined) return undefined;
	const preset = defaults.upstream.healthCheck;
	const at = [...path, 'health_check'];
	if (!/^\/[\x21-\x7e]*$/.test(check.path) || check.path.includes('#')) {
		report.error([...at, 'path'], 'expected a path that begins with /, such as /health');
	}
	return {
		path: check.path,
		interval: timerMilliseconds(check.interval ?? preset.interval, [...at, 'interval'], report),
		timeout: timerMilliseconds(check.timeout ?? preset.timeout, [...at, 'timeout'], report),
		healthy: check.healthy ?? preset.healthy,
		unhealthy: check.unhealthy ?? preset.unhealthy,
		statuses: check.statuses ?? [],
	};
}

/** `isSecure`: whether every endpoint is `https:`. Undefined after reporting why, too. */
export function readUpstreamTls(
	{ tls }: UpstreamFile,
	isSecure: boolean,
	path: ConfigPath,
	reading: Reading,
): UpstreamTls | undefined {
	if (tls === undefined) return undefined;
	const { report } = reading;
	const at = [...path, 'tls'];
	if (!isSecure) {
		report.error(at, 'tls is for https: endpoints', { at: 'key', fix: 'Write https: in the URL.' });
		return undefined;
	}
	const file = (key: 'ca' | 'client_certificate' | 'client_key'): string | undefined => {
		const name = tls[key];
		return name === undefined ? undefined : readNamedFile(reading, name, [...at, key])?.text;
	};
	const [ca, certificate, key] = [file('ca'), file('client_certificate'), file('client_key')];
	if ((tls.client_certificate === undefined) !== (tls.client_key === undefined)) {
		report.error(at, 'client_certificate and client_key go together', { at: 'key' });
	}
	const name = tls.server_name;
	const host = name === undefined ? undefined : parseHost(name);
	if (name !== undefined && (host === undefined || host.port !== undefined)) {
		report.error([...at, 'server_name'], 'expected the name of a host');
	}
	if (ca !== undefined && !isUsable(() => new X509Certificate(ca))) {
		report.error([...at, 'ca'], 'the file holds no usable PEM certificate');
	}
	if (
		certificate !== undefined &&
		key !== undefined &&
		!isUsable(() => createSecureContext({ cert: certificate, key }))
	) {
		report.error([...at, 'client_certificate'], 'certificate and client_key cannot be used together');
	}
	return { ca, serverName: host?.name, certificate, key };
}

/** The TLS library's own words may hold anything, so only whether it complains is of interest. */
function isUsable(use: () => unknown): boolean {
	try {
		use();
		return true;
	} catch {
		return false;
	}
}
