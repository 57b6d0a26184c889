import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '#core/index';
import { compilePointer, resolvePointer } from './json-pointer.ts';

const resolve = (root: JsonValue, pointer: string): JsonValue | undefined =>
	resolvePointer(root, compilePointer(pointer) ?? ['not a pointer']);

const document = JSON.parse(
	'{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}',
) as JsonValue;

test.each([
	['', document],
	['/foo', ['bar', 'baz']],
	['/foo/0', 'bar'],
	['/', 0],
	['/a~1b', 1],
	['/c%d', 2],
	['/e^f', 3],
	['/g|h', 4],
	['/i\\j', 5],
	['/k"l', 6],
	['/ ', 7],
	['/m~0n', 8],
])('RFC 6901 §5: %j', (pointer, value) => {
	expect(resolve(document, pointer)).toEqual(value);
});

test.each(['a', 'a/b', '/~', '/~2', '/a~', '#/a', ' /a'])('%j is no pointer', (text) => {
	expect(compilePointer(text)).toBeUndefined();
});

test('~01 is ~1 and not /', () => {
	expect(compilePointer('/~01')).toEqual(['~1']);
});

test.each(['/foo/2', '/foo/-', '/foo/00', '/foo/01', '/foo/1e0', '/foo/length', '/foo/-1', '/foo/ 0', '/foo/'])(
	'%j leads nowhere in a list of two',
	(pointer) => {
		expect(resolve(document, pointer)).toBeUndefined();
	},
);

test.each(['/constructor', '/__proto__', '/toString', '/foo/0/length', '/foo/0/0', '//x', '/foo/constructor'])(
	'%j finds nothing inherited',
	(pointer) => {
		expect(resolve(document, pointer)).toBeUndefined();
	},
);

test('null is a value', () => {
	expect(resolve({ a: null }, '/a')).toBeNull();
	expect(resolve({ a: null }, '/a/b')).toBeUndefined();
});

test('any path of names leads where it says', () => {
	const names = fc.array(
		fc.string().filter((name) => name !== '__proto__'),
		{ maxLength: 5 },
	);
	fc.assert(
		fc.property(names, fc.jsonValue(), (path, value) => {
			const root = path.reduceRight<JsonValue>((inner, name) => ({ [name]: inner }), value as JsonValue);
			const pointer = path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
			expect(compilePointer(pointer)).toEqual(path);
			expect(resolve(root, pointer)).toEqual(value);
		}),
	);
});

test('never throws', () => {
	fc.assert(
		fc.property(fc.string(), fc.jsonValue(), (text, root) => {
			const tokens = compilePointer(text);
			expect(tokens !== undefined).toBe(text === '' || (text.startsWith('/') && !/~(?![01])/.test(text)));
			if (tokens !== undefined) resolvePointer(root as JsonValue, tokens);
		}),
	);
});
