/** Series of one metric by names that come and go. */
import type { Series } from '#core/index';

export interface NamedSeries {
	/** Records one number a name; series of names that are not there go. */
	record<T>(values: ReadonlyMap<string, T>, valueOf: (value: T) => number): void;
}

export function createNamed(make: (name: string) => Series): NamedSeries {
	const known = new Map<string, Series>();
	return {
		record(values, valueOf) {
			for (const [name, value] of values) {
				let series = known.get(name);
				if (series === undefined) known.set(name, (series = make(name)));
				series.record(valueOf(value));
			}
			for (const [name, series] of known) {
				if (values.has(name)) continue;
				series.remove();
				known.delete(name);
			}
		},
	};
}
