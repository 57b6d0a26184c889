/** Expressions in the shapes that token policies have them, and what is told of them to a linter. */
import { expect, test } from 'vitest';
import { evaluate } from '../../../test/support/evaluate.ts';
import { bodyOf, expressionContext } from '../../../test/support/expression-context.ts';
import { compileExpression, type ExpressionFacts, readJwt } from './index.ts';

function encode(value: unknown): string {
	return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const claims = {
	iss: 'https://login.example.com/t/v2.0',
	sub: 'alice',
	aud: ['api://orders', 'api://more'],
	roles: ['orders.read', 'orders.admin'],
	scp: 'read write',
	tid: 't1',
	level: 3,
	vip: true,
	address: { city: 'Oslo' },
	exp: 1_800_000_000,
};
const token = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'k1' })}.${encode(claims)}.AAAA`;
const parts = {
	headers: [
		['Authorization', `Bearer ${token}`],
		['X-Forwarded-For', '203.0.113.7'],
		['X-Forwarded-For', '10.0.0.1'],
		['Content-Length', '12'],
	] as const,
	variables: { jwt: readJwt(token), tenant: 't1', inGroup: true },
	url: 'https://api.example.com/orders/7?scope=a&scope=b&x=%C3%A9+1',
};

test.each([
	['@(context.Request.Headers.GetValueOrDefault("Authorization","").AsJwt()?.Subject)', 'alice'],
	['@(context.Request.Headers.GetValueOrDefault("Authorization","").Split(\' \').Last().AsJwt()?.Issuer)', claims.iss],
	['@(context.Request.Headers.GetValueOrDefault("Nothing").AsJwt() == null)', true],
	['@("no.token.here".AsJwt()?.Subject ?? "none")', 'none'],
	['@(((Jwt)context.Variables["jwt"]).Claims["roles"].Contains("orders.admin"))', true],
	['@(((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("roles", ""))', 'orders.read,orders.admin'],
	['@(((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("roles"))', 'orders.read,orders.admin'],
	['@(((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("oid", new string[]{"none"})[0])', 'none'],
	['@(((Jwt)context.Variables["jwt"]).Claims["scp"].FirstOrDefault().Split(\' \').Any(s => s == "write"))', true],
	['@(((Jwt)context.Variables["jwt"]).Claims.ContainsKey("tid"))', true],
	['@(((Jwt)context.Variables["jwt"]).Claims["level"][0] + ((Jwt)context.Variables["jwt"]).Claims["vip"][0])', '3true'],
	['@(((Jwt)context.Variables["jwt"]).Claims["address"][0])', '{"city":"Oslo"}'],
	['@(((Jwt)context.Variables["jwt"]).Audiences.Any(a => a.StartsWith("api://")))', true],
	['@(((Jwt)context.Variables["jwt"]).ExpirationTime > DateTime.UtcNow)', true],
	['@(((Jwt)context.Variables["jwt"]).ExpirationTime?.ToString("yyyy") ?? "never")', '2027'],
	['@(((Jwt)context.Variables["jwt"]).Algorithm)', 'RS256'],
	['@(((Jwt)context.Variables["jwt"]).Claims["absent"][0])', { failed: 'KeyNotFoundException' }],
	[
		'@{ Jwt jwt; if (context.Request.Headers.GetValueOrDefault("Authorization", "").Replace("Bearer ", "").TryParseJwt(out jwt)) { return jwt.Claims.GetValueOrDefault("tid", ""); } return ""; }',
		't1',
	],
	['@(context.Request.Headers.GetValueOrDefault("x-forwarded-for"))', '203.0.113.7,10.0.0.1'],
	['@(context.Request.Headers["X-Forwarded-For"].Last())', '10.0.0.1'],
	['@(int.Parse(context.Request.Headers.GetValueOrDefault("Content-Length", "0")) > 65536)', false],
	['@(context.Request.Url.Query.GetValueOrDefault("scope", ""))', 'a,b'],
	['@(context.Request.Url.Query["x"][0])', 'é 1'],
	['@(context.Request.Url.Path.Contains("/$metadata") || context.Request.Method != "GET")', false],
	['@(context.Request.OriginalUrl.ToString())', 'https://api.example.com/orders/7?scope=a&scope=b&x=%C3%A9+1'],
	['@(context.Request.MatchedParameters["id"] + context.Request.MatchedParameters.GetValueOrDefault("no", "-"))', '7-'],
	['@(context.Request.Method.Equals("get", StringComparison.OrdinalIgnoreCase))', true],
	['@(new [] {"post", "get"}.Contains(context.Request.Method, StringComparer.OrdinalIgnoreCase))', true],
	['@(context.Request.Certificate == null || !context.Request.Certificate.Verify())', true],
	['@($"https://login/{context.Variables["tenant"]}/v2.0")', 'https://login/t1/v2.0'],
	['@((bool)context.Variables["inGroup"] && !context.Variables.ContainsKey("other"))', true],
	['@(context.Variables.GetValueOrDefault("tenant") == "t1")', true],
	['@("Basic YTpiOmM=".AsBasic().Password + "YTpi".AsBasic()?.UserId)', 'b:ca'],
	['@("Basic !".AsBasic() == null)', true],
	['@(context.LastError?.Source ?? "none")', 'none'],
	['@(context.Deployment.Region.Length > 0 && context.RequestId.ToString().Length == 36)', true],
	['@((context.Timestamp - DateTime.UtcNow).TotalSeconds == 0 && context.Elapsed.TotalMilliseconds > 100)', true],
])('%s', (text, value) => {
	expect(evaluate(text, parts)).toEqual(value);
});

test.each([
	['@((string)context.Request.Body.As<JObject>(preserveContent: true)["user"]["name"])', 'Bob'],
	['@(context.Request.Body.As<JObject>(true)["list"].Select(x => (int)x).Sum())', 6],
	[
		'@{ var b = context.Request.Body?.As<JObject>(true); return (b != null && b["model"] != null) ? b["model"].ToString() : "unknown"; }',
		'unknown',
	],
	['@(context.Request.Body.As<string>().Length)', 39],
	[
		'@{ var a = context.Request.Body.As<string>(); return context.Request.Body.As<string>(); }',
		{ failed: 'InvalidOperationException' },
	],
	['@(context.Request.Body.As<JObject>(true).SelectToken("$.user.name").ToString())', 'Bob'],
	['@(context.Request.Body.As<JObject>(true)["list"].HasValues)', true],
])('%s of a body', (text, value) => {
	expect(evaluate(text, { body: '{"user":{"name":"Bob"},"list":[1,2,3]}\n' })).toEqual(value);
});

test('a body that was not collected is a failure', () => {
	const body = { ...bodyOf(''), octets: undefined };
	expect(evaluate('@(context.Request.Body.As<string>())', { request: { body } })).toEqual({
		failed: 'InvalidOperationException',
	});
});

function factsOf(text: string): ExpressionFacts {
	const compiled = compileExpression({ text, kind: 'expression', file: 'p.xml', line: 1, column: 1 });
	if (!compiled.ok) throw new Error(compiled.message);
	return compiled.facts;
}

test('facts: what it reads of the context', () => {
	const facts = factsOf('context.Request.Headers["A"][0] + context.Variables["v"] + context.User?.Email');
	expect([...facts.reads].toSorted()).toEqual(['Request.Headers', 'User', 'Variables[]']);
	expect([...facts.variables]).toEqual(['v']);
	expect(facts.readsAnyVariable).toBe(false);
	expect(facts.isConstant).toBe(false);
	expect(factsOf('context.Variables[context.Request.Method]').readsAnyVariable).toBe(true);
	expect(factsOf('context.Variables').readsAnyVariable).toBe(true);
});

test('facts: constants, tokens that nobody verified, bodies, references', () => {
	expect(factsOf('"a" + "b".ToUpper()').isConstant).toBe(true);
	expect(factsOf('DateTime.UtcNow.Year').isConstant).toBe(false);
	expect(factsOf('Guid.NewGuid()').isConstant).toBe(false);
	expect(factsOf('context.Request.Method.AsJwt()?.Subject').unverifiedJwt).toHaveLength(1);
	expect(factsOf('context.Request.Body.As<string>(true)').readsBody).toEqual({ request: true, response: false });
	expect(factsOf('context.Response.Body.As<string>(true)').readsBody).toEqual({ request: false, response: true });
	expect(factsOf('context.Variables["x"] == "y"').comparesReferences).toHaveLength(1);
	expect(factsOf('(string)context.Variables["x"] == "y"').comparesReferences).toHaveLength(0);
});

test('an evaluation leaves nothing behind for the next one', () => {
	const compiled = compileExpression({
		text: 'var n = 0; foreach (var c in "abc") { n++; } return n;',
		kind: 'block',
		file: 'p.xml',
		line: 1,
		column: 1,
	});
	if (!compiled.ok) throw new Error(compiled.message);
	for (let round = 0; round < 3; round++)
		expect(compiled.evaluate(expressionContext())).toEqual({ ok: true, value: 3 });
});
