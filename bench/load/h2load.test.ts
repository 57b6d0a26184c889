import { expect, test } from 'vitest';
import { readLog } from './h2load.ts';

test('durations of the log come out in milliseconds', () => {
	expect(readLog('1795642735759834\t200\t1500\n1795642735759835\t200\t500\n')).toEqual({
		p50: 0.5,
		p99: 1.5,
		count: 2,
	});
});

test('one answer that is not 200 spoils the run', () => {
	expect(() => readLog('1795642735759834\t200\t137\n1795642735759835\t401\t90\n')).toThrow('status 401');
});
