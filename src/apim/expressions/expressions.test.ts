import { expect, test } from 'vitest';
import { evaluate } from '../../../test/support/evaluate.ts';
import { compileExpression } from './index.ts';

test.each([
	['@("a" + "b")', 'ab'],
	['@(1 + 2 * 3)', 7],
	['@(true && !false)', true],
	['@(context.Request.Method == "GET" ? "read" : "write")', 'read'],
	['@(context.Request.Headers.GetValueOrDefault("X-Role", "none"))', 'admin'],
	['@(context.Request.Headers.GetValueOrDefault("X-Missing", "none"))', 'none'],
	['@((string)context.Variables["name"] + "!")', 'Alice!'],
	['@($"{context.Request.OriginalUrl.Scheme}://{context.Request.OriginalUrl.Host}")', 'https://api.example.com'],
	['@{ var x = 1; for (int i = 0; i < 4; i++) { x += i; } return x; }', 7],
])('%s', (text, value) => {
	expect(evaluate(text, { headers: [['X-Role', 'admin']], variables: { name: 'Alice' } })).toEqual(value);
});

test('a problem says where, in which file, and what', () => {
	const problem = compileExpression({
		text: 'context.Request\n  .Headers.Nonsense("x")',
		kind: 'expression',
		file: 'policy.xml',
		line: 12,
		column: 30,
	});
	expect(problem).toEqual({
		ok: false,
		file: 'policy.xml',
		line: 13,
		column: 12,
		message: "'Headers' has no member 'Nonsense' that is supported",
		expression: 'context.Request\n  .Headers.Nonsense("x")',
	});
});
