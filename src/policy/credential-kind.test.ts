import { expect, test } from 'vitest';
import { Evidence } from '#core/index';
import { createKindOf, type IssuedKinds } from '#policy/credential-kind';
import { requestView } from '../../test/support/request-view.ts';

const jwtOf = (claims: object) =>
	[{ alg: 'RS256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.c2ln';

function kindOf(providers: readonly IssuedKinds[], token: string, scheme = 'bearer') {
	const evidence = new Evidence(requestView({}), 0, 0);
	evidence.credential = { scheme, token, location: { in: 'header', name: 'authorization' } };
	return createKindOf(providers)(evidence);
}

const jwt: IssuedKinds = { tokens: ['jwt'], issuers: ['https://idp.example.com/'], decrypts: false };
const encrypted: IssuedKinds = { ...jwt, decrypts: true };
const opaque: IssuedKinds = { tokens: ['opaque'], issuers: ['https://old.example.com/'], decrypts: false };
const both: IssuedKinds = { tokens: ['jwt', 'opaque'], issuers: ['https://both.example.com/'], decrypts: false };
const ofIdp = jwtOf({ iss: 'https://idp.example.com/' });
const ofOld = jwtOf({ iss: 'https://old.example.com/' });

test.each([
	['JWTs only: whatever comes is meant as one', [jwt], 'anything', 'jwt'],
	['opaque tokens only: a JWT is one', [opaque], ofIdp, 'opaque'],
	['both, by shape', [jwt, opaque], 'anything', 'opaque'],
	['both, a JWT', [jwt, opaque], ofIdp, 'jwt'],
	['both, a JWT of nobody', [jwt, opaque], jwtOf({}), 'jwt'],
	['both, a JWT of the issuer of opaque tokens', [jwt, opaque], ofOld, 'opaque'],
	['both, three segments and a header that is none', [jwt, opaque], 'eyJh.eyJi.c', 'jwt'],
	['both, three segments and no header', [jwt, opaque], 'a.b.c', 'opaque'],
	['one provider of both, a JWT', [both], jwtOf({ iss: 'https://both.example.com/' }), 'jwt'],
	['both, five segments with a header, where JWTs may be encrypted', [encrypted, opaque], 'eyJh.a.b.c.d', 'jwt'],
	['both, five segments with a header, where they may not', [jwt, opaque], 'eyJh.a.b.c.d', 'opaque'],
	['both, five segments without a header', [encrypted, opaque], 'a.b.c.d.e', 'opaque'],
	['one provider of both, none', [both], 'anything', 'opaque'],
] as const)('%s', (_, providers, token, kind) => {
	expect(kindOf(providers, token)).toBe(kind);
});

test('the scheme goes first', () => {
	expect(kindOf([jwt, opaque], 'sr=a&sig=b', 'sharedaccesssignature')).toBe('shared_access');
});
