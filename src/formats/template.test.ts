import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileTemplate, templateNames } from './template.ts';

test('parameters are filled in by position', () => {
	const fill = compileTemplate('https://{tenant}.example.com/{region}/{tenant}', ['region', 'tenant']);
	expect(fill(['eu', 'acme'])).toBe('https://acme.example.com/eu/acme');
});

test('a text without parameters is returned as it is', () => {
	fc.assert(
		fc.property(fc.string(), (text) => {
			fc.pre(templateNames(text).length === 0);
			expect(compileTemplate(text, [])([])).toBe(text);
		}),
	);
});

test('an unknown parameter is a configuration error', () => {
	expect(() => compileTemplate('{x}', ['y'])).toThrow('{x}');
});
