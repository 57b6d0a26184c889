import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PathPattern, readPathPattern } from '#formats/route-pattern';
import { covers, overlap, shapeOf } from './pattern-relations.ts';

function read(text: string): PathPattern {
	const pattern = readPathPattern(text, { encodedSlash: false });
	if (typeof pattern === 'string') throw new Error(pattern);
	return pattern;
}

test('the names of parameters do not make another shape', () => {
	expect(shapeOf(read('/a/{x}/**'))).toBe(shapeOf(read('/a/{y}/**')));
	expect(shapeOf(read('/a/{x}'))).not.toBe(shapeOf(read('/a/x')));
	expect(shapeOf(read('/a'))).not.toBe(shapeOf(read('/a/')));
});

test('an encoded slash is data only where the route says so', () => {
	expect(readPathPattern('/a%2Fb', { encodedSlash: true })).toMatchObject({ segments: ['a%2Fb'] });
	expect(readPathPattern('/a%2Fb', { encodedSlash: false })).toContain('never let through');
});

const patterns = fc
	.tuple(fc.array(fc.constantFrom('a', 'b', '{x}', '{y}'), { maxLength: 3 }), fc.boolean())
	.map(([segments, rest]) => `/${[...segments, ...(rest ? ['**'] : [])].join('/')}`)
	.filter((text) => text.length > 1 && new Set(text.match(/\{.\}/g)).size === (text.match(/\{.\}/g)?.length ?? 0));
const paths: readonly string[][] = Array.from({ length: 81 * 3 }, (_, n) =>
	Array.from({ length: n % 5 }, (_, i) => ['a', 'b', 'c'][Math.floor(n / 3 ** i) % 3] ?? 'a'),
);

function matches({ segments, rest }: PathPattern, path: readonly string[]): boolean {
	if (path.length < segments.length || (path.length > segments.length && !rest)) return false;
	return segments.every((segment, i) => segment === null || segment === path[i]);
}

test('overlap and covers say what trying every short path says', () => {
	fc.assert(
		fc.property(patterns, patterns, (one, two) => {
			const [a, b] = [read(one), read(two)];
			expect(overlap(a, b)).toBe(paths.some((path) => matches(a, path) && matches(b, path)));
			if (covers(a, b)) expect(paths.every((path) => !matches(b, path) || matches(a, path))).toBe(true);
			expect(covers(a, a)).toBe(true);
			expect(overlap(a, b)).toBe(overlap(b, a));
		}),
	);
});
