/** How old the secrets and keys of the configuration are, by their place in it. */
import type { Meter } from '#core/index';
import { metrics } from './catalogue.ts';
import { createNamed } from './named-series.ts';

export interface SecretsState {
	/** Place in the configuration → seconds. */
	readonly ages: ReadonlyMap<string, number>;
	/** Seconds; undefined: none is too old. */
	readonly maxAge: number | undefined;
}

/** From now on the meter asks `look` before each reading. */
export function measureSecrets(meter: Meter, look: () => SecretsState): void {
	const age = createNamed((secret) => meter.series(metrics.secretAge, [secret]));
	const tooOld = meter.series(metrics.secretsTooOld, []);
	meter.beforeReading(() => {
		const { ages, maxAge } = look();
		age.record(ages, (seconds) => seconds);
		tooOld.record(maxAge === undefined ? 0 : [...ages.values()].filter((seconds) => seconds > maxAge).length);
	});
}
