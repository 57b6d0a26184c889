/** How DPoP proofs are judged, from the `dpop` section or from the defaults. */
import { defaults } from './defaults.ts';
import type { DpopDefinition, StoreDefinition } from './definition.ts';
import type { Report } from './diagnostics.ts';
import { seconds } from './reading.ts';
import type { ConfigFile } from './schema.ts';

export function readDpop(value: ConfigFile['dpop'], store: StoreDefinition, report: Report): DpopDefinition {
	const time = (key: 'max_age' | 'clock_skew' | 'nonce_lifetime', fallback: string, least: number, most: number) => {
		const read = seconds(value?.[key] ?? fallback) ?? 0;
		if (read < least || read > most) report.error(['dpop', key], `from ${least} to ${most} seconds`);
		return read;
	};
	const lifetime = time('nonce_lifetime', defaults.dpop.nonceLifetime, 10, 3_600);
	const key = value?.nonce_key ?? store.encryptionKeys[0];
	for (const name of ['nonce_key', 'nonce_lifetime'] as const) {
		if (value?.[name] === undefined || value.nonces === true) continue;
		report.error(['dpop', name], `${name} is for nonces: true`, { at: 'key' });
	}
	if (value?.nonces === true && key === undefined && store.type === 'redis') {
		report.error(['dpop', 'nonces'], 'a nonce of one gateway would be refused by the others', {
			at: 'key',
			fix: 'Set nonce_key, or store.encryption_keys, to the same value on all of them.',
		});
	}
	return {
		isOffered: value !== undefined,
		algorithms: value?.algorithms ?? defaults.dpop.algorithms,
		maxAge: time('max_age', defaults.dpop.maxAge, 1, 600),
		clockSkew: time('clock_skew', defaults.dpop.clockSkew, 0, 60),
		nonces: value?.nonces === true ? { lifetime, key } : undefined,
	};
}
