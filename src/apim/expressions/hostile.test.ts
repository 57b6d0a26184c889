/** Whatever an expression says and whatever a request holds: an answer, within bounds, and nothing but the tables is reached. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate, evaluation } from '../../../test/support/evaluate.ts';
import { expressionContext } from '../../../test/support/expression-context.ts';
import { compileExpression } from './index.ts';

test.each([
	'@{ while (true) { } }',
	'@{ for (;;) { } }',
	'@{ var i = 0; do { i++; } while (i >= 0 || true); return i; }',
	'@{ var s = "a"; while (true) { s += s; } return s; }',
	'@{ var l = new List<string>(); while (true) { l.Add("x"); } return l; }',
	'@{ int f(int n) => f(n + 1); return f(0); }',
	'@{ Func<int, int> f = null; f = x => f(x) + 1; return f(0); }',
	'@(Enumerable.Range(0, 2000000000).Select(x => x).Last())',
	'@(Enumerable.Repeat("x", 2000000000).ToArray())',
	"@(new string('x', 2000000000))",
	'@(new int[2000000000])',
	'@("x".PadLeft(2000000000))',
	'@(string.Join("x", Enumerable.Range(0, 2000000000)))',
	'@{ while (true) { try { throw new Exception("x"); } catch { } } }',
	'@{ while (true) { try { while (true) { } } finally { } } }',
	'@{ var s = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; for (var i = 0; i < 12; i++) { s = s.Replace("a", "aaaaaaaa"); } return s; }',
	'@{ var s = string.Format("{0,9999}", 1); for (;;) { s = string.Format("{0}{0}{0}", s); } }',
	'@{ for (;;) { Regex.IsMatch("aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$"); } }',
	'@{ var o = new JObject(); for (;;) { o = new JObject(new JProperty("a", o), new JProperty("b", o)); o.ToString(); } }',
	'@{ var o = new JArray(1); for (var i = 0; i < 40; i++) { o = new JArray(new object[] { o, o }); } return o.ToString(); }',
	'@{ var b = new StringBuilder("x"); for (;;) { b.Append(b.ToString()); } }',
	'@(Enumerable.Range(0, 1000).SelectMany(a => Enumerable.Range(0, 1000)).SelectMany(a => Enumerable.Range(0, 1000)).Count())',
])('%s ends in a failure soon', (expression) => {
	const begun = performance.now();
	const outcome = evaluation(expression);
	expect(outcome).toMatchObject({ ok: false, cause: 'budget' });
	expect(performance.now() - begun).toBeLessThan(2000);
});

test('a catch does not see that the budget is used up', () => {
	expect(evaluation('@{ try { while (true) { } } catch { return 1; } }')).toMatchObject({ ok: false, cause: 'budget' });
});

test.each([
	'@("x".__proto__)',
	'@("x".constructor)',
	'@("x".constructor.constructor("return process")())',
	'@(context.__proto__)',
	'@(context.constructor)',
	'@(context.Request.kind)',
	'@(context.Variables.values)',
	'@(new { a = 1 }.constructor)',
	'@(__proto__)',
	'@(constructor)',
	'@(globalThis)',
	'@(process.env)',
	'@(require("fs"))',
	'@(System.IO.File.ReadAllText("/etc/passwd"))',
	'@(System.Activator.CreateInstance("x"))',
	'@(typeof(string))',
	'@("x".GetType())',
	'@(System.Environment.GetEnvironmentVariable("PATH"))',
	'@(new System.Net.Http.HttpClient())',
	'@{ using (var x = 1) { } return 1; }',
	'@{ unsafe { } return 1; }',
	'@{ lock (context) { } return 1; }',
	'@{ context.Request = null; return 1; }',
	'@{ context.Variables["x"] = 1; return 1; }',
])('%s is refused when it is loaded', (expression) => {
	expect(typeof evaluation(expression)).toBe('string');
});

test('names of JavaScript are keys like others', () => {
	for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
		expect(evaluate(`@(context.Variables.ContainsKey("${name}"))`)).toBe(false);
		expect(evaluate(`@(context.Request.Headers.GetValueOrDefault("${name}", "none"))`)).toBe('none');
		expect(evaluate(`@(context.Request.MatchedParameters.ContainsKey("${name}"))`)).toBe(false);
		expect(evaluate(`@(JObject.Parse("{}")["${name}"] == null)`)).toBe(true);
		expect(evaluate(`@((string)JObject.Parse("{\\"${name}\\":\\"x\\"}")["${name}"])`)).toBe('x');
		expect(evaluate(`@{ var d = new Dictionary<string, string>(); d["${name}"] = "x"; return d["${name}"]; }`)).toBe(
			'x',
		);
	}
});

test.each([
	['brackets', `${'('.repeat(5000)}1${')'.repeat(5000)}`],
	['operators', `1${' + 1'.repeat(20_000)}`],
	['negations', `${'!'.repeat(20_000)}true`],
	['members', `context${'.Request'.repeat(20_000)}`],
	['conditional members', `context${'?.Request'.repeat(20_000)}`],
	['ternaries', `${'true ? 1 : '.repeat(5000)}1`],
	['lambdas', `${'x => '.repeat(10_000)}1`],
	['casts', `${'(string)'.repeat(8000)}"x"`],
	['type arguments', `new List${'<List'.repeat(10_000)}<int>${'>'.repeat(10_000)}()`],
	['interpolations', `${'$"{'.repeat(10_000)}1${'}"'.repeat(10_000)}`],
	['open generics', `a${'<a'.repeat(20_000)}`],
	['open casts', '(a'.repeat(20_000)],
	['coalescing', `${'null ?? '.repeat(10_000)}null`],
])('deep nesting of %s is refused at once', (_, text) => {
	const begun = performance.now();
	const compiled = compileExpression({ text, kind: 'expression', file: 'policy.xml', line: 1, column: 1 });
	expect(compiled.ok).toBe(false);
	expect(performance.now() - begun).toBeLessThan(1000);
});

test('lambdas in lambdas end', () => {
	const nested = (depth: number): string => (depth === 0 ? '1' : `new [] { 1 }.Sum(x${depth} => ${nested(depth - 1)})`);
	expect(evaluate(`@(${nested(4)})`)).toBe(1);
	const begun = performance.now();
	expect(typeof evaluation(`@(${nested(40)})`)).toBe('string');
	expect(performance.now() - begun).toBeLessThan(2000);
});

test('deep nesting of blocks is refused', () => {
	const text = `${'{'.repeat(10_000)}${'}'.repeat(10_000)} return 1;`;
	expect(compileExpression({ text, kind: 'block', file: 'policy.xml', line: 1, column: 1 }).ok).toBe(false);
});

const isLong = process.env['COUNTERSIGN_LONG'] === '1';

const words = [
	...'( ) [ ] { } . , ; : ? ?. ?? + - * / % < > <= >= == != && || ! ~ => = += ++ -- << & | ^ $" @" " \' \\ /* */ //'.split(
		' ',
	),
	...'context Request Response Headers Variables GetValueOrDefault User Jwt AsJwt string int bool var new if else while for foreach in return'.split(
		' ',
	),
	...'switch case default break try catch throw null true false is as out List<string> JObject Any Select First x y f 0 1 2147483647 1.5 1m "a" \'b\' [0] ["a"]'.split(
		' ',
	),
];

test('no text makes the compiler or the evaluator throw or hang', () => {
	fc.assert(
		fc.property(
			fc.oneof(
				fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(' ')),
				fc.string({ maxLength: 200, unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
				fc.string({ maxLength: 200 }),
			),
			fc.constantFrom('expression' as const, 'block' as const),
			(text, kind) => {
				const compiled = compileExpression({ text, kind, file: 'policy.xml', line: 1, column: 1 });
				if (!compiled.ok) {
					expect(compiled.line).toBeGreaterThan(0);
					expect(compiled.column).toBeGreaterThan(0);
					return;
				}
				const outcome = compiled.evaluate(expressionContext(), { steps: 10_000, made: 100_000, depth: 20 });
				expect(outcome.ok || outcome.cause !== 'internal').toBe(true);
			},
		),
		{ numRuns: isLong ? 100_000 : 400 },
	);
});

const leaf = fc.constantFrom(
	'1',
	'0',
	'-1',
	'int.MaxValue',
	'2L',
	'1.5',
	'2.5m',
	'"a"',
	'""',
	'"12"',
	"'c'",
	'true',
	'false',
	'null',
	'(string)null',
	'context.Request.Method',
	'context.Request.Headers',
	'context.Variables',
	'context.Variables["name"]',
	'context.Response',
	'new [] { 1, 2 }',
	'new string[0]',
	'DateTime.UtcNow',
	'TimeSpan.Zero',
	'Guid.Empty',
	'JObject.Parse("{\\"a\\":[1,null]}")',
	'"x.y.z".AsJwt()',
);
const expressions = fc.letrec<{ any: string }>((tie) => ({
	any: fc.oneof(
		{ depthSize: 'small' },
		leaf,
		fc
			.tuple(
				tie('any'),
				fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '&&', '||', '??', '&', '|', '^', '<<'),
				tie('any'),
			)
			.map(([a, o, b]) => `(${a} ${o} ${b})`),
		fc
			.tuple(
				fc.constantFrom('!', '-', '~', '(int)', '(string)', '(object)', '(long)', '(byte)', '(JToken)'),
				tie('any'),
			)
			.map(([o, a]) => `${o}(${a})`),
		fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
		fc
			.tuple(
				tie('any'),
				fc.constantFrom('.', '?.'),
				fc.constantFrom(
					'Length',
					'ToString()',
					'Count()',
					'First()',
					'Select(x => x)',
					'ToList()',
					"Split('a')",
					'Substring(1)',
					'Equals(1)',
					'Trim()',
					'Any(x => true)',
				),
			)
			.map(([a, dot, m]) => `${a}${dot}${m}`),
		fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a})[${b}]`),
		tie('any').map((a) => `$"{${a}}"`),
		tie('any').map((a) => `Convert.ToInt32(${a})`),
		tie('any').map((a) => `JsonConvert.SerializeObject(${a})`),
	),
}));

test('every expression that compiles has a value or a failure that is its own', () => {
	let compiledOnes = 0;
	fc.assert(
		fc.property(expressions.any, (text) => {
			const compiled = compileExpression({ text, kind: 'expression', file: 'policy.xml', line: 1, column: 1 });
			if (!compiled.ok) return;
			compiledOnes++;
			const outcome = compiled.evaluate(expressionContext({ variables: { name: 'Alice' } }));
			if (!outcome.ok) expect(`${text} ${outcome.cause} ${outcome.message}`).not.toContain(' internal ');
		}),
		{ numRuns: isLong ? 100_000 : 1000 },
	);
	expect(compiledOnes).toBeGreaterThan(100);
});
