import { expect, onTestFinished, test } from 'vitest';
import type { Definition } from '#config/definition';
import type { MetricReading } from '#core/index';
import { definition, route } from '../../../test/support/definition.ts';
import { createWorkerReadings } from './worker-readings.ts';

test('what a worker said last before it died brings no route back that is gone', async () => {
	const readings = createWorkerReadings(() => Promise.resolve());
	onTestFinished(() => readings.close());
	const counted: MetricReading = {
		name: 'responses',
		kind: 'counter',
		help: '',
		points: ['kept', 'gone', 'sessions.web.login', 'sessions.gone.login'].map((name) => ({
			labels: { route: name },
			value: 1,
		})),
	};
	const account = readings.open(1);
	account.keep([counted]);
	const sessions = [{ name: 'web' }] as unknown as Definition['sessions'];
	readings.follow(definition({ routes: [route({ name: 'kept', path: '/' })], sessions }));
	account.close();
	const read = await readings.read([]);
	expect(read.flatMap(({ points }) => points.map(({ labels }) => labels['route']))).toEqual([
		'kept',
		'sessions.web.login',
	]);
});
