import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDocument } from './document.ts';

test('places of values, keys, list items and what is missing', () => {
	const { locate } = readDocument('a: 1\nlist:\n  - x\n  - name: y\n    "quoted key": z\n');
	expect(locate(['a'], 'key')).toEqual({ line: 1, column: 1 });
	expect(locate(['a'], 'value')).toEqual({ line: 1, column: 4 });
	expect(locate(['list', 1, 'name'], 'value')).toEqual({ line: 4, column: 11 });
	expect(locate(['list', 1, 'quoted key'], 'key')).toEqual({ line: 5, column: 5 });
	expect(locate(['list', 1, 'missing', 'deep'], 'value')).toEqual({ line: 4, column: 5 });
	expect(locate(['missing'], 'value')).toEqual({ line: 1, column: 1 });
});

test('a name with a dot is not a path', () => {
	const { locate } = readDocument('a.b: 1\na:\n  b: 2\n');
	expect(locate(['a.b'], 'value').line).toBe(1);
	expect(locate(['a', 'b'], 'value').line).toBe(3);
});

test('what is behind an alias is where the alias stands', () => {
	const { data, problems, locate } = readDocument('a: &x { b: 1 }\nc: *x\n');
	expect(data).toEqual({ a: { b: 1 }, c: { b: 1 } });
	expect(problems).toEqual([]);
	expect(locate(['c'], 'value').line).toBe(2);
});

test.each([
	['a: &x [*x]\n', 'nested deeper than 32 levels'],
	[`${'['.repeat(40)}${']'.repeat(40)}`, 'nested deeper than 32 levels'],
	['__proto__: { polluted: true }\n', 'no key may be called __proto__'],
	['a: 12345678901234567890\n', 'this number cannot be kept exactly; write it in quotes'],
	['a: .inf\n', 'this number cannot be kept exactly; write it in quotes'],
	['%YAML 1.1\n---\na: yes\n', 'only YAML 1.2 is read'],
	['? [a]\n: b\n', 'a key must be text'],
	['a: "\\z"\n', 'not valid YAML: an unknown escape in "…"'],
	['a: "b\n', 'not valid YAML: a character is missing here, such as a closing quote, a bracket, a comma or a colon'],
	['x'.repeat(5 * 1024 * 1024), 'the file is larger than 4 MiB'],
])('refused: %#', (text, message) => {
	const { problems, data } = readDocument(text);
	expect(problems.map((problem) => problem.message)).toContain(message);
	expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
	expect(JSON.stringify(data ?? null)).not.toContain('polluted');
});

test('dates, yes and octals are text and numbers as JSON has them', () => {
	expect(readDocument('a: 2026-01-01\nb: yes\nc: 0o17\nd: ~\n1: x\n').data).toEqual({
		a: '2026-01-01',
		b: 'yes',
		c: 15,
		d: null,
		1: 'x',
	});
});

test('JSON comes out as JSON.parse has it', () => {
	const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }));
	const { value } = fc.letrec<{ value: unknown }>((tie) => ({
		value: fc.oneof(
			{ depthSize: 'small' },
			fc.string(),
			number,
			fc.boolean(),
			fc.constant(null),
			fc.array(tie('value'), { maxLength: 4 }),
			fc.dictionary(
				fc.string().filter((key) => key !== '__proto__' && key !== '<<'),
				tie('value'),
				{ maxKeys: 4 },
			),
		),
	}));
	fc.assert(
		fc.property(value, fc.constantFrom(undefined, 2, '\t'), (json, indent) => {
			const text = JSON.stringify(json, null, indent);
			const { data, problems } = readDocument(text);
			expect(problems).toEqual([]);
			expect(data).toEqual(JSON.parse(text));
		}),
	);
});
