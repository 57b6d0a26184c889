/** How old secrets and keys are, by their place in the configuration. */
import type { Meter } from '#core/index';
import { metrics } from './catalogue.ts';
import { createNamed } from './named-series.ts';

export interface SecretsState {
	/** Name of the series → seconds; of several the oldest. */
	readonly ages: ReadonlyMap<string, number>;
	/** How many are older than they may be. */
	readonly tooOld: number;
}

/** From now on the meter asks `look` before each reading. */
export function measureSecrets(meter: Meter, look: () => SecretsState): void {
	const age = createNamed((secret) => meter.series(metrics.secretAge, [secret]));
	const tooOld = meter.series(metrics.secretsTooOld, []);
	meter.beforeReading(() => {
		const state = look();
		age.record(state.ages, (seconds) => seconds);
		tooOld.record(state.tooOld);
	});
}
