import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditLine } from './audit-line.ts';
import { type AuditInput, auditRecord } from './audit-record.ts';

const input: AuditInput = {
	time: 0,
	requestId: '1',
	traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
	spanId: '00f067aa0ba902b7',
	event: undefined,
	decision: 'deny',
	reason: 'audience_mismatch',
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
	const line = auditLine(input);
	expect(line.split('\n')).toHaveLength(1);
	expect(JSON.parse(line)).toMatchObject({
		time: '1970-01-01T00:00:00.000Z',
		reason: 'audience_mismatch',
		duration: 1.235,
	});
});

test('long texts are cut', () => {
	expect(auditLine({ ...input, path: 'x'.repeat(100_000) }).length).toBeLessThan(1000);
});

test('what two lines have in common does not make them say the same', () => {
	const allowed: AuditInput = { ...input, decision: 'allow', reason: undefined, status: 200 };
	for (const change of [
		{},
		{ decision: 'answer' },
		{ method: 'POST' },
		{ status: 304 },
		{ decision: 'fault' },
	] as const) {
		const changed = { ...allowed, ...change };
		expect(auditLine(changed)).toBe(JSON.stringify(auditRecord(changed)));
	}
});

test('the guide describes every field that a record can have', () => {
	const guide = readFileSync(new URL('../../docs/guides/audit.md', import.meta.url), 'utf8');
	const described = Array.from(
		guide.matchAll(/^\| (`[^|]+) \|/gm),
		([, cell = '']) => cell.match(/[a-z_]+/g) ?? [],
	).flat();
	expect(described.toSorted()).toEqual(Object.keys(auditRecord(input)).toSorted());
});

const text = fc.oneof(
	fc.string({ unit: 'binary' }),
	fc.string({ minLength: 250, maxLength: 260 }),
	fc.constant('a"\\\u2028\ud800'),
);
const principal = fc.record({
	provider: fc.constantFrom('idp', 'other "one"'),
	kind: fc.constantFrom('jwt' as const, 'opaque' as const),
	issuer: text,
	subject: fc.option(text, { nil: undefined }),
	client: fc.option(text, { nil: undefined }),
	audiences: fc.constant([]),
	scopes: fc.constant(new Set<string>()),
	claims: fc.oneof(
		fc.constant({}),
		fc.record({ act: fc.record({ sub: text, act: fc.record({ client_id: text }) }) }),
		fc.record({ act: fc.constantFrom(null, 'x', []) }),
	),
	expiresAt: fc.constant(undefined),
	notBefore: fc.constant(undefined),
	issuedAt: fc.constant(undefined),
	confirmation: fc.constant(undefined),
	type: fc.constant(undefined),
});
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
	fc.option(arbitrary, { nil: undefined });
const anyInput: fc.Arbitrary<AuditInput> = fc.record({
	time: fc.nat({ max: 2 ** 42 }),
	requestId: fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/),
	traceId: fc.constant(input.traceId),
	spanId: fc.constant(input.spanId),
	event: optional(fc.constantFrom('decision' as const, 'completion' as const)),
	decision: fc.constantFrom('allow' as const, 'deny' as const),
	reason: optional(fc.constant('audience_mismatch' as const)),
	status: optional(fc.integer({ min: 0, max: 599 })),
	method: optional(fc.oneof(fc.constantFrom('GET', 'POST'), text)),
	host: optional(text),
	path: optional(text),
	peer: optional(fc.ipV6()),
	facts: optional(
		fc.record({
			route: optional(fc.oneof(fc.constantFrom('orders', 'users'), text)),
			provider: optional(fc.constantFrom('idp', 'other "one"')),
			kind: optional(fc.constantFrom('jwt' as const, 'opaque' as const)),
			session: optional(text),
			principal: optional(principal),
			check: optional(fc.constant('audience' as const)),
			expected: optional(text),
			found: optional(text),
			tokenId: optional(fc.stringMatching(/^[A-Za-z0-9_-]{22}$/)),
			backendTokenId: optional(fc.stringMatching(/^[A-Za-z0-9_-]{22}$/)),
			cached: fc.boolean(),
			retryAfter: fc.constant(undefined),
			challenge: fc.constant(undefined),
		}),
	),
	upstreamStatus: optional(fc.integer({ min: 100, max: 599 })),
	duration: optional(fc.double({ min: 0, max: 1e9, noNaN: true })),
	upstreamDuration: optional(fc.double({ min: 0, max: 100, noNaN: true })),
});

test('the line is the record, character for character, and again when it is known', () => {
	fc.assert(
		fc.property(anyInput, (any) => {
			const expected = JSON.stringify(auditRecord(any));
			expect([auditLine(any), auditLine(any)]).toEqual([expected, expected]);
		}),
		{ numRuns: 500 },
	);
});
