/** OpenID Connect Back-Channel Logout 1.0 §2.6, clause by clause. The signature is the authenticator's business. */
import { expect, test } from 'vitest';
import type { JsonObject, Principal } from '#core/index';
import { readLogoutToken } from './logout-token.ts';
import { backChannelLogout } from './security-events.ts';

const now = 1_000_000;
const events = { [backChannelLogout]: {} };

function token(claims: JsonObject = {}, parts: Partial<Principal> = {}): Principal {
	return {
		provider: 'idp',
		kind: 'jwt',
		issuer: 'https://idp.example.com/',
		subject: 'alice',
		client: undefined,
		audiences: ['gateway'],
		scopes: new Set(),
		claims: { jti: 'j', sid: 's', events, ...claims },
		expiresAt: now + 60,
		notBefore: undefined,
		issuedAt: now - 1,
		confirmation: undefined,
		type: 'logout+jwt',
		...parts,
	};
}

const read = (principal: Principal) => readLogoutToken(principal, { audience: ['gateway'], clockSkew: 5, now });

test('a session, and the subject’s earlier tokens, which need not name it', () => {
	expect(read(token())).toEqual({
		jti: 'j',
		denials: [
			{ kind: 'session', value: 's', issuedBefore: undefined },
			{ kind: 'subject', value: 'alice', issuedBefore: now - 1 },
		],
	});
	expect(read(token({}, { subject: undefined }))).toMatchObject({ denials: [{ kind: 'session' }] });
	const { sid: _, ...rest } = token().claims;
	expect(read({ ...token(), claims: rest })).toMatchObject({ denials: [{ kind: 'subject' }] });
	expect(read(token({}, { expiresAt: undefined }))).toMatchObject({ jti: 'j' });
});

test.each<[string, Principal]>([
	['an access token', token({}, { type: 'at+jwt' })],
	['an ID token', token({}, { type: 'jwt' })],
	['no typ', token({}, { type: undefined })],
	['somebody else’s', token({}, { audiences: ['other'] })],
	['for nobody', token({}, { audiences: [] })],
	['no iat', token({}, { issuedAt: undefined })],
	['iat ahead', token({}, { issuedAt: now + 6 })],
	['iat long ago', token({}, { issuedAt: now - 306 })],
	['expired', token({}, { expiresAt: now - 5 })],
	['a nonce', token({ nonce: 'n' })],
	['a nonce that is null', token({ nonce: null })],
	['no jti', token({ jti: '' })],
	[
		'events of another kind',
		token({ events: { 'https://schemas.openid.net/secevent/risc/event-type/account-disabled': {} } }),
	],
	['one event too many', token({ events: { ...events, other: {} } })],
	['events empty', token({ events: {} })],
	['events a list', token({ events: [backChannelLogout] })],
	['the event a text', token({ events: { [backChannelLogout]: 'x' } })],
	['sid a number', token({ sid: 7 })],
	['sid empty', token({ sid: '' })],
])('%s is refused', (_, principal) => {
	expect(read(principal)).toBeTypeOf('string');
});

test('neither sub nor sid is refused', () => {
	expect(read({ ...token({}, { subject: undefined }), claims: { jti: 'j', events } })).toBeTypeOf('string');
});
