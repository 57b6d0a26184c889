/**
 * The reader of compact JWSs works on octets that it uses again, and keeps headers that it has read. Here it is held
 * against a plain one, which looks at texts and keeps nothing: every token must mean the same to both, whatever was read
 * before it.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '#core/index';
import { encodeBase64url } from './base64url.ts';
import { parseCompactJws } from './compact-jws.ts';
import { encodeUtf8 } from './utf8.ts';

interface Read {
	readonly header: JsonObject;
	readonly claims: JsonObject;
	readonly signingInput: string;
	readonly signature: string;
}

/** Undefined where the token is refused. Of headers it knows no more than that `alg` must be a text that is not empty. */
function readPlainly(token: string): Read | undefined {
	const segments = token.split('.');
	const [first = '', second = '', third = ''] = segments;
	const header = plainObject(first);
	const claims = plainObject(second);
	const signature = plainOctets(third);
	if (segments.length !== 3 || header === undefined || claims === undefined || signature === undefined)
		return undefined;
	const { alg } = header;
	if (typeof alg !== 'string' || alg === '') return undefined;
	return { header, claims, signingInput: `${first}.${second}`, signature: signature.toString('hex') };
}

function plainOctets(segment: string): Buffer | undefined {
	const octets = Buffer.from(segment, 'base64url');
	return octets.toString('base64url') === segment ? octets : undefined;
}

function plainObject(segment: string): JsonObject | undefined {
	const octets = plainOctets(segment);
	if (octets === undefined) return undefined;
	try {
		const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
		const value = JSON.parse(text) as JsonValue;
		const isSound = countColons(text) === countMembers(value) && !/[[{]/.test(withoutLevels(text, 32));
		return isSound && typeof value === 'object' && value !== null && !Array.isArray(value)
			? (value as JsonObject)
			: undefined;
	} catch {
		return undefined;
	}
}

const withoutStrings = (text: string): string => text.replace(/"(?:[^"\\]|\\.)*"/gs, '');
const countColons = (text: string): number => withoutStrings(text).split(':').length - 1;

/** `text` without strings and without its `levels` innermost levels. */
function withoutLevels(text: string, levels: number): string {
	let rest = withoutStrings(text);
	for (let i = 0; i < levels; i++) rest = rest.replace(/[[{][^[\]{}]*[\]}]/g, '');
	return rest;
}

function countMembers(value: JsonValue): number {
	if (typeof value === 'string') return value.isWellFormed() ? 0 : Number.NaN;
	if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN;
	if (typeof value !== 'object' || value === null) return 0;
	const own = Array.isArray(value) ? 0 : Object.keys(value).length;
	if (!Object.keys(value).every((name) => name.isWellFormed())) return Number.NaN;
	return Object.values(value).reduce<number>((sum, part: JsonValue) => sum + countMembers(part), own);
}

function read(token: string): Read | undefined {
	const parsed = parseCompactJws(token);
	if (typeof parsed === 'string') return undefined;
	const { header, claims, signingInput, signature } = parsed;
	return {
		header,
		claims,
		signingInput: Buffer.from(signingInput).toString('latin1'),
		signature: Buffer.from(signature).toString('hex'),
	};
}

const name = fc.oneof(
	fc.constantFrom('sub', '\\u0073ub', 'aud', 'exp', '__proto__', '', '\\ud800', 'é', '\\"', ':', '{'),
	fc
		.string({ unit: fc.constantFrom('A', '1', ' ', '"', '\\', ':', 'é'), maxLength: 3 })
		.map((text) => JSON.stringify(text).slice(1, -1)),
);
const scalar = fc.oneof(
	fc.constantFrom(
		'1',
		'null',
		'true',
		'1e400',
		'"a:b"',
		'"\\\\"',
		'"\\ud83d\\ude00"',
		'"\\udc00"',
		'"😀"',
		'01',
		'"',
		'',
	),
	fc.string({ maxLength: 10 }).map((text) => JSON.stringify(text)),
	fc.integer({ min: 0, max: 9_000 }).map((length) => `"${'x'.repeat(length)}"`),
	fc.integer({ min: 28, max: 34 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
	fc.integer({ min: 28, max: 34 }).map((depth) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)),
);
const members = fc.array(fc.tuple(name, scalar), { maxLength: 4 });
const objectText = (all: readonly (readonly [string, string])[]): string =>
	`{${all.map(([key, value]) => `"${key}":${value}`).join(',')}}`;

/** Few of them, so that most have been read before; neither reader knows what else a header must not have. */
const header = fc.oneof(
	fc.constantFrom('{"alg":"RS256"}', '{"alg":"RS256","kid":"a"}', '{"alg":""}', '{"alg":"RS256","alg":"none"}'),
	fc.integer({ min: 0, max: 400 }).map((number) => `{"alg":"RS256","n":${number}}`),
	members.map((all) => objectText([['alg', '"RS256"'], ...all])),
);
const segment = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
	fc.oneof(
		{ weight: 9, arbitrary: text.map((json) => encodeBase64url(encodeUtf8(json))) },
		{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map(encodeBase64url) },
	);
const whole = fc
	.tuple(segment(header), segment(members.map(objectText)), fc.uint8Array({ maxLength: 300 }).map(encodeBase64url))
	.map((segments) => segments.join('.'));
const damaged = fc
	.tuple(
		whole,
		fc.double({ min: 0, max: 1, noNaN: true }),
		fc.constantFrom(0, 1, 2),
		fc.constantFrom('A', 'a', '_', '-', '.', '=', '+', '/', ' ', '!', '\n', '\0', '€', '😀', '\ud800', ''),
	)
	.map(([token, where, cut, put]) => {
		const at = Math.floor(where * token.length);
		return token.slice(0, at) + put + token.slice(at + cut);
	});

test('every token means what it means to a plain reader, and the same a second time', () => {
	let accepted = 0;
	fc.assert(
		fc.property(fc.array(fc.oneof(whole, damaged), { minLength: 1, maxLength: 8 }), (tokens) => {
			const expected = tokens.map(readPlainly);
			expect(tokens.map(read)).toEqual(expected);
			// What was read of one token stays when others are read.
			const parsed = tokens.map((token) => parseCompactJws(token));
			parsed.forEach((result, index) => {
				if (typeof result === 'string') return;
				accepted += 1;
				expect(Buffer.from(result.signingInput).toString('latin1')).toBe(expected[index]?.signingInput);
				expect(Buffer.from(result.signature).toString('hex')).toBe(expected[index]?.signature);
			});
		}),
		{ numRuns: 400 },
	);
	expect(accepted).toBeGreaterThan(200);
});

test('a header that is kept is nobody’s to change', () => {
	const token = `${encodeBase64url(encodeUtf8('{"alg":"RS256","kid":"kept"}'))}.e30.c2ln`;
	const once = parseCompactJws(token);
	const twice = parseCompactJws(`${token}c2ln`);
	if (typeof once === 'string' || typeof twice === 'string') throw new Error('both are well-formed');
	expect(() => Object.assign(twice.header, { alg: 'none' })).toThrow(TypeError);
	expect(once.header).toEqual({ alg: 'RS256', kid: 'kept' });
});

test('a header is read anew where it differs in one character, and however many there were', () => {
	const token = (kid: string) => `${encodeBase64url(encodeUtf8(`{"alg":"RS256","kid":"${kid}"}`))}.e30.c2ln`;
	for (let round = 0; round < 2; round++) {
		for (let number = 0; number < 1_000; number++) {
			expect(parseCompactJws(token(`k${number}`))).toMatchObject({ header: { kid: `k${number}` } });
		}
	}
});
