/** A meter that keeps what it is told: `name{value,value}` → amounts in order. */
import type { Meter } from '#core/index';

export interface FakeMeter extends Meter {
	readonly told: ReadonlyMap<string, readonly number[]>;
	/** Sum of what a series was told. */
	sum(name: string, ...values: readonly string[]): number;
	/** Runs what waits for a reading. */
	read(): void;
}

export function fakeMeter(): FakeMeter {
	const told = new Map<string, number[]>();
	const tasks: (() => void)[] = [];
	const keyOf = (name: string, values: readonly string[]) => `${name}{${values.join(',')}}`;
	return {
		told,
		series({ name, labels }, values) {
			if (values.length !== labels.length) throw new Error(`${name} has other labels`);
			const key = keyOf(name, values);
			return {
				record: (value) => void told.set(key, [...(told.get(key) ?? []), value]),
				remove: () => void told.delete(key),
			};
		},
		beforeReading: (task) => void tasks.push(task),
		sum: (name, ...values) => (told.get(keyOf(name, values)) ?? []).reduce((sum, value) => sum + value, 0),
		read() {
			for (const task of tasks) task();
		},
	};
}
