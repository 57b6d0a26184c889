import { expect, test } from 'vitest';
import { oncePerContent } from './once-per-content.ts';

test('equal content is compiled once, other content again', () => {
	const compile = oncePerContent((content: { readonly a: unknown }) => ({ content }));
	expect(compile({ a: ['x'] })).toBe(compile({ a: ['x'] }));
	for (const other of ['x', ['y'], { 0: 'x' }, undefined, null, Number.POSITIVE_INFINITY]) {
		expect(compile({ a: other }).content.a).toBe(other);
	}
});

test('what JSON would not tell apart is refused', () => {
	const compile = oncePerContent((content: { readonly a: unknown }) => ({ content }));
	for (const odd of [() => 1, new Map([[1, 2]]), new Set([1]), /x/]) {
		expect(() => compile({ a: odd })).toThrow('no plain data');
	}
});
