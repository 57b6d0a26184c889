import { expect, test } from 'vitest';
import { KnownTexts } from './known-texts.ts';

test('a text is known by all of its characters', () => {
	const texts = new KnownTexts<number>(2);
	texts.keep('a', 1);
	texts.keep('b', 2);
	expect([texts.find('a'), texts.find('b'), texts.find('A'), texts.find('ab'), texts.find('')]).toEqual([
		1,
		2,
		undefined,
		undefined,
		undefined,
	]);
});

test('there are never more of them than was said', () => {
	const texts = new KnownTexts<number>(3);
	for (let number = 0; number < 100; number++) {
		texts.keep(`${number}`, number);
		expect(texts.find(`${number}`)).toBe(number);
		expect(texts.size).toBeLessThanOrEqual(3);
	}
});

test('a long text is not kept', () => {
	const texts = new KnownTexts<number>(3);
	texts.keep('x'.repeat(512), 1);
	texts.keep('x'.repeat(513), 2);
	expect([texts.size, texts.find('x'.repeat(512)), texts.find('x'.repeat(513))]).toEqual([1, 1, undefined]);
});
