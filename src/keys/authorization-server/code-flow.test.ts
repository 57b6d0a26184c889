/** What is believed of a server's answers: each one right but for one thing. That signatures count is `verify`'s affair. */
import { expect, test } from 'vitest';
import type { FetchedDocument } from '#core/index';
import { type CodeFlowOptions, createCodeFlow } from '#keys/authorization-server/code-flow';
import { type EndpointCall, EndpointCallError } from '#keys/authorization-server/endpoint-call';

const issuer = 'https://idp.example.com';
const now = 1_800_000_000;
const secrets = { state: 'the-state-of-this-login', nonce: 'the-nonce-of-this-login', verifier: 'v'.repeat(43) };

const segment = (data: object) => Buffer.from(JSON.stringify(data)).toString('base64url');
const idToken = (claims: object, header: object = { alg: 'RS256' }) => `${segment(header)}.${segment(claims)}.c2ln`;
const rightClaims = { iss: issuer, sub: 'ada', aud: 'gateway', nonce: secrets.nonce, iat: now, exp: now + 300 };
const rightAnswer = {
	access_token: 'opaque',
	token_type: 'Bearer',
	expires_in: 60,
	refresh_token: 'r1',
	id_token: idToken(rightClaims),
};

interface Rig {
	readonly answer?: Partial<FetchedDocument> | Error;
	readonly body?: object;
	readonly metadata?: Record<string, unknown>;
	readonly verify?: CodeFlowOptions['verify'];
}

function rig({ answer = {}, body = rightAnswer, metadata = {}, verify = async () => null }: Rig = {}) {
	const forms: (readonly (readonly [string, string])[])[] = [];
	const call: EndpointCall = {
		async post(form) {
			forms.push(form);
			if (answer instanceof Error) throw answer;
			const headers = new Map([['content-type', 'application/json']]);
			return { status: 200, headers, body: JSON.stringify(body), ...answer };
		},
		warm: async () => {},
		status: () => {
			throw new Error('nobody asks');
		},
	};
	const document = {
		issuer,
		authorization_endpoint: `${issuer}/authorize`,
		token_endpoint: `${issuer}/token`,
		revocation_endpoint: `${issuer}/revoke`,
		end_session_endpoint: `${issuer}/end`,
		authorization_response_iss_parameter_supported: true,
		...metadata,
	};
	const urls = new Map(Object.entries(document).filter(([, value]) => typeof value === 'string')) as Map<
		string,
		string
	>;
	const flow = createCodeFlow({
		metadata: async () => ({ document, url: (name) => urls.get(name) }),
		issuer,
		clientId: 'gateway',
		proofNamesClient: true,
		calls: {
			refresh: call,
			token_endpoint: call,
			pushed_authorization_request_endpoint: call,
			revocation_endpoint: call,
		},
		redirectUri: 'https://app.example.com/auth/callback',
		scopes: ['openid', 'read'],
		resources: ['https://a.example.com', 'https://b.example.com'],
		parameters: [['prompt', 'consent']],
		clockSkew: 5,
		clock: { now: () => now * 1000 },
		verify,
	});
	return { flow, forms };
}

const callback = (more: Record<string, string> = {}) =>
	new URLSearchParams({ code: 'c', state: secrets.state, iss: issuer, ...more });
const finish = (parts: Rig = {}, query = callback()) => rig(parts).flow.finish(query, secrets);

test('the request of a login says everything that protects it', async () => {
	const begun = await rig().flow.begin(secrets);
	const url = new URL(begun.kind === 'url' ? begun.url : '');
	expect(url.origin + url.pathname).toBe(`${issuer}/authorize`);
	expect(Object.fromEntries(url.searchParams)).toMatchObject({
		client_id: 'gateway',
		response_type: 'code',
		redirect_uri: 'https://app.example.com/auth/callback',
		scope: 'openid read',
		state: secrets.state,
		nonce: secrets.nonce,
		code_challenge_method: 'S256',
		prompt: 'consent',
	});
	expect(url.searchParams.getAll('resource')).toEqual(['https://a.example.com', 'https://b.example.com']);
	expect(url.searchParams.get('code_challenge')).not.toBe(secrets.verifier);
	expect(url.search).not.toContain(secrets.verifier);
});

test('a right answer is a grant, with the verifier sent and nothing said twice', async () => {
	const { flow, forms } = rig();
	expect(await flow.finish(callback(), secrets)).toEqual({
		kind: 'granted',
		grant: { accessToken: 'opaque', expiresAt: now + 60, refreshToken: 'r1', identity: rightClaims },
	});
	const names = forms[0]?.map(([name]) => name) ?? [];
	expect(names.toSorted()).toEqual(['code', 'code_verifier', 'grant_type', 'redirect_uri', 'resource', 'resource']);
});

test.each<[string, object]>([
	['another nonce', { nonce: 'x' }],
	['no nonce', { nonce: undefined }],
	['another issuer', { iss: 'https://evil.example' }],
	['another audience', { aud: 'other' }],
	['several audiences and another authorized party', { aud: ['gateway', 'other'], azp: 'other' }],
	['no subject', { sub: undefined }],
	['that has expired', { exp: now - 10 }],
	['without an end', { exp: undefined }],
	['of the future', { iat: now + 1_000, nbf: now + 1_000 }],
])('an ID token with %s is refused', async (_name, claims) => {
	const body = { ...rightAnswer, id_token: idToken({ ...rightClaims, ...claims }) };
	expect(await finish({ body })).toMatchObject({ kind: 'refused' });
});

test.each<[string, Rig, URLSearchParams?]>([
	['no ID token', { body: { ...rightAnswer, id_token: undefined } }],
	['an unsigned ID token', { body: { ...rightAnswer, id_token: idToken(rightClaims, { alg: 'none' }) } }],
	['an ID token whose signature is not the provider’s', { verify: async () => 'refused' }],
	['a token type that is not Bearer', { body: { ...rightAnswer, token_type: 'DPoP' } }],
	['no access token', { body: { ...rightAnswer, access_token: undefined } }],
	['an access token that fits into no header', { body: { ...rightAnswer, access_token: 'a b' } }],
	['an answer of another issuer', {}, callback({ iss: 'https://evil.example' })],
	['an answer that names no issuer', {}, new URLSearchParams({ code: 'c', state: secrets.state })],
	['invalid_grant', { answer: { status: 400 }, body: { error: 'invalid_grant', error_description: 'secret' } }],
	['an error that is no word', { answer: { status: 400 }, body: { error: '<script>' } }],
])('%s is refused, in a plain word', async (_name, parts, query = callback()) => {
	const answer = await finish(parts, query);
	expect(answer).toEqual({ kind: 'refused', error: expect.stringMatching(/^[a-z_]+$/) });
});

test.each<[string, Rig]>([
	['a server that does not answer', { answer: new EndpointCallError('no_answer', 'it is gone', 7) }],
	['a server error', { answer: { status: 500 }, body: {} }],
	['our own client refused', { answer: { status: 401 }, body: { error: 'invalid_client' } }],
	['keys that are not there', { verify: async () => 'unavailable' }],
])('%s is no refusal of this login', async (_name, parts) => {
	expect(await finish(parts)).toMatchObject({ kind: 'unavailable', cause: expect.any(Error) });
});

test('refresh: a new refresh token, none, or a refusal', async () => {
	const fresh = { access_token: 'a2', token_type: 'bearer', expires_in: 60 };
	const refresh = (parts: Rig) => rig(parts).flow.refresh('r1');
	expect(await refresh({ body: { ...fresh, refresh_token: 'r2' } })).toMatchObject({
		grant: { refreshToken: 'r2', identity: undefined },
	});
	expect(await refresh({ body: fresh })).toMatchObject({ grant: { refreshToken: undefined, expiresAt: now + 60 } });
	expect(await refresh({ answer: { status: 400 }, body: { error: 'invalid_grant' } })).toEqual({
		kind: 'refused',
		error: 'invalid_grant',
	});
	expect(await refresh({ answer: { status: 503 }, body: {} })).toMatchObject({ kind: 'unavailable' });
});

test('a token lives as long as the shortest word of it says', async () => {
	const access_token = `${segment({ alg: 'RS256' })}.${segment({ exp: now + 20 })}.c2ln`;
	expect(await finish({ body: { ...rightAnswer, access_token } })).toMatchObject({ grant: { expiresAt: now + 20 } });
	const { expires_in: _, ...unstated } = rightAnswer;
	expect(await finish({ body: unstated })).toMatchObject({ grant: { expiresAt: now + 300 } });
});

test('revocation and the end at the provider, as far as it has them', async () => {
	expect(await rig().flow.revoke('r1')).toBe('revoked');
	expect(await rig({ metadata: { revocation_endpoint: undefined } }).flow.revoke('r1')).toBe('unsupported');
	expect(await rig({ answer: new Error('down') }).flow.revoke('r1')).toBe('failed');
	const url = await rig().flow.endSessionUrl('https://app.example.com/');
	expect(url).toBe(`${issuer}/end?client_id=gateway&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F`);
	expect(await rig({ metadata: { end_session_endpoint: undefined } }).flow.endSessionUrl('https://x')).toBeUndefined();
});
