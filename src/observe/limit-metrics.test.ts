import { expect, test } from 'vitest';
import { createPrometheusMeter } from '#runtime/node/prometheus-meter';
import { metrics } from './catalogue.ts';
import { measureLimits } from './limit-metrics.ts';

test('counts go on over a reload, and series of limits that are gone go with them', async () => {
	const meter = createPrometheusMeter([metrics.limitRefused, metrics.limitUncounted, metrics.limitKeys], []);
	let states = [{ name: 'a', counts: { refused: 2, unavailable: 1 }, keys: 7 }];
	measureLimits(meter, () => states);
	const read = async () =>
		(await meter.render()).body
			.split('\n')
			.filter((line) => line.startsWith('countersign_rate_limit_'))
			.toSorted();
	expect(await read()).toEqual([
		'countersign_rate_limit_keys{limit="a"} 7',
		'countersign_rate_limit_refused_total{limit="a"} 2',
		'countersign_rate_limit_uncounted_total{limit="a"} 1',
	]);
	states = [{ name: 'a', counts: { refused: 1, unavailable: 0 }, keys: 0 }];
	expect(await read()).toContain('countersign_rate_limit_refused_total{limit="a"} 3');
	states = [];
	expect(await read()).toEqual([]);
});
