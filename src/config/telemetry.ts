/** Where traces, metrics and logs are sent, besides the admin listener and the audit file. */
import { isFieldValue } from '#formats/header-value';
import { isLoopbackHost } from '#formats/ip';
import { defaults } from './defaults.ts';
import type { TelemetryDefinition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import { bareHost, parseUrl } from './reading.ts';
import type { ConfigFile } from './schema.ts';

type OtlpFile = NonNullable<NonNullable<ConfigFile['telemetry']>['otlp']>;

export function readTelemetry(file: ConfigFile['telemetry'], report: Report): TelemetryDefinition {
	return { otlp: file?.otlp === undefined ? undefined : readOtlp(file.otlp, ['telemetry', 'otlp'], report) };
}

function readOtlp(file: OtlpFile, path: ConfigPath, report: Report): TelemetryDefinition['otlp'] {
	const headers = file.headers ?? {};
	checkEndpoint(file.endpoint, Object.keys(headers).length > 0, [...path, 'endpoint'], report);
	for (const [name, value] of Object.entries(headers)) {
		if (!isFieldValue(value)) report.error([...path, 'headers', name], 'the value cannot stand in a header');
	}
	return {
		endpoint: file.endpoint.replace(/\/$/, ''),
		headers,
		traces: file.traces ?? true,
		metrics: file.metrics ?? false,
		logs: file.logs ?? false,
		sample: file.sample ?? defaults.telemetry.sample,
		serviceName: file.service_name ?? defaults.telemetry.serviceName,
	};
}

function checkEndpoint(endpoint: string, hasHeaders: boolean, path: ConfigPath, report: Report): void {
	const url = parseUrl(endpoint);
	if (
		url === undefined ||
		!/^https?:$/.test(url.protocol) ||
		url.username !== '' ||
		url.search !== '' ||
		url.hash !== ''
	) {
		report.error(path, 'expected an http: or https: URL without user, query and fragment', {
			fix: 'For example: http://127.0.0.1:4318. An API key belongs into headers.',
		});
		return;
	}
	if (url.protocol === 'http:' && hasHeaders && !isLoopbackHost(bareHost(url))) {
		report.warning(path, 'the headers, and whatever key is in them, go to the collector unencrypted');
	}
}
