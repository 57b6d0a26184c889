import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReport, formatDiagnostics, formatPath, listWords, nearest, suggest } from './diagnostics.ts';

const at = (line: number, column: number) => () => ({ line, column });

test('one line a diagnostic, its fix below', () => {
	const report = createReport(at(12, 5));
	report.error(['routes', 0, 'providers'], 'there is no provider auht0', { fix: 'Did you mean auth0?' });
	expect(formatDiagnostics('gateway.yaml', report.list(), { colour: false })).toBe(
		'gateway.yaml:12:5 error routes[0].providers: there is no provider auht0\n    Did you mean auth0?\n',
	);
	expect(formatDiagnostics('f', report.list(), { colour: true })).toContain('\u001b[31merror\u001b[0m');
});

test('a file cannot write to the terminal', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (path, message) => {
			const report = createReport(at(1, 1));
			report.error([path], message, { fix: message });
			const text = formatDiagnostics('f', report.list(), { colour: false });
			expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
			expect(text.split('\n')).toHaveLength(3);
		}),
	);
});

test('in the order of the file, and muted values stay silent', () => {
	let line = 9;
	const report = createReport(() => ({ line: line--, column: 1 }));
	report.hint(['b'], 'second');
	report.error(['a'], 'first');
	report.mute(['a']);
	report.error(['a'], 'follows from the first');
	expect(report.list().map(({ message }) => message)).toEqual(['first', 'second']);
});

test('paths and lists as people read them', () => {
	expect(formatPath(['routes', 0, 'claims', 'https://example.com/roles'])).toBe(
		'routes[0].claims["https://example.com/roles"]',
	);
	expect(formatPath([])).toBe('');
	expect(listWords(['a'])).toBe('a');
	expect(listWords(['a', 'b', 'c'], 'and')).toBe('a, b and c');
});

test.each([
	['isuer', 'issuer'],
	['audeince', 'audience'],
	['jwks_url', 'jwks_uri'],
	['Providers', 'providers'],
	['xyzzy', undefined],
	['', undefined],
	['x'.repeat(10_000), undefined],
])('%s: %s', (word, meant) => {
	const known = ['issuer', 'audience', 'jwks_uri', 'providers', 'routes'];
	expect(nearest(word, known)).toBe(meant);
	expect(suggest(word, known)).toBe(meant === undefined ? undefined : `Did you mean ${meant}?`);
});
