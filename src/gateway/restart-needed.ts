/** Settings that a running process cannot change: it goes on with those that it started with, and says so. */
import type { Definition, ListenerDefinition } from '#config/definition';

/** Names of the settings in which `next` differs from what the process started with; empty when a reload is enough. */
export function restartNeeded(started: Definition, next: Definition): readonly string[] {
	return settings.filter(([, of]) => JSON.stringify(of(started)) !== JSON.stringify(of(next))).map(([name]) => name);
}

const settings: readonly (readonly [name: string, of: (definition: Definition) => unknown])[] = [
	['listen', ({ listen }) => listen.map(placeOf)],
	['admin.listen', ({ admin }) => (admin === undefined ? null : [admin.host, admin.port])],
	['audit.file', ({ audit }) => audit.file ?? null],
	['audit.on_overflow', ({ audit }) => audit.onOverflow],
	['state_directory', ({ stateDirectory }) => stateDirectory ?? null],
	['store', ({ store }) => store],
	['trusted_proxies', ({ trustedProxies }) => trustedProxies],
	['limits', ({ limits }) => [limits.headers, limits.headerCount, limits.body ?? null, limits.connections ?? null]],
	['telemetry', ({ telemetry }) => telemetry ?? null],
	['timeouts', ({ timeouts }) => timeouts],
	['workers', ({ workers }) => workers],
];

/** Certificates are renewed in place, so their files may change. */
function placeOf({ host, port, tls }: ListenerDefinition): unknown {
	return [host, port, tls === undefined ? null : [tls.clientCertificate, tls.clientCa === undefined]];
}
