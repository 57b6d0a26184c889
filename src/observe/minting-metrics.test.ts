import { expect, test } from 'vitest';
import { fakeMeter } from '../../test/support/fake-meter.ts';
import { type MintingState, measureMinting } from './minting-metrics.ts';

test('signatures add up over sources that come and go; what is gone is shown no more', () => {
	const meter = fakeMeter();
	const [first, second] = [{}, {}];
	const made: MintingState = {
		source: first,
		signatures: 3,
		keys: [{ state: 'leaving' }, { state: 'signing' }, { state: 'leaving' }],
		keyAge: 60,
		failing: true,
	};
	let state: MintingState | undefined = made;
	measureMinting(meter, () => state);
	meter.read();
	const keys = ['coming', 'signing', 'leaving', 'published'].map((each) =>
		meter.told.get(`countersign_minting_keys{${each}}`)?.at(-1),
	);
	expect(keys).toEqual([0, 1, 2, 0]);
	expect(meter.told.get('countersign_minting_key_age_seconds{}')).toEqual([60]);
	expect(meter.told.get('countersign_minting_keys_failing{}')).toEqual([1]);

	state = { ...made, source: second, signatures: 2, keyAge: undefined, failing: undefined };
	meter.read();
	expect(meter.sum('countersign_minting_signatures_total')).toBe(5);
	// Keys of the configuration: nobody knows when they were made, and nobody makes the next one.
	expect(meter.told.has('countersign_minting_key_age_seconds{}')).toBe(false);
	expect(meter.told.has('countersign_minting_keys_failing{}')).toBe(false);

	state = undefined;
	meter.read();
	expect([...meter.told.keys()]).toEqual([]);
});
