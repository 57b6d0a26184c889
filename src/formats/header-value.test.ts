import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '#core/index';
import { encodeClaimValue, encodeHeaderValue, headerEncodings, isFieldName, isFieldValue } from './header-value.ts';

test.each<[JsonValue, string]>([
	['user-1', 'user-1'],
	['a b, c "d" \\', 'a b, c "d" \\'],
	['', ''],
	['100%', '100%25'],
	['%41', '%2541'],
	[' a ', '%20a%20'],
	['  ', '%20%20'],
	['Dvo\u0159\u00e1k', 'Dvo%C5%99%C3%A1k'],
	['\u010d', '%C4%8D'],
	['a\r\nX-Admin: 1', 'a%0D%0AX-Admin: 1'],
	['\u0000\t\u007f', '%00%09%7F'],
	['\u{1f600}', '%F0%9F%98%80'],
	['\ud800', '%EF%BF%BD'],
	[1, '1'],
	[-1.5e300, '-1.5e+300'],
	[true, 'true'],
	[[], ''],
	[['a', 'b'], 'a,b'],
	[['a,b', ' c', 'd e'], 'a%2Cb,%20c,d e'],
	[[1, false, null, 'x'], '1,false,null,x'],
	[[['a', 'b'], { c: 'd' }], '["a"%2C"b"],{"c":"d"}'],
	[{ roles: ['\u010d', '%'] }, '{"roles":["\\u010d","%"]}'],
	[{ '\u{1f600}\u007f\n': 1 }, '{"\\ud83d\\ude00\\u007f\\n":1}'],
])('%j becomes %j', (claim, value) => {
	expect(encodeClaimValue(claim)).toBe(value);
});

test('null is no value', () => {
	expect(encodeClaimValue(null)).toBeUndefined();
});

test('a string comes back whole from percent-decoding', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), (text) => {
			expect(decodeURIComponent(encodeClaimValue(text) ?? '')).toBe(text);
		}),
		{ numRuns: 1000 },
	);
});

test('a list of strings comes back whole from splitting and percent-decoding', () => {
	const element = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(',', ' ,', '%2C', 'a, b'));
	fc.assert(
		fc.property(fc.array(element, { minLength: 1 }), (list) => {
			expect((encodeClaimValue(list) ?? '').split(',').map(decodeURIComponent)).toEqual(list);
		}),
		{ numRuns: 1000 },
	);
});

test('an object comes back whole from a JSON parser', () => {
	fc.assert(
		fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (object) => {
			expect(JSON.parse(encodeClaimValue(object as JsonValue) ?? '')).toEqual(JSON.parse(JSON.stringify(object)));
		}),
	);
});

test('every value is printable ASCII and a field value', () => {
	const text = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) });
	fc.assert(
		fc.property(fc.oneof(text, fc.array(text), fc.dictionary(text, text), fc.jsonValue()), (claim) => {
			const value = encodeClaimValue(claim as JsonValue) ?? '';
			expect(value).toMatch(/^[\x20-\x7e]*$/);
			expect(isFieldValue(value)).toBe(true);
		}),
		{ numRuns: 2000 },
	);
});

test.each(['', 'a', 'a b', 'a\tb', '\u0080\u00ff', '!~'])('%j is a field value', (text) => {
	expect(isFieldValue(text)).toBe(true);
});

test.each([' a', 'a ', '\ta', 'a\t', 'a\nb', 'a\r', '\u0000', '\u007f', '\u001f', '\u0100', '\u010d', ' ', 'a\n'])(
	'%j is none',
	(text) => {
		expect(isFieldValue(text)).toBe(false);
	},
);

test.each(['x-user-id', 'X_User', "!#$%&'*+-.^_`|~1a"])('%j is a field name', (text) => {
	expect(isFieldName(text)).toBe(true);
});

test.each(['', 'a b', 'a:', 'a\n', '\u00e9', 'a,b', '"a"', 'a(b)', 'a/b', 'a\u0000'])('%j is none', (text) => {
	expect(isFieldName(text)).toBe(false);
});

test.each<[JsonValue, string]>([
	['ada', '"ada"'],
	['say "a\\b"', '"say \\"a\\\\b\\""'],
	['', '""'],
	[7, '"7"'],
	[['a', 'b'], '"[\\"a\\",\\"b\\"]"'],
	['\u010d', '%"%c4%8d"'],
	['100% "\u010a', '%"100%25 %22%c4%8a"'],
])('%j as a String or Display String is %s', (value, text) => {
	expect(encodeHeaderValue(value, 'string')).toBe(text);
});

test('whatever the value and the encoding, a field value of visible ASCII comes out, or none', () => {
	fc.assert(
		fc.property(fc.jsonValue(), fc.constantFrom(...headerEncodings), (value, encoding) => {
			const text = encodeHeaderValue(value as JsonValue, encoding);
			if (value === null) expect(text).toBeUndefined();
			else expect(text !== undefined && isFieldValue(text) && /^[\x20-\x7e]*$/.test(text)).toBe(true);
		}),
	);
});
