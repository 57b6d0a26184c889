/** What is measured of minted tokens: how many were signed, and the keys that sign them. */
import type { Meter } from '#core/index';
import { metrics } from './catalogue.ts';
import { createNamed } from './named-series.ts';

const keyStates = ['coming', 'signing', 'leaving', 'published'] as const;

export interface MintingState {
	/** Stands for whatever counts the signatures: another one begins again at 0. */
	readonly source: WeakKey;
	readonly signatures: number;
	readonly keys: readonly { readonly state: (typeof keyStates)[number] }[];
	/** Seconds since the key that signs was made; undefined: nobody knows, or there is none. */
	readonly keyAge: number | undefined;
	/** Whether the gateway cannot keep its keys up; undefined: it does not make them. */
	readonly failing: boolean | undefined;
}

/** From now on the meter asks `look` before each reading; undefined: nothing is minted. */
export function measureMinting(meter: Meter, look: () => MintingState | undefined): void {
	const counted = new WeakMap<WeakKey, number>();
	const signatures = createNamed(() => meter.series(metrics.mintingSignatures, []));
	const keys = createNamed((state) => meter.series(metrics.mintingKeys, [state]));
	const age = createNamed(() => meter.series(metrics.mintingKeyAge, []));
	const failing = createNamed(() => meter.series(metrics.mintingFailing, []));

	meter.beforeReading(() => {
		const state = look();
		const once = <T>(value: T | undefined) => new Map(value === undefined ? [] : [['', value]]);
		const before = state === undefined ? 0 : (counted.get(state.source) ?? 0);
		signatures.record(once(state?.signatures), (count) => count - before);
		if (state !== undefined) counted.set(state.source, state.signatures);
		const states = state === undefined ? [] : keyStates.map((each) => [each, countOf(state, each)] as const);
		keys.record(new Map(states), (count) => count);
		age.record(once(state?.keyAge), (seconds) => seconds);
		failing.record(once(state?.failing), (isFailing) => (isFailing ? 1 : 0));
	});
}

function countOf({ keys }: MintingState, wanted: (typeof keyStates)[number]): number {
	return keys.filter(({ state }) => state === wanted).length;
}
