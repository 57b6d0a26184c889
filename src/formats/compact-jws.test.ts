import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeBase64url } from './base64url.ts';
import { looksLikeCompactJws, parseCompactJws } from './compact-jws.ts';
import { encodeUtf8 } from './utf8.ts';

const segment = (text: string): string => encodeBase64url(encodeUtf8(text));
const withHeader = (header: string): string => `${segment(header)}.${segment('{"sub":"a"}')}.c2ln`;
const withPayload = (payload: string): string => `${segment('{"alg":"RS256"}')}.${segment(payload)}.c2ln`;

/** RFC 7515 appendix A.1. */
const a1Header = 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9';
const a1Payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
const a1Signature = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const a1 = `${a1Header}.${a1Payload}.${a1Signature}`;

test('RFC 7515 appendix A.1', () => {
	expect(parseCompactJws(a1)).toEqual({
		header: { typ: 'JWT', alg: 'HS256' },
		claims: { iss: 'joe', exp: 1_300_819_380, 'http://example.com/is_root': true },
		signingInput: encodeUtf8(`${a1Header}.${a1Payload}`),
		signature: Uint8Array.from(Buffer.from(a1Signature, 'base64url')),
	});
});

test('RFC 7515 appendix A.5: an unsecured JWS is well-formed, with an empty signature', () => {
	expect(parseCompactJws(`eyJhbGciOiJub25lIn0.${a1Payload}.`)).toMatchObject({
		header: { alg: 'none' },
		signature: new Uint8Array(),
	});
});

test.each([
	['', 'one segment'],
	['abc', 'one segment'],
	[`${a1Header}.${a1Payload}`, 'two segments'],
	['.', 'two segments'],
	[`${a1}.c2ln`, 'four segments'],
	[`${a1}.`, 'four segments'],
	[`${a1}.c2ln.c2ln`, 'five segments: an encrypted token'],
	['a.b.c.d.e.f', 'more than five segments'],
	[`.${a1Header}.${a1Payload}`, 'segment 1 (header) is empty'],
	[`.${a1}`, 'four segments'],
	[`${a1Header}..${a1Signature}`, 'segment 2 (payload) is empty'],
	['..', 'segment 1 (header) is empty'],
	['{"payload":"e30","protected":"e30","signature":"c2ln"}', 'one segment'],
])('segments of %j', (token, fault) => {
	expect(parseCompactJws(token)).toContain(fault);
});

test.each([
	['padding on the signature', `${a1}=`, 'segment 3 is not base64url'],
	['double padding on the signature', `${a1}==`, 'segment 3 is not base64url'],
	['unused bits of the signature', a1.replace(/k$/, 'l'), 'segment 3 is not base64url'],
	['unused bits of the payload', `${a1Header}.${segment('{"a":1}')}.c2ln`.replace('fQ.', 'fR.'), 'segment 2'],
	['unused bits of the header', `${segment('{"alg":""}').replace(/Q$/, 'R')}.e30.`, 'segment 1'],
	['a space in the header', `${a1Header.slice(0, 8)} ${a1Header.slice(8)}.${a1Payload}.`, 'segment 1'],
	['a line break in the payload', `${a1Header}.${a1Payload}\n.c2ln`, 'segment 2'],
	['the standard alphabet', `${a1Header}.${a1Payload}.${a1Signature.replace('-', '+')}`, 'segment 3'],
	['a header that is not UTF-8', `${encodeBase64url(Uint8Array.of(0x7b, 0xc0, 0xa2))}.e30.`, 'header is not UTF-8'],
	['a header in UTF-16', `${Buffer.from('{"alg":"RS256"}', 'utf16le').toString('base64url')}.e30.`, 'header'],
	['a header after a byte order mark', withHeader('\ufeff{"alg":"RS256"}'), 'header is not a JSON object'],
	['a header and more', withHeader('{"alg":"RS256"}{}'), 'header is not a JSON object'],
	['alg twice', withHeader('{"alg":"RS256","alg":"none"}'), 'header is not a JSON object, or repeats'],
	['kid twice', withHeader('{"alg":"RS256","kid":"a","\\u006bid":"b"}'), 'header is not a JSON object, or repeats'],
	['a payload that is a list', withPayload('[]'), 'payload is not a JSON object'],
	['a payload that is null', withPayload('null'), 'payload is not a JSON object'],
	['a payload that is a string', withPayload('"sub"'), 'payload is not a JSON object'],
	['sub twice', withPayload('{"sub":"a","\\u0073ub":"admin"}'), 'payload is not a JSON object, or repeats'],
])('refuses %s', (_, token, fault) => {
	expect(parseCompactJws(token)).toContain(fault);
});

test.each([
	['{}', 'alg'],
	['{"alg":null}', 'alg'],
	['{"alg":["RS256"]}', 'alg'],
	['{"alg":256}', 'alg'],
	['{"alg":""}', 'alg'],
	['{"alg":"RS256","kid":1}', 'kid is not a string'],
	['{"alg":"RS256","kid":null}', 'kid is not a string'],
	['{"alg":"RS256","kid":{}}', 'kid is not a string'],
	['{"alg":"RS256","typ":[]}', 'typ is not a string'],
	['{"alg":"RS256","cty":1}', 'cty is not a string'],
	['{"alg":"RS256","cty":"JWT"}', 'nested'],
	['{"alg":"RS256","cty":"Application/jwt"}', 'nested'],
	['{"alg":"RS256","zip":"DEF"}', 'zip'],
	['{"alg":"RS256","enc":"A256GCM"}', 'JWE'],
	['{"alg":"RS256","b64":true}', 'b64'],
	['{"alg":"RS256","b64":false,"crit":["b64"]}', 'b64'],
	['{"alg":"RS256","crit":["exp"]}', 'crit names exp, a registered parameter'],
	['{"alg":"RS256","crit":["alg"]}', 'crit names alg, a registered parameter'],
	['{"alg":"RS256","crit":[]}', 'crit is empty'],
	['{"alg":"RS256","crit":"b64"}', 'crit is not a list'],
	['{"alg":"RS256","crit":{}}', 'crit is not a list'],
	['{"alg":"RS256","crit":null}', 'crit is not a list'],
	['{"alg":"RS256","crit":[1]}', 'not a string'],
	['{"alg":"RS256","crit":["x","x"],"x":1}', 'twice'],
	['{"alg":"RS256","crit":["x"]}', 'lacks'],
	['{"alg":"RS256","crit":["toString"]}', 'lacks'],
	['{"alg":"RS256","crit":["x"],"x":1}', 'not understood'],
])('header %s', (header, fault) => {
	expect(parseCompactJws(withHeader(header))).toContain(fault);
});

test.each([
	'{"alg":"RS256","typ":"JWT","kid":"1","cty":"json"}',
	'{"alg":"RS256","jku":"https://attacker.example/","jwk":{},"x5u":1,"x5c":[]}',
	'{"alg":"RS256","__proto__":{"crit":["x"]}}',
])('header %s passes', (header) => {
	expect(parseCompactJws(withHeader(header))).toMatchObject({ claims: { sub: 'a' } });
});

test('a fault holds no part of the token', () => {
	const canary = 'cAnArY';
	const headers = [
		`{"alg":"RS256","${canary}":1,"crit":["${canary}"]}`,
		`{"alg":"RS256","crit":["${canary}"]}`,
		`{"alg":"RS256","crit":["${canary}","${canary}"],"${canary}":1}`,
		`{"alg":"RS256","kid":["${canary}"]}`,
		`{"alg":["${canary}"]}`,
		`{"${canary}":`,
	];
	for (const token of [...headers.map(withHeader), withPayload(`{"${canary}"`), `${canary}.${canary}.${canary}`]) {
		expect(parseCompactJws(token)).toEqual(expect.not.stringContaining(canary));
	}
});

test('hostile sizes end', () => {
	expect(parseCompactJws('.'.repeat(1_000_000))).toContain('more than five segments');
	expect(looksLikeCompactJws(`e${'.'.repeat(1_000_000)}`)).toBe(false);
	expect(parseCompactJws(withHeader(`{"alg":${'['.repeat(100_000)}`))).toContain('header');
	expect(parseCompactJws(withHeader(`{"alg":"RS256","x":"${'x'.repeat(1_000_000)}"}`))).toBeTypeOf('object');
	expect(parseCompactJws(withPayload(`{"x":"${'x'.repeat(5_000_000)}"}`))).toBeTypeOf('object');
});

test('takes apart what was put together, and only that spelling', () => {
	const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true });
	fc.assert(
		fc.property(object, fc.uint8Array(), (payload, signature) => {
			const claims: unknown = JSON.parse(JSON.stringify(payload));
			const token = `${segment('{"alg":"RS256"}')}.${segment(JSON.stringify(payload))}.${encodeBase64url(signature)}`;
			const parsed = parseCompactJws(token);
			expect(parsed).toMatchObject({ header: { alg: 'RS256' }, signature });
			expect(typeof parsed === 'string' ? parsed : parsed.claims).toEqual(claims);
			expect(looksLikeCompactJws(token)).toBe(true);
			for (const mark of ['=', ' ', '\n', '.']) expect(parseCompactJws(token + mark)).toBeTypeOf('string');
		}),
	);
});

test('never throws; what it accepts is spelled from its parts', () => {
	const piece = fc.oneof(
		fc.constantFrom('.', '..', 'e30', segment('{"alg":"a"}'), segment('{}'), segment('[]'), 'eyJ', 'Zg', ' ', '='),
		fc.string({ maxLength: 3 }),
	);
	const token = fc.array(piece, { maxLength: 6 }).map((all) => all.join(''));
	fc.assert(
		fc.property(token, (candidate) => {
			looksLikeCompactJws(candidate);
			const parsed = parseCompactJws(candidate);
			if (typeof parsed === 'string') return;
			const input = new TextDecoder().decode(parsed.signingInput);
			expect(`${input}.${encodeBase64url(parsed.signature)}`).toBe(candidate);
		}),
		{ numRuns: 2000 },
	);
});

test.each([
	[a1, true],
	['eyJhbGciOiJub25lIn0..', true],
	[`${segment('{ "alg":1}')}.a.b`, true],
	[`${segment('{}')}.a.b`, true],
	[`${segment('[]')}.a.b`, false],
	['sr=https%3a%2f%2fa.example&sig=a&se=1&skn=b', false],
	['2YotnFZFEjr1zCsicMWpAA', false],
	['a.b.c', false],
	['ea.b.c', false],
	['eyJhbGciOiJub25lIn0.a', false],
	['eyJhbGciOiJub25lIn0.a.b.c.d', false],
	['e', false],
	['', false],
])('whether %j looks like a compact JWS: %j', (token, expected) => {
	expect(looksLikeCompactJws(token)).toBe(expected);
});
