import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { auditRecord } from './audit-record.ts';

const auditLine = JSON.stringify;

const input = {
	time: 0,
	requestId: '1',
	traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
	spanId: '00f067aa0ba902b7',
	event: undefined,
	decision: 'deny' as const,
	reason: 'audience_mismatch' as const,
	status: 401,
	method: 'GET',
	host: 'h',
	path: '/a\n{"decision":"allow"}',
	peer: '127.0.0.1',
	facts: undefined,
	upstreamStatus: undefined,
	duration: 1.23456,
	upstreamDuration: undefined,
};

test('a record is one line, whatever a client put into it', () => {
	const line = auditLine(auditRecord(input));
	expect(line.split('\n')).toHaveLength(1);
	expect(JSON.parse(line)).toMatchObject({
		time: '1970-01-01T00:00:00.000Z',
		reason: 'audience_mismatch',
		duration: 1.235,
	});
});

test('long texts are cut', () => {
	expect(auditLine(auditRecord({ ...input, path: 'x'.repeat(100_000) })).length).toBeLessThan(1000);
});

test('the guide describes every field that a record can have', () => {
	const guide = readFileSync(new URL('../../docs/guides/audit.md', import.meta.url), 'utf8');
	const described = Array.from(
		guide.matchAll(/^\| (`[^|]+) \|/gm),
		([, cell = '']) => cell.match(/[a-z_]+/g) ?? [],
	).flat();
	expect(described.toSorted()).toEqual(Object.keys(auditRecord(input)).toSorted());
});
