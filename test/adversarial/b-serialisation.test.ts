/** Group B: one token, one spelling. Whatever could be read in two ways is not read at all (B01–B07, B15–B19). */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Reason } from '#core/index';
import {
	type ExpectedAnswer,
	expectForwarded,
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { encode, signatureOf, signSegments, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

const rsa = testKey('RS256', 'serialisation');
const ec = testKey('ES256', 'serialisation');

let provider: TestProvider;
let rig: GuardedGateway;
/** The same with the widest limits that a configuration can set. */
let wide: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [rsa, ec] });
	const config = (limits: object) => (upstream: string) => ({
		limits,
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ name: 'all', path: '/**', upstream }],
	});
	rig = await startGuardedGateway(config({}));
	wide = await startGuardedGateway(config({ headers: '1MiB', token: '1MiB' }));
});

afterAll(async () => {
	await Promise.all([rig.stop(), wide.stop()]);
	await provider.stop();
});

async function expectDenied(token: string, gateway = rig): Promise<Seen> {
	const seen = await gateway.send({ token });
	expectRefused(seen, '401-IT', 'token_malformed');
	return seen;
}

function parts(token = provider.issue()): [header: string, payload: string, signature: string] {
	const [header = '', payload = '', signature = ''] = token.split('.');
	return [header, payload, signature];
}

test('the tokens of these tests pass before anybody touches them', async () => {
	for (const key of [rsa, ec]) expectForwarded(await rig.send({ token: provider.issue({}, { key }) }));
	const [header, payload] = parts();
	expectForwarded(await rig.send({ token: signSegments(header, payload, rsa) }));
	expectForwarded(await wide.send({ token: provider.issue({ padding: 'x'.repeat(600_000) }) }));
});

test.each([
	['one segment', (h: string) => h],
	['two segments: header and payload', (h: string, p: string) => `${h}.${p}`],
	['two segments: payload and signature', (_: string, p: string, s: string) => `${p}.${s}`],
	['four segments', (h: string, p: string, s: string) => `${h}.${p}.${s}.${s}`],
	['five segments, as a JWE has', (h: string, p: string, s: string) => `${h}.${p}.${s}.${s}.${s}`],
	['six segments', (h: string, p: string, s: string) => `${h}.${p}.${s}.${s}.${s}.${s}`],
	['a leading dot', (h: string, p: string, s: string) => `.${h}.${p}.${s}`],
	['a leading dot and no header', (_: string, p: string, s: string) => `.${p}.${s}`],
	['a trailing dot', (h: string, p: string, s: string) => `${h}.${p}.${s}.`],
	['an empty header', (_: string, p: string, s: string) => `.${p}.${s}`],
	['an empty payload', (h: string, _: string, s: string) => `${h}..${s}`],
	['a payload of no octets under a genuine signature', (h: string) => signSegments(h, '', rsa)],
	['nothing but dots', () => '..'],
	['one dot', () => '.'],
	['a dot too many in the middle', (h: string, p: string, s: string) => `${h}..${p}.${s}`],
	['the token twice', (h: string, p: string, s: string) => `${h}.${p}.${s}${h}.${p}.${s}`],
])('B01: %s', async (_, build) => {
	await expectDenied(build(...parts()));
});

test('B01: three segments without a signature', async () => {
	const [header, payload] = parts();
	expectRefused(await rig.send({ token: `${header}.${payload}.` }), '401-IT', 'signature_invalid');
});

test.each(['', ' ', '   '])('B01: no token after the scheme: %j', async (rest) => {
	const seen = await rig.sendBytes(requestBytes({ headers: [['Authorization', `Bearer${rest}`]] }));
	expectRefused(seen, '400-IR', 'credential_malformed');
});

test('B02: the JSON serialisations, flattened and general', async () => {
	const [header, payload, signature] = parts();
	const own = { protected: header, signature };
	for (const json of [
		{ payload, ...own },
		{ payload, ...own, header: { alg: 'none' } },
		{ payload, signatures: [own] },
		{ payload, signatures: [own, { protected: encode({ alg: 'none' }), signature: '' }] },
	]) {
		const text = JSON.stringify(json);
		const seen = await rig.sendBytes(requestBytes({ headers: [['Authorization', `Bearer ${text}`]] }), text);
		expectRefused(seen, '400-IR', 'credential_malformed');
		for (const part of [header, payload, signature]) expectNoTrace(part, seen, rig.gateway);
		// Encoded, so that it is a b64token: still not a compact JWS.
		await expectDenied(encode(text));
	}
});

test.each(['=', '==', '===='])('B03: the signature with %s after it', async (padding) => {
	for (const key of [rsa, ec]) await expectDenied(provider.issue({}, { key }) + padding);
});

test('B03: padding within the token, after header or payload', async () => {
	const [header, payload, signature] = parts();
	for (const token of [`${header}=.${payload}.${signature}`, `${header}.${payload}==.${signature}`]) {
		// RFC 6750 §2.1: a b64token has its padding at the end.
		expectRefused(await rig.send({ token }), '400-IR', 'credential_malformed');
	}
});

const blanks = [
	['a space', ' ', '400-IR', 'credential_malformed'],
	['a tab', '\t', '400-IR', 'credential_malformed'],
	['CR', '\r', '400', 'request_malformed'],
	['LF', '\n', '400', 'request_malformed'],
	['CR LF', '\r\n', '400', 'request_malformed'],
	['a folded line', '\r\n ', '400', 'request_malformed'],
] as const satisfies readonly (readonly [string, string, ExpectedAnswer, Reason])[];
const segmentNames = ['header', 'payload', 'signature'] as const;

test.each(
	blanks.flatMap(([name, blank, answer, reason]) =>
		segmentNames.map((segment, index) => [name, segment, blank, index, answer, reason] as const),
	),
)('B04: %s inside the %s', async (_, __, blank, index, answer, reason) => {
	const segments = parts();
	const segment = segments[index] ?? '';
	segments[index] = segment.slice(0, 20) + blank + segment.slice(20);
	const bytes = requestBytes({ headers: [['Authorization', `Bearer ${segments.join('.')}`]] });
	const seen = await rig.sendBytes(bytes);
	expectRefused(seen, answer, reason);
	if (answer === '400') expect(seen.response.headers.get('connection')).toBe('close');
	for (const part of parts()) expectNoTrace(part, seen, rig.gateway);
});

test.each([
	['+', '-'],
	['/', '_'],
] as const)('B05: %s instead of %s', async (wrong, right) => {
	for (const segment of [1, 2] as const) {
		const token = issueWith(segment, right);
		expectForwarded(await rig.send({ token }));
		const segments = parts(token);
		segments[segment] = segments[segment].replaceAll(right, wrong);
		await expectDenied(segments.join('.'));
	}
});

/** A genuine token with `character` somewhere in that segment. */
function issueWith(segment: 1 | 2, character: string): string {
	for (let n = 0; ; n++) {
		// U+00FB to U+00FF encode to octets whose sextets reach the end of the alphabet.
		const token = provider.issue({ jti: `${'~?>ÿ¿'.repeat(6)}${n}` });
		if (parts(token)[segment].includes(character)) return token;
	}
}

/** The other spellings of a segment that lenient decoders read as the same octets. */
function respelled(segment: string): readonly string[] {
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
	const octets = Buffer.from(segment, 'base64url');
	return Array.from(alphabet)
		.map((last) => segment.slice(0, -1) + last)
		.filter((other) => other !== segment && Buffer.from(other, 'base64url').equals(octets));
}

test.each([rsa, ec])('B06: unused bits at the end of the signature ($algorithm)', async (key) => {
	const [header, payload, signature] = parts(provider.issue({}, { key }));
	const others = respelled(signature);
	expect(others).toHaveLength(15);
	for (const other of others) await expectDenied(`${header}.${payload}.${other}`);
});

test.each([0, 1] as const)('B07: unused bits at the end of segment %i', async (index) => {
	let seen = 0;
	for (const padding of ['', 'x', 'xx']) {
		const segments = parts(provider.issue({ padding }, { header: { padding } }));
		for (const other of respelled(segments[index])) {
			seen += 1;
			const altered = [...segments];
			altered[index] = other;
			await expectDenied(altered.join('.'));
			// Nor when the other spelling is what was signed.
			await expectDenied(signSegments(altered[0] ?? '', altered[1] ?? '', rsa));
		}
	}
	expect(seen).toBe(18);
});

test.each([0, 1, 2] as const)('B07: segment %i of a length that no octets have', async (index) => {
	const segments = parts(provider.issue({}, { key: ec }));
	const segment = segments[index];
	const rest = segment.length % 4;
	segments[index] = rest === 0 ? `${segment}A` : segment + 'A'.repeat(5 - rest);
	expect(segments[index].length % 4).toBe(1);
	await expectDenied(segments.join('.'));
});

const headerText = (): string => JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: rsa.kid });
const claimsText = (): string => Buffer.from(parts()[1], 'base64url').toString('utf8');

const garbled: readonly (readonly [name: string, write: (text: string) => Buffer])[] = [
	['UTF-16', (text) => Buffer.from(text, 'utf16le')],
	['UTF-16 with a byte order mark', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
	['UTF-8 with a byte order mark', (text) => Buffer.from(`\ufeff${text}`, 'utf8')],
	['invalid UTF-8', (text) => withOctets(text, [0xff, 0xfe])],
	['a lone continuation octet', (text) => withOctets(text, [0x80])],
	['an overlong quote', (text) => withOctets(text, [0xc0, 0xa2])],
	['an overlong slash of three octets', (text) => withOctets(text, [0xe0, 0x80, 0xaf])],
	['a surrogate in UTF-8', (text) => withOctets(text, [0xed, 0xa0, 0x80])],
	['a code point beyond U+10FFFF', (text) => withOctets(text, [0xf4, 0x90, 0x80, 0x80])],
	['a sequence that is cut', (text) => withOctets(text, [0xe2, 0x82])],
	['NUL before it', (text) => Buffer.from(`\0${text}`)],
	['NUL after it', (text) => Buffer.from(`${text}\0`)],
];

/** The text with a member more, whose value holds these octets. */
function withOctets(text: string, octets: readonly number[]): Buffer {
	return Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), Buffer.from(octets), Buffer.from('"}')]);
}

const misspelled: readonly (readonly [name: string, write: (text: string) => string])[] = [
	['garbage after it', (text) => `${text}garbage`],
	['a second value after it', (text) => text + text],
	['a closing brace after it', (text) => `${text}}`],
	['a comment in it', (text) => `{/* c */${text.slice(1)}`],
	['a line comment after it', (text) => `${text}// c`],
	['NaN in it', (text) => `${text.slice(0, -1)},"x":NaN}`],
	['Infinity in it', (text) => `${text.slice(0, -1)},"x":-Infinity}`],
	['single quotes', (text) => text.replaceAll('"', "'")],
	['names without quotes', (text) => text.replaceAll(/"(\w+)":/g, '$1:')],
	['a trailing comma', (text) => `${text.slice(0, -1)},}`],
	['a number that begins with 0', (text) => `${text.slice(0, -1)},"x":01}`],
	['a hexadecimal number', (text) => `${text.slice(0, -1)},"x":0x1}`],
	['a line break in a text', (text) => `${text.slice(0, -1)},"x":"\n"}`],
	['a no-break space before it', (text) => `\u00a0${text}`],
	['half of it', (text) => text.slice(0, text.length / 2)],
	['an escaped lone surrogate', (text) => `${text.slice(0, -1)},"x":"\\ud800"}`],
	['a list around it', (text) => `[${text}]`],
	['a text of it', (text) => JSON.stringify(text)],
	['null', () => 'null'],
];

test.each(garbled)('B15: header or payload is %s', async (_, write) => {
	await expectDenied(signSegments(write(headerText()).toString('base64url'), encode(claimsText()), rsa));
	await expectDenied(signSegments(encode(headerText()), write(claimsText()).toString('base64url'), rsa));
});

test.each(misspelled)('B16: header or payload is JSON with %s', async (_, write) => {
	await expectDenied(signSegments(encode(write(headerText())), encode(claimsText()), rsa));
	await expectDenied(signSegments(encode(headerText()), encode(write(claimsText())), rsa));
});

test('B16: white space that JSON allows changes nothing', async () => {
	const header = encode(` \r\n\t${headerText().replaceAll(':', ' : ')} `);
	expectForwarded(await rig.send({ token: signSegments(header, encode(claimsText()), rsa) }));
});

const deep = (depth: number, open: string, middle: string, close: string) =>
	open.repeat(depth) + middle + close.repeat(depth);

test.each([
	['lists', (text: string) => `${text.slice(0, -1)},"x":${deep(100_000, '[', '', ']')}}`],
	['objects', (text: string) => `${text.slice(0, -1)},"x":${deep(100_000, '{"a":', '1', '}')}}`],
	['lists that are never closed', (text: string) => text.slice(0, -1) + '[{"x":'.repeat(80_000)],
	['quotes', (text: string) => `${text.slice(0, -1)},"x":"${'\\"'.repeat(300_000)}`],
	['members', (text: string) => `${text.slice(0, -1)}${',"x":1'.repeat(100_000)}}`],
])('B17: 100,000 %s, in header and payload', async (_, write) => {
	await expectDenied(signSegments(encode(write(headerText())), encode(claimsText()), rsa), wide);
	await expectDenied(signSegments(encode(headerText()), encode(write(claimsText())), rsa), wide);
});

test('B17: a header of 1 MiB and a payload of 5 MiB', async () => {
	for (const token of [
		provider.issue({}, { header: { padding: 'x'.repeat(1_048_576) } }),
		provider.issue({ padding: 'x'.repeat(5 * 1_048_576) }),
	]) {
		for (const gateway of [rig, wide]) expectRefused(await gateway.send({ token }), '431', 'headers_too_large');
	}
	expectForwarded(await wide.send({ token: provider.issue() }));
});

test('B17: a header of 500 KiB within the limits is read, and only that', async () => {
	expectForwarded(await wide.send({ token: provider.issue({}, { header: { padding: 'x'.repeat(512_000) } }) }));
});

test('B18: a million dots', async () => {
	for (const token of ['.'.repeat(1_000_000), `${parts()[0]}${'.'.repeat(1_000_000)}`]) {
		await expectDenied(token, wide);
		expectRefused(await rig.send({ token }), '431', 'headers_too_large');
	}
	await expectDenied('.'.repeat(20_000));
});

test('B19: a token over the limit is refused, not cut', async () => {
	// This one has exactly the length that the gateway takes, and is genuine.
	const whole = provider.issue({ padding: 'x'.repeat(5000) });
	const limited = await startGuardedGateway((upstream) => ({
		limits: { token: whole.length },
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [{ name: 'all', path: '/**', upstream }],
	}));
	onTestFinished(() => limited.stop());
	expectForwarded(await limited.send({ token: whole }));
	for (const rest of ['A', '=', '.', 'AAAA'.repeat(2000)]) await expectDenied(whole + rest, limited);
	const over = await expectDenied(provider.issue({ padding: 'x'.repeat(5003) }), limited);
	// Refused unread: by the first check of all.
	expect(over.record.check).toBe('credential');
});

test('B19: a token over the default limit of 16 KiB', async () => {
	const token = provider.issue({ padding: 'x'.repeat(14_000) });
	expect(token.length).toBeGreaterThan(16_384);
	expect((await expectDenied(token)).record.check).toBe('credential');
});

test('a signature made by the test is what the gateway checks', () => {
	const [header, payload, signature] = parts();
	expect(signatureOf(rsa, `${header}.${payload}`).toString('base64url')).toBe(signature);
});
