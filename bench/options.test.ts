import { expect, test } from 'vitest';
import { readOptions, UsageError, usage } from './options.ts';

test('gateways and sections are chosen by name', () => {
	const { only, rows, plan } = readOptions(['--only', 'countersign, nginx', '--rows', 'idle', '--rounds', '2']);
	expect({ only, rows, rounds: plan.rounds, side: plan.sideRounds }).toEqual({
		only: ['countersign', 'nginx'],
		rows: ['idle'],
		rounds: 2,
		side: 2,
	});
});

test('another checkout is compared with alone, unless more is asked for', () => {
	expect(readOptions(['--against', '/other'])).toMatchObject({
		against: '/other',
		only: ['countersign'],
		rows: ['against'],
	});
	const { only, rows } = readOptions(['--against', '/other', '--only', 'nginx', '--rows', 'against,idle']);
	expect({ only, rows }).toEqual({ only: ['nginx'], rows: ['against', 'idle'] });
});

test.each([
	['--rows', 'against'],
	['--only', 'apache'],
	['--rows', 'none'],
	['--rounds', '0'],
	['--seconds', 'x'],
	['--unknown'],
])('%s %s makes no sense', (...args) => {
	expect(() => readOptions(args)).toThrow(UsageError);
});

test('the help names every gateway and section', () => {
	expect(usage()).toMatch(/haproxy-jwt[\s\S]*streaming/);
});
