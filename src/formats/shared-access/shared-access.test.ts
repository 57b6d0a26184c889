import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UnverifiedSharedAccess } from '#core/index';
import { compactSigningInput, formatCompactToken } from './compact-token.ts';
import { formatManagementToken, managementSigningInput } from './management-token.ts';
import { formatResourceSignature, resourceSigningInput } from './resource-signature.ts';
import { looksLikeSharedAccess, readSharedAccess } from './shared-access.ts';

const latin = new TextDecoder('latin1');

function read(token: string, scheme = 'sharedaccesssignature'): UnverifiedSharedAccess {
	const parsed = readSharedAccess(scheme, token);
	if (typeof parsed === 'string') throw new Error(parsed);
	return parsed;
}

/** Text without control characters and without lone surrogates. */
const plain = fc
	.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
	.filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
const identifier = fc.stringMatching(/^[A-Za-z0-9._~-]{1,40}$/);
const octets = fc.uint8Array({ minLength: 1, maxLength: 64 });
const whole = fc.integer({ min: 1, max: 253_402_300_799 });

describe('what is written is read', () => {
	test('sr, sig, se, skn in any order, with what was signed as it stands', () => {
		fc.assert(
			fc.property(plain, plain, whole, octets, fc.nat(3), (resource, name, se, signature, turn) => {
				const sr = encodeURIComponent(resource);
				const fields = formatResourceSignature(sr, se, signature, name).split('&');
				const token = [...fields.slice(turn), ...fields.slice(0, turn)].join('&');
				expect(looksLikeSharedAccess(token)).toBe(true);
				const { signingInput, ...parsed } = read(token);
				expect(parsed).toEqual({
					formats: ['service_bus', 'iot_hub'],
					keyName: name,
					resource,
					expiresAt: se,
					signature,
				});
				expect(latin.decode(signingInput)).toBe(resourceSigningInput(sr, se));
			}),
		);
	});

	test('uid, ex, sn', () => {
		fc.assert(
			fc.property(identifier, whole, octets, (uid, at, signature) => {
				const { signingInput, ...parsed } = read(formatManagementToken(uid, at, signature));
				expect(parsed).toEqual({
					formats: ['apim_management'],
					keyName: uid,
					resource: undefined,
					expiresAt: at,
					signature,
				});
				expect(latin.decode(signingInput)).toBe(managementSigningInput(uid, at));
			}),
		);
	});

	test('the short form, to the minute', () => {
		fc.assert(
			fc.property(identifier, whole, octets, (id, at, signature) => {
				for (const [scheme, format] of [
					['sharedaccesssignature', 'apim_management'],
					['gatewaykey', 'apim_gateway'],
				] as const) {
					const { signingInput, ...parsed } = read(formatCompactToken(id, at, signature), scheme);
					expect(parsed).toEqual({
						formats: [format],
						keyName: id,
						resource: undefined,
						expiresAt: at - (at % 60),
						signature,
					});
					expect(latin.decode(signingInput)).toBe(compactSigningInput(id, at));
				}
			}),
		);
	});
});

const pieces = fc.constantFrom(
	'sr=',
	'sig=',
	'se=',
	'skn=',
	'uid=',
	'ex=',
	'sn=',
	'&',
	'=',
	'%0A',
	'%2',
	'%C3%A4',
	'%FF',
	'+',
	'AAAA',
	'QQ==',
	'1900000000',
	'203003171746',
	'2030-03-17T17:46:40Z',
	'sb://a/b',
	'1e9',
	'-1',
	' ',
	'\n',
	'\u0000',
	'ä',
);
const odd = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(''));

test('whatever the text: no exception, no control character in what was decoded, and no part of it in the fault', () => {
	fc.assert(
		fc.property(fc.constantFrom('sharedaccesssignature', 'gatewaykey'), fc.oneof(odd, fc.string()), (scheme, token) => {
			const parsed = readSharedAccess(scheme, token);
			if (typeof parsed === 'string') {
				expect(parsed).toMatch(/^[A-Za-z0-9 &,]+$/);
				return;
			}
			expect(`${parsed.keyName ?? ''}${parsed.resource ?? ''}`).not.toMatch(/\p{Cc}/u);
			expect(parsed.expiresAt).toBeGreaterThan(0);
			// One line feed, and it is ours: the fields on both sides of it cannot move it.
			expect(latin.decode(parsed.signingInput).split('\n')).toHaveLength(2);
		}),
		{ numRuns: 2000 },
	);
});

test('a change of any one character gives another reading, another text to verify, or none', () => {
	const token = formatResourceSignature('sb%3A%2F%2Fa%2Fb', 1_900_000_000, new Uint8Array(32).fill(251), 'owner');
	const facts = (parsed: UnverifiedSharedAccess) =>
		JSON.stringify([parsed.keyName, parsed.signingInput.toString(), parsed.signature.toString()]);
	const known = facts(read(token));
	fc.assert(
		fc.property(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
			const changed = `${token.slice(0, at)}${character}${token.slice(at + 1)}`;
			const parsed = readSharedAccess('sharedaccesssignature', changed);
			if (typeof parsed === 'string' || changed === token) return;
			// Only the case of hex digits in `sig` and `skn` is no difference.
			if (changed.toLowerCase() !== token.toLowerCase()) expect(facts(parsed)).not.toBe(known);
		}),
		{ numRuns: 1000 },
	);
});

test('long texts of many parts are refused as well', () => {
	for (const text of ['sr='.repeat(5_000), '&'.repeat(16_000), `sr=${'%41'.repeat(5_000)}`, '1&'.repeat(8_000)]) {
		expect(typeof readSharedAccess('sharedaccesssignature', text)).toBe('string');
	}
});
