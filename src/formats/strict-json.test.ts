import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictJson, parseStrictJsonObject } from './strict-json.ts';

const escaped = (name: string): string =>
	Array.from(name, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

test.each(['null', 'true', '0', '-0', '1e308', '""', '[]', '{}', ' {"a":1}\r\n\t', '{"a":{"a":[{"a":1},{"a":2}]}}'])(
	'accepts %j',
	(text) => {
		expect(parseStrictJson(text)).toEqual(JSON.parse(text));
	},
);

test.each([
	'',
	' ',
	'{',
	'}',
	'{}{}',
	'{"a":1} x',
	'{"a":1,}',
	'[1,]',
	"{'a':1}",
	'{a:1}',
	'{"a":1}// note',
	'/* note */{"a":1}',
	'{"a":NaN}',
	'{"a":Infinity}',
	'{"a":01}',
	'{"a":.5}',
	'{"a":+1}',
	'\ufeff{"a":1}',
	'\u00a0{"a":1}',
	'{"a":"\u0000"}',
	'{"a":"\n"}',
	'{"a":"\\x41"}',
	'{"a":"b',
	'{"a":"b\\',
	'{"a"::1}',
	'[":"',
])('refuses %j, which is not JSON', (text) => {
	expect(parseStrictJson(text)).toBeUndefined();
});

test.each([
	'{"sub":"a","sub":"admin"}',
	'{"sub":"a","sub":"a"}',
	'{"sub":"a","\\u0073ub":"admin"}',
	'{"a":{"b":1,"b":2}}',
	'[[{"b":1,"c":2,"b":3}]]',
	'{"__proto__":1,"__proto__":2}',
	'{"1":1,"1":2}',
	'{"":1,"":2}',
	'{"a":":","a":1}',
])('refuses %j, which repeats a member', (text) => {
	expect(parseStrictJson(text)).toBeUndefined();
});

test.each(['{"a:":":","b":"\\":"}', '["\\\\",":"]', '{"a\\"":1,"a":2}', '{"A":1,"a":2}'])(
	'is not misled by what stands in strings: %j',
	(text) => {
		expect(parseStrictJson(text)).toEqual(JSON.parse(text));
	},
);

test.each(['"\\ud800"', '{"\\udc00":1}', '["\\udc00\\ud800"]', '"\ud800"'])(
	'refuses the lone surrogate of %j',
	(text) => {
		expect(parseStrictJson(text)).toBeUndefined();
	},
);

test('refuses a number that is too large', () => {
	expect(parseStrictJson('{"exp":1e400}')).toBeUndefined();
	expect(parseStrictJson('[-1e400]')).toBeUndefined();
});

test('nests 32 deep and no deeper', () => {
	expect(parseStrictJson(nested(32))).toBeDefined();
	expect(parseStrictJson(nested(33))).toBeUndefined();
	expect(parseStrictJson(`{"a":${nested(31)}}`)).toBeDefined();
	expect(parseStrictJson(`{"a":${nested(32)}}`)).toBeUndefined();
	expect(parseStrictJson(`"${nested(40)}"`)).toBe(nested(40));
	expect(parseStrictJson(`[${'[],'.repeat(100)}[]]`)).toHaveLength(101);
});

test('hostile sizes end', () => {
	expect(parseStrictJson('['.repeat(100_000))).toBeUndefined();
	expect(parseStrictJson('{"a":'.repeat(100_000))).toBeUndefined();
	expect(parseStrictJson(nested(1_000_000))).toBeUndefined();
	expect(parseStrictJson(`"${'\\"'.repeat(2_500_000)}`)).toBeUndefined();
	expect(parseStrictJson(`["${'x'.repeat(5_000_000)}"]`)).toHaveLength(1);
	const members = Array.from({ length: 200_000 }, (_, index) => `"${index}x":1`).join(',');
	expect(Object.keys(parseStrictJsonObject(`{${members}}`) ?? {})).toHaveLength(200_000);
	expect(parseStrictJson(`{${members},"7x":1}`)).toBeUndefined();
});

test('__proto__ is a member like any other and reaches no prototype', () => {
	const value = parseStrictJsonObject('{"__proto__":{"admin":true}}');
	expect(Object.keys(value ?? {})).toEqual(['__proto__']);
	expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test.each(['null', '[]', '1', '"a"', 'true', '{"a":1,"a":2}'])('%s is no object', (text) => {
	expect(parseStrictJsonObject(text)).toBeUndefined();
});

test('reads what JSON.stringify writes', () => {
	fc.assert(
		fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom('', ' ', '\t'), (value, indent) => {
			const text = JSON.stringify(value, null, indent);
			expect(parseStrictJson(text)).toEqual(JSON.parse(text));
		}),
	);
});

test('a repeated member is found wherever it is and however it is spelled', () => {
	const name = fc.string({ unit: 'grapheme-ascii', maxLength: 5 });
	fc.assert(
		fc.property(name, fc.jsonValue({ maxDepth: 2 }), fc.nat(20), fc.boolean(), (twice, other, depth, escape) => {
			const first = JSON.stringify(twice);
			const second = escape ? `"${escaped(twice)}"` : first;
			const text = `{${first}:${JSON.stringify(other)},${second}:1}`;
			expect(parseStrictJson('[{"x":'.repeat(depth / 2) + text + '}]'.repeat(depth / 2))).toBeUndefined();
		}),
	);
});

test('never throws, and accepts nothing that JSON.parse would not', () => {
	const pieces = ['{', '}', '[', ']', '"', ':', ',', '\\', '\\u0061', 'a', '1', '-', 'e9', 'null', ' '];
	const text = fc.oneof(
		fc.string({ unit: 'binary' }),
		fc.array(fc.constantFrom(...pieces)).map((all) => all.join('')),
	);
	fc.assert(
		fc.property(text, (candidate) => {
			const value = parseStrictJson(candidate);
			expect(value).toEqual(value === undefined ? undefined : JSON.parse(candidate));
		}),
		{ numRuns: 2000 },
	);
});
