/** Which answers of a token endpoint are taken, and which are none (L03). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTokenAnswer } from '#keys/authorization-server/token-answer';
import { faultOfExchanged } from './answer.ts';
import { accessTokenType, type ExchangeTerms, jwtType } from './parameters.ts';

const now = 1_800_000_000;
const jwt = (claims: object) =>
	`${btoa(JSON.stringify({ alg: 'RS256' })).replaceAll('=', '')}.${btoa(JSON.stringify(claims)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')}.c2ln`;
const terms: ExchangeTerms = { grant: 'token_exchange', subjectType: accessTokenType, requestedType: undefined };
const target = { audience: ['orders'], resource: [], scope: ['read', 'list'] };
const good = {
	access_token: 'opaque',
	token_type: 'Bearer',
	issued_token_type: accessTokenType,
	expires_in: 60,
	scope: 'read',
};

function judge(body: unknown, more: { terms?: Partial<ExchangeTerms>; scope?: string[]; status?: number } = {}) {
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	const read = readTokenAnswer({ status: more.status ?? 200, headers: new Map(), body: text }, now);
	if (read.kind === 'refused') return read.error;
	if (read.kind === 'unusable') return read.why;
	const wanted = { ...target, scope: more.scope ?? target.scope };
	return faultOfExchanged(read.issued, { ...terms, ...more.terms }, wanted, new Set(['held'])) ?? 'taken';
}

test.each<[string, object]>([
	['as it should be', {}],
	['a scheme in another case', { token_type: 'bearer' }],
	['no scope: as asked for', { scope: undefined }],
	['less than asked for', { scope: '' }],
	['a JWT', { issued_token_type: jwtType }],
	['a lifetime as text', { expires_in: '60' }],
	['a JWT for the audience', { access_token: jwt({ aud: 'orders', exp: now + 60, scope: 'read' }) }],
	['a JWT with a list of one', { access_token: jwt({ aud: ['orders'], exp: now + 60, scp: ['list'] }) }],
	['no word about its life', { expires_in: undefined }],
])('L03: taken: %s', (_, change) => expect(judge({ ...good, ...change })).toBe('taken'));

test.each<[string, unknown]>([
	['no JSON', '<html>502</html>'],
	['a list', [good]],
	['a member twice', '{"access_token":"a","access_token":"b","token_type":"Bearer"}'],
	['token_type N_A', { ...good, token_type: 'N_A' }],
	['token_type DPoP', { ...good, token_type: 'DPoP' }],
	['no token_type', { ...good, token_type: undefined }],
	['no issued_token_type', { ...good, issued_token_type: undefined }],
	['another issued_token_type', { ...good, issued_token_type: 'urn:ietf:params:oauth:token-type:saml2' }],
	['a refresh token beside it', { ...good, refresh_token: 'refresh' }],
	['more scopes', { ...good, scope: 'read admin' }],
	['more scopes in the JWT alone', { ...good, scope: undefined, access_token: jwt({ aud: 'orders', scope: 'admin' }) }],
	['another audience', { ...good, access_token: jwt({ aud: 'billing' }) }],
	['another audience beside it', { ...good, access_token: jwt({ aud: ['orders', 'billing'] }) }],
	['no audience', { ...good, access_token: jwt({}) }],
	['a number for an audience', { ...good, access_token: jwt({ aud: 1 }) }],
	['expired', { ...good, expires_in: 0 }],
	['expired by itself', { ...good, access_token: jwt({ aud: 'orders', exp: now - 1 }) }],
	['a lifetime that is none', { ...good, expires_in: true }],
	['a scope that is none', { ...good, scope: ['read'] }],
	['a token with a line break', { ...good, access_token: 'a\r\nx-admin: 1' }],
	['an empty token', { ...good, access_token: '' }],
	['a token without end', { ...good, access_token: 'a'.repeat(40_000) }],
])('L03: none: %s', (_, body) => expect(judge(body)).not.toBe('taken'));

test('without scopes asked for, none beyond those of the client’s token', () => {
	expect(judge({ ...good, scope: 'held' }, { scope: [] })).toBe('taken');
	expect(judge({ ...good, scope: 'held more' }, { scope: [] })).not.toBe('taken');
});

test('on behalf of: no issued_token_type, and scopes as Entra writes them', () => {
	const entra = { ...good, issued_token_type: undefined, scope: 'api://Orders/Read openid profile' };
	const onBehalf = { terms: { grant: 'on_behalf_of' as const } };
	expect(judge(entra, { ...onBehalf, scope: ['api://orders/.default'] })).toBe('taken');
	expect(judge(entra, { ...onBehalf, scope: ['api://orders/read'] })).toBe('taken');
	expect(judge(entra, { ...onBehalf, scope: ['api://billing/.default'] })).not.toBe('taken');
});

test('an error code is a word or nothing: no text of the server gets anywhere', () => {
	expect(judge({ error: 'invalid_grant', error_description: 'SECRET' }, { status: 400 })).toBe('invalid_grant');
	const odd = fc.string().filter((text) => !/^[a-z_]{1,48}$/.test(text));
	fc.assert(
		fc.property(odd, fc.integer({ min: 400, max: 499 }), (error, status) => {
			expect(judge({ error }, { status })).toMatch(/^the token endpoint answered 4[0-9]{2}( without an error code)?$/);
		}),
	);
});

test('whatever is answered, it is judged, and what is taken fits into a header', () => {
	fc.assert(
		fc.property(fc.jsonValue(), fc.integer({ min: 100, max: 599 }), (body, status) => {
			expect(judge(JSON.stringify(body), { status })).not.toBe('taken');
		}),
	);
	fc.assert(
		fc.property(fc.string({ unit: 'binary' }), (token) => {
			if (judge({ ...good, access_token: token }) === 'taken') expect(token).toMatch(/^[!-~]+$/);
		}),
	);
});
