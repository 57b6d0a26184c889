import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAuthorization } from './authorization.ts';

test.each([
	['Bearer mF_9.B5f-4.1JqM', 'bearer', 'mF_9.B5f-4.1JqM'],
	['bEARER a', 'bearer', 'a'],
	['Bearer    a~+/==', 'bearer', 'a~+/=='],
	['DPoP a.b.c', 'dpop', 'a.b.c'],
	['Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'basic', 'QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
	['SharedAccessSignature sr=a&sig=b%3D&se=1', 'sharedaccesssignature', 'sr=a&sig=b%3D&se=1'],
	['Digest username="a", realm="b c"', 'digest', 'username="a", realm="b c"'],
	['Negotiate', 'negotiate', ''],
])('%j', (value, scheme, token) => {
	expect(parseAuthorization(value)).toEqual({ scheme, token });
});

test.each([
	'',
	' ',
	' Bearer a',
	'Bearer',
	'Bearer ',
	'Bearer  ',
	'Bearer ,',
	'Bearer a b',
	'Bearer a ',
	'Bearer a\t',
	'Bearer\ta',
	'Bearer "a"',
	'Bearer a,',
	'Bearer a, Bearer b',
	'Bearer =',
	'Bearer a=b',
	'Bearer a\u00e9',
	'Bearer a\r\nX-Admin: 1',
	'Bearer {"payload":"a"}',
	'Bearer: a',
	'DPoP',
	'DPoP a b',
	'"Basic" a',
	'B\u00e9arer a',
])('%j is malformed', (value) => {
	expect(parseAuthorization(value)).toBe('malformed');
});

test('every b64token comes back as it is', () => {
	const token = fc.stringMatching(/^[A-Za-z0-9\-._~+/]+=*$/);
	fc.assert(
		fc.property(
			fc.constantFrom('Bearer', 'bearer', 'DPoP'),
			fc.integer({ min: 1, max: 3 }),
			token,
			(scheme, spaces, sent) => {
				expect(parseAuthorization(`${scheme}${' '.repeat(spaces)}${sent}`)).toEqual({
					scheme: scheme.toLowerCase(),
					token: sent,
				});
			},
		),
	);
});

test('never throws; what it accepts is the field value again', () => {
	const word = fc.constantFrom('Bearer', 'dpop', 'Basic', ' ', '  ', 'a.b', '"', ',', '=', '\t', 'ü', '');
	const value = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.array(word).map((all) => all.join('')),
	);
	fc.assert(
		fc.property(value, (candidate) => {
			const parsed = parseAuthorization(candidate);
			if (parsed === 'malformed') return;
			expect(candidate.toLowerCase().startsWith(parsed.scheme)).toBe(true);
			expect(candidate.slice(parsed.scheme.length).trimStart()).toBe(parsed.token.trimStart());
			expect(parsed.scheme !== 'bearer' || /^[^\s,"]+$/.test(parsed.token)).toBe(true);
		}),
		{ numRuns: 1000 },
	);
});

test('hostile sizes end', () => {
	expect(parseAuthorization(`Bearer ${'a'.repeat(5_000_000)}`)).toMatchObject({ scheme: 'bearer' });
	expect(parseAuthorization(`Bearer ${'a='.repeat(2_000_000)}`)).toBe('malformed');
	expect(parseAuthorization(`Bearer${' '.repeat(5_000_000)}`)).toBe('malformed');
	expect(parseAuthorization('B'.repeat(5_000_000))).toMatchObject({ token: '' });
});

test('the common spelling and the general one read the same', () => {
	const rest = fc.oneof(
		fc.string(),
		fc.stringMatching(/^[A-Za-z0-9._=-]{0,20}$/),
		fc.constantFrom('', ' ', ' a', 'a b', 'a,', '"a"'),
	);
	fc.assert(
		fc.property(rest, (text) => {
			expect(parseAuthorization(`Bearer ${text}`)).toEqual(parseAuthorization(`bEARER ${text}`));
		}),
	);
});
