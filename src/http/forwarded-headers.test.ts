import { expect, test } from 'vitest';
import { fieldLines } from '../../test/support/field-lines.ts';
import { forwardedLines, isForwardedField } from './forwarded-headers.ts';

const origin = { peer: '192.0.2.7', scheme: 'https', host: 'api.example.com', trusted: false } as const;

test('from anybody else the chain starts here', () => {
	const spoofed = ['Forwarded', 'for=1.1.1.1', 'X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'gopher'];
	expect(forwardedLines(spoofed, origin)).toEqual(
		fieldLines(
			'Forwarded: for=192.0.2.7;host=api.example.com;proto=https',
			'X-Forwarded-For: 192.0.2.7',
			'X-Forwarded-Proto: https',
			'X-Forwarded-Host: api.example.com',
		),
	);
});

test('a trusted proxy’s chain is extended, over all of its lines', () => {
	const raw = fieldLines(
		'X-Forwarded-For: 1.1.1.1',
		'x-forwarded-for: 2.2.2.2',
		'Forwarded: for=1.1.1.1',
		'X-Forwarded-Proto: http',
		'X-Forwarded-Host: outer.example.com',
	);
	expect(forwardedLines(raw, { ...origin, trusted: true })).toEqual(
		fieldLines(
			'Forwarded: for=1.1.1.1, for=192.0.2.7;host=api.example.com;proto=https',
			'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.7',
			'X-Forwarded-Proto: http',
			'X-Forwarded-Host: outer.example.com',
		),
	);
});

test('without a host none is made up', () => {
	expect(forwardedLines([], { ...origin, host: '' })).toEqual(
		fieldLines('Forwarded: for=192.0.2.7;proto=https', 'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: https'),
	);
});

test('which fields tell of the client', () => {
	for (const trusted of [true, false]) expect(isForwardedField('x-forwarded-for', trusted)).toBe(true);
	for (const name of ['x-real-ip', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-uri', 'x-forwarded']) {
		expect([name, isForwardedField(name, false), isForwardedField(name, true)]).toEqual([name, true, false]);
	}
	expect(isForwardedField('x-request-id', false)).toBe(false);
});
