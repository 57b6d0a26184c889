/** Group C: claims that are not what they seem (C07–C15, C23, C24, C26, C27). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isJsonObject, type Reason } from '#core/index';
import {
	expectForwarded,
	expectRefused,
	type GuardedGateway,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { signJws, type TestKey, testKey } from '../support/sign-jws.ts';

const keyA = { ...testKey('ES256', 'claims-a'), kid: 'same' };
const keyB = { ...testKey('ES256', 'claims-b'), kid: 'same' };
const issuerA = 'https://idp.example.com/';
const issuerB = 'https://other.example.com/';
const audience = 'https://api.example.com';
const ours = '6c3d1111-2222-3333-4444-5555aaaabbbb';
const theirs = 'e4f09999-8888-7777-6666-5555aaaabbbb';
const entraIssuer = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
const entraIssuerV1 = (tenant: string) => `https://sts.windows.net/${tenant}/`;
const keyAny = testKey('ES256', 'claims-any-tenant');
const keyOurs = testKey('ES256', 'claims-our-tenant');
const keyTheirs = testKey('ES256', 'claims-their-tenant');

let rig: GuardedGateway;

beforeAll(async () => {
	const jwks = (key: TestKey) => ({ keys: [{ ...key.jwk, kid: key.kid }] });
	const entra = {
		preset: 'entra',
		audience,
		algorithms: ['ES256'],
		jwks: {
			keys: [
				{ ...keyAny.jwk, issuer: entraIssuer('{tenantid}') },
				{ ...keyOurs.jwk, issuer: entraIssuer(ours) },
				{ ...keyTheirs.jwk, issuer: entraIssuer(theirs) },
			],
		},
	};
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			a: { issuer: issuerA, audience, jwks: jwks(keyA) },
			b: { issuer: issuerB, audience, jwks: jwks(keyB) },
			entra: { ...entra, tenants: [ours] },
			'entra-two': { ...entra, tenants: [ours, theirs] },
			'entra-any': { ...entra, insecure_any_tenant: true },
		},
		routes: [
			{
				name: 'a',
				path: '/a',
				providers: ['a'],
				claims_to_headers: { 'x-user-id': 'sub', 'x-scope': 'scope' },
				upstream,
			},
			{ name: 'b', path: '/b', providers: ['b'], upstream },
			{ name: 'both', path: '/both', providers: ['a', 'b'], upstream },
			{ name: 'entra', path: '/entra', providers: ['entra'], upstream },
			{ name: 'entra-two', path: '/entra-two', providers: ['entra-two'], upstream },
			{ name: 'entra-any', path: '/entra-any', providers: ['entra-any'], upstream },
		],
	}));
});

afterAll(() => rig.stop());

type Claims = Readonly<Record<string, unknown>>;

function claims(more: Claims = {}): Claims {
	const now = Math.floor(Date.now() / 1000);
	return { iss: issuerA, sub: 'user-1', aud: audience, iat: now, exp: now + 300, client_id: 'client-1', ...more };
}

/** A text is the payload itself. */
function issue(payload: Claims | string, key: TestKey = keyA, header: Claims = {}): string {
	const text = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header });
	return signJws({ header: text, payload, key });
}

async function expectDenied(token: string, reason: Reason, target = '/a', scheme = 'Bearer'): Promise<void> {
	expectRefused(await rig.send({ target, token }), '401-IT', reason, scheme);
}

test('the tokens of these tests pass before anybody touches them', async () => {
	const forwarded = expectForwarded(await rig.send({ target: '/a', token: issue(claims({ scope: 'x' })) }));
	expect(forwarded.values('x-user-id')).toEqual(['user-1']);
	expect(forwarded.values('x-scope')).toEqual(['x']);
});

test.each([
	['a list', () => JSON.stringify([claims()])],
	['an empty list', () => '[]'],
	['a text', () => '"iss"'],
	['a number', () => '1'],
	['null', () => 'null'],
	['true', () => 'true'],
	['nothing but a space', () => ' '],
])('C07: the payload is %s', async (_, payload) => {
	await expectDenied(issue(payload()), 'token_malformed');
});

test('C07: the payload is an empty object', async () => {
	await expectDenied(issue('{}'), 'issuer_unknown');
});

/** The claims with some text behind them, and with it before them. */
function doubled(members: string): readonly string[] {
	const text = JSON.stringify(claims({ scope: 'read' }));
	return [`${text.slice(0, -1)},${members}}`, `{${members},${text.slice(1)}`];
}

test.each([
	['sub', '"sub":"admin"'],
	['the same sub', '"sub":"user-1"'],
	['exp', '"exp":9999999999'],
	['aud', `"aud":["${audience}"]`],
	['iss', `"iss":"${issuerA}"`],
	['scope', '"scope":"read write"'],
	['a claim that nobody asks for, twice', '"x":1,"x":1'],
	['a claim within a claim, twice', '"realm_access":{"roles":["user"],"roles":["admin"]}'],
	['a claim within a list, twice', '"x":[{"y":1,"y":2}]'],
	['__proto__, twice', '"__proto__":{},"__proto__":{"scope":"admin"}'],
])('C08: %s is there twice', async (_, members) => {
	for (const payload of doubled(members)) await expectDenied(issue(payload), 'token_malformed');
});

test('C08: __proto__ once is a claim like any other, and gives nothing', async () => {
	const text = `${JSON.stringify(claims({ sub: undefined })).slice(0, -1)},"__proto__":{"sub":"admin","scope":"admin"}}`;
	const forwarded = expectForwarded(await rig.send({ target: '/a', token: issue(text) }));
	expect(forwarded.values('x-user-id')).toEqual([]);
	expect(forwarded.values('x-scope')).toEqual([]);
});

test.each([
	['alg', '"alg":"ES256"'],
	['another alg', '"alg":"none"'],
	['kid', '"kid":"same"'],
	['another kid', '"kid":"other"'],
	['typ', '"typ":"at+jwt"'],
	['an escaped alg', '"\\u0061lg":"none"'],
])('C09: %s is there twice in the header', async (_, member) => {
	const text = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: keyA.kid });
	for (const header of [`${text.slice(0, -1)},${member}}`, `{${member},${text.slice(1)}`]) {
		await expectDenied(signJws({ header, payload: claims(), key: keyA }), 'token_malformed');
	}
});

test.each(['"\\u0073ub":"admin"', '"s\\u0075b":"admin"', '"\\u0073\\u0075\\u0062":"admin"', '"\\u0065xp":9999999999'])(
	'C10: an escaped name: %s',
	async (member) => {
		for (const payload of doubled(member)) await expectDenied(issue(payload), 'token_malformed');
	},
);

test('C10: an escaped name that is there once is that name', async () => {
	const payload = JSON.stringify(claims()).replace('"sub"', '"\\u0073ub"');
	const forwarded = expectForwarded(await rig.send({ target: '/a', token: issue(payload) }));
	expect(forwarded.values('x-user-id')).toEqual(['user-1']);
});

test.each([
	['with one slash more', `${issuerA}/`],
	['without its slash', issuerA.slice(0, -1)],
	['with its host in capitals', 'https://IDP.EXAMPLE.COM/'],
	['with its scheme in capitals', 'HTTPS://idp.example.com/'],
	['over http', 'http://idp.example.com/'],
	['with the default port', 'https://idp.example.com:443/'],
	['as a subdomain of another', 'https://idp.example.com.evil.tld/'],
	['with another domain behind it', `${issuerA}.evil.tld`],
	['as the query of another', `https://evil.tld/?${issuerA}`],
	['as the user of another', 'https://idp.example.com@evil.tld/'],
	['as the fragment of another', `https://evil.tld/#${issuerA}`],
	['cut by a character', issuerA.slice(0, -2)],
	['cut to its scheme', 'https://'],
	['with a space before it', ` ${issuerA}`],
	['with a space behind it', `${issuerA} `],
	['with a line break behind it', `${issuerA}\n`],
	['with NUL behind it', `${issuerA}\u0000`],
	['percent-encoded', 'https://idp%2Eexample.com/'],
	['with a letter from another script', 'https://\u0456dp.example.com/'],
	['empty', ''],
	['missing', undefined],
	['a name of an object', '__proto__'],
])('C12: the issuer %s', async (_, iss) => {
	await expectDenied(issue(claims({ iss })), 'issuer_unknown');
	await expectDenied(issue(claims({ iss })), 'issuer_unknown', '/both');
});

test.each([[[issuerA]], [[issuerA, 'https://evil.tld/']], [{ 0: issuerA }], [null], [1], [true]])(
	'C12: iss is %j',
	async (iss) => {
		await expectDenied(issue(claims({ iss })), 'token_malformed');
	},
);

test.each(['/a', '/b', '/both'])('C13: one kid, two issuers, at %s', async (target) => {
	const own = target === '/b' ? ([issuerB, keyB] as const) : ([issuerA, keyA] as const);
	expectForwarded(await rig.send({ target, token: issue(claims({ iss: own[0] }), own[1]) }));
	const elsewhere = (iss: string): Reason =>
		target === '/both' || own[0] === iss ? 'signature_invalid' : 'issuer_unknown';
	for (const [iss, key] of [
		[issuerA, keyB],
		[issuerB, keyA],
	] as const) {
		await expectDenied(issue(claims({ iss }), key), elsewhere(iss), target);
		await expectDenied(issue(claims({ iss }), key, { kid: undefined }), elsewhere(iss), target);
	}
});

test('C13: a token that is genuine at one route of two issuers stays so', async () => {
	for (const [iss, key] of [
		[issuerA, keyA],
		[issuerB, keyB],
	] as const) {
		expectForwarded(await rig.send({ target: '/both', token: issue(claims({ iss }), key) }));
	}
});

test.each([
	['missing', undefined],
	['empty', ''],
	['an empty list', []],
	['a list of an empty text', ['']],
	['a part of it', 'https://api.example'],
	['more than it', 'https://api.example.com2'],
	['a word in it', 'api'],
	['two in one text', `${audience} https://other.example.com`],
	['two with a comma', `${audience},https://other.example.com`],
	['in capitals', audience.toUpperCase()],
	['with a capital host', 'https://API.example.com'],
	['another one', 'https://other.example.com'],
	['a list of others', ['https://other.example.com', 'api']],
	['a wildcard', '*'],
])('C14: aud is %s', async (_, aud) => {
	await expectDenied(issue(claims({ aud })), 'audience_mismatch');
});

test.each([
	['a list with an object', [audience, { aud: audience }]],
	['a list with a list', [[audience]]],
	['a list with null', [audience, null]],
	['a list with a number', [audience, 1]],
	['an object', { 0: audience, length: 1 }],
	['null', null],
	['true', true],
	['a number', 1],
])('C14: aud is %s', async (_, aud) => {
	await expectDenied(issue(claims({ aud })), 'token_malformed');
});

test('C14: a list with one good audience among others', async () => {
	const token = issue(claims({ aud: ['https://other.example.com', audience, 'x'] }));
	expectForwarded(await rig.send({ target: '/a', token }));
});

test.each([
	'https://api.example.com/',
	'https://api.example.com:443',
	'https://api%2Eexample.com',
	'https://api.example.com#',
	'https://api.example.com?',
	'https://api.example.com/.',
	'http://api.example.com',
	'https://user@api.example.com',
	' https://api.example.com',
	'https://api.example.com\u0000',
	'https://api.example.com\n',
	'https://\u0430pi.example.com',
])('C15: aud %j', async (aud) => {
	await expectDenied(issue(claims({ aud })), 'audience_mismatch');
	await expectDenied(issue(claims({ aud: [aud, aud] })), 'audience_mismatch');
});

const entra = (iss: string, tid: unknown, key = keyAny) => issue(claims({ iss, tid, azp: 'app' }), key);

test.each([
	['their issuer and tid', entraIssuer(theirs), theirs],
	['their v1 issuer and tid', entraIssuerV1(theirs), theirs],
	['the issuer of every tenant', entraIssuer('common'), ours],
	['the template itself', entraIssuer('{tenantid}'), ours],
	['the template for a tid that is the template', entraIssuer('{tenantid}'), '{tenantid}'],
	['our tenant in capitals', entraIssuer(ours.toUpperCase()), ours],
])('C23: one tenant is allowed, and the token has %s', async (_, iss, tid) => {
	await expectDenied(entra(iss, tid), 'issuer_unknown', '/entra');
});

test.each([
	['their tid', theirs],
	['no tid', undefined],
	['an empty tid', ''],
	['a tid of a part of ours', ours.slice(0, 8)],
])('C23: our issuer and %s, signed by a key for every tenant', async (_, tid) => {
	await expectDenied(entra(entraIssuer(ours), tid), 'issuer_unknown', '/entra');
	await expectDenied(entra(entraIssuerV1(ours), tid), 'issuer_unknown', '/entra');
});

test('C23: our issuer and tid, signed by a key of another tenant', async () => {
	for (const target of ['/entra', '/entra-two', '/entra-any']) {
		await expectDenied(entra(entraIssuer(ours), ours, keyTheirs), 'issuer_unknown', target);
	}
	for (const target of ['/entra-two', '/entra-any']) {
		await expectDenied(entra(entraIssuer(theirs), theirs, keyOurs), 'issuer_unknown', target);
		await expectDenied(entra(entraIssuer(theirs), ours, keyOurs), 'issuer_unknown', target);
		await expectDenied(entra(entraIssuer(ours), theirs, keyTheirs), 'issuer_unknown', target);
	}
});

test.each(['x/../y', '../common', 'a/b', '', 'x'.repeat(65), 'x y', '%2e', '{tenantid}'])(
	'C23: any tenant is allowed, and tid is %j',
	async (tid) => {
		await expectDenied(entra(entraIssuer(tid), tid), 'issuer_unknown', '/entra-any');
	},
);

test('C23: the tenants that are meant pass', async () => {
	for (const key of [keyAny, keyOurs]) {
		for (const iss of [entraIssuer(ours), entraIssuerV1(ours)]) {
			for (const target of ['/entra', '/entra-two']) {
				expectForwarded(await rig.send({ target, token: entra(iss, ours, key) }));
			}
		}
	}
	expectForwarded(await rig.send({ target: '/entra-any', token: entra(entraIssuer(theirs), theirs, keyTheirs) }));
});

const idToken = { aud: 'client-1', azp: 'client-1', nonce: 'n-0S6_WzA2Mj', at_hash: '77QmUPtjPfzWtF2AnpK9RQ' };

test('C24: an ID token', async () => {
	const header = { typ: 'JWT' };
	await expectDenied(issue(claims(idToken), keyA, header), 'token_type_rejected');
	// Issued for a client of the same name as the API, so that the audience fits.
	await expectDenied(issue(claims({ ...idToken, aud: audience }), keyA, header), 'token_type_rejected');
	await expectDenied(issue(claims({ ...idToken, aud: audience }), keyA, { typ: undefined }), 'token_type_rejected');
	await expectDenied(
		issue(claims({ ...idToken, aud: audience, at_hash: undefined }), keyA, header),
		'token_type_rejected',
	);
	// Without a mark of its own, its audience gives it away.
	await expectDenied(issue(claims({ aud: 'client-1', azp: 'client-1' }), keyA, header), 'audience_mismatch');
});

test.each([
	['a text', 'x'],
	['a list', [{ jkt: 'x' }]],
	['empty', {}],
	['two members', { jkt: 'x', 'x5t#S256': 'y' }],
	['a member that nobody knows', { kid: 'x' }],
	['jkt', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
	['x5t#S256', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
	['jwk', { jwk: keyA.jwk }],
	['null', null],
	['false', false],
	['0', 0],
	['an empty text', ''],
])('C27: cnf is %s', async (_, cnf) => {
	const scheme = isJsonObject(cnf) && Object.hasOwn(cnf, 'jkt') ? 'DPoP' : 'Bearer';
	await expectDenied(issue(claims({ cnf })), 'binding_missing', '/a', scheme);
	const token = issue(claims({ cnf }));
	// Nor with something that looks like a proof.
	const headers = [
		['DPoP', issue(claims(), keyA, { typ: 'dpop+jwt' })],
		['X-Forwarded-Client-Cert', 'Hash=x'],
	] as const;
	expectRefused(await rig.send({ target: '/a', token, headers }), '401-IT', 'binding_missing', scheme);
});

/** Who acts for whom for whom (RFC 8693 §4.1), the outermost first. */
function actors(depth: number): Claims {
	let chain: Claims = { sub: 'actor-1' };
	for (let n = 2; n <= depth; n++) chain = { sub: `actor-${n}`, client_id: `client-${n}-of-an-actor`, act: chain };
	return chain;
}

test('C26: whoever acts for the subject is not the subject, and may_act gives nobody anything', async () => {
	for (const more of [{ act: actors(1) }, { act: actors(25) }, { may_act: { sub: 'actor-1', aud: 'else' } }]) {
		const seen = await rig.send({ target: '/a', token: issue(claims({ scope: 'x', ...more })) });
		expect(expectForwarded(seen).values('x-user-id')).toEqual(['user-1']);
		expect(seen.record).toMatchObject({ subject: 'user-1', client: 'client-1' });
	}
	// Nor does an actor stand in for a subject that is not there.
	const nobody = await rig.send({ target: '/a', token: issue(claims({ sub: undefined, act: actors(2) })) });
	expect(nobody.forwarded.flatMap((request) => request.values('x-user-id'))).toEqual([]);
	expect(nobody.record.subject).toBeUndefined();
});

test.each([
	['an act that is a text', { act: 'actor-1' }],
	['a may_act that is a list', { may_act: ['actor-1'] }],
	['an act of null', { act: null }],
])('C26: %s is nobody', async (_, more) => {
	const seen = await rig.send({ target: '/a', token: issue(claims(more)) });
	expect(expectForwarded(seen).values('x-user-id')).toEqual(['user-1']);
});

test.each([50, 5_000])('C26: a chain of %i actors is deeper than anything that is read', async (depth) => {
	const token = issue(
		JSON.stringify(claims()).replace(/\}$/, `,"act":${'{"act":'.repeat(depth)}{}${'}'.repeat(depth)}}`),
	);
	const seen = await rig.send({ target: '/a', token });
	if (depth > 1_000) expect([400, 401, 431]).toContain(seen.response.status);
	else expectRefused(seen, '401-IT', 'token_malformed');
	expect(seen.forwarded).toHaveLength(0);
	expectForwarded(await rig.send({ target: '/a', token: issue(claims()) }));
});
