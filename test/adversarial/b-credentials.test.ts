/** Group B: one credential, in the place that the route names, in the form that RFC 6750 gives it (B21–B26). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
	expectForwarded,
	expectNoTrace,
	expectRefused,
	type GuardedGateway,
	requestBytes,
	type Seen,
	type SentRequest,
	startGuardedGateway,
} from '../support/guarded-gateway.ts';
import { alter, testKey } from '../support/sign-jws.ts';
import { createTestProvider, type TestProvider } from '../support/test-provider.ts';

let provider: TestProvider;
let rig: GuardedGateway;

beforeAll(async () => {
	provider = await createTestProvider({ keys: [testKey('ES256', 'credentials')] });
	const { issuer, audience, jwksUri } = provider;
	const from = (token_from: unknown) => ({ issuer, audience, jwks_uri: jwksUri, token_from });
	const everywhere = [
		{ header: 'Authorization' },
		{ header: 'X-Token' },
		{ cookie: 'session' },
		{ insecure_query: 'token' },
	];
	rig = await startGuardedGateway((upstream) => ({
		providers: {
			plain: { issuer, audience },
			query: from({ insecure_query: 'access_token' }),
			cookie: from({ cookie: 'session' }),
			header: from({ header: 'X-Token' }),
			everywhere: from(everywhere),
		},
		routes: ['plain', 'query', 'cookie', 'header', 'everywhere'].map((name) => ({
			name,
			path: `/${name}`,
			providers: [name],
			upstream,
		})),
	}));
});

afterAll(async () => {
	await rig.stop();
	await provider.stop();
});

/** Sends it and makes sure that neither of these tokens, nor a part of them, is seen anywhere. */
async function sendWith(tokens: readonly string[], request: SentRequest): Promise<Seen> {
	const seen = await rig.sendBytes(requestBytes(request));
	for (const token of tokens) expectNoTrace(token, seen, rig.gateway);
	return seen;
}

const authorization = (value: string) => ['Authorization', value] as const;

test('a token in the place that the route names passes, and is taken out', async () => {
	const token = provider.issue();
	expectForwarded(await sendWith([token], { target: '/plain', headers: [authorization(`Bearer ${token}`)] }));
	expectForwarded(await sendWith([token], { target: '/plain', headers: [authorization(`bEARER   ${token}`)] }));
	const cookies = await sendWith([token], { target: '/cookie', headers: [['Cookie', `a=1; session=${token}; b=2`]] });
	expect(expectForwarded(cookies).values('cookie')).toEqual(['a=1; b=2']);
	const query = await sendWith([token], { target: `/query?a=1&access_token=${token}&b=2` });
	expect(expectForwarded(query).target).toBe('/query?a=1&b=2');
	const header = await sendWith([token], { target: '/header', headers: [['X-Token', token]] });
	expect(expectForwarded(header).values('x-token')).toEqual([]);
});

test.each([
	['no token', () => 'Bearer'],
	['a comma for a token', () => 'Bearer ,'],
	['two words', () => 'Bearer a b'],
	['two words, the first of which is good', (token: string) => `Bearer ${token} b`],
	['two words, the second of which is good', (token: string) => `Bearer a ${token}`],
	['a quoted token', (token: string) => `Bearer "${token}"`],
	['a token and a comma', (token: string) => `Bearer ${token},`],
	['a token and a semicolon', (token: string) => `Bearer ${token};`],
	['a parameter', (token: string) => `Bearer token="${token}"`],
	['a tab for the space', (token: string) => `Bearer\t${token}`],
	['a colon after the scheme', (token: string) => `Bearer: ${token}`],
	['the scheme twice', (token: string) => `Bearer Bearer ${token}`],
	['angle brackets, as documentation has them', (token: string) => `Bearer <${token}>`],
	['a token without a scheme', (token: string) => `,${token}`],
	['obs-text', (token: string) => `Bearer ${token}\u00e9`],
	['nothing at all', () => ''],
])('B21: %s', async (_, write) => {
	const token = provider.issue();
	const seen = await sendWith([token], { target: '/plain', headers: [authorization(write(token))] });
	expectRefused(seen, '400-IR', 'credential_malformed');
});

test('B22: two Authorization fields, in every order of good and bad', async () => {
	const good = provider.issue();
	const bad = alter(provider.issue({ sub: 'admin' }), 2);
	const values = [`Bearer ${good}`, `Bearer ${bad}`, 'Basic dXNlcjpwYXNzd29yZA==', 'Bearer', ''];
	for (const first of values) {
		for (const second of values) {
			const headers = [authorization(first), ['Accept', '*/*'], ['authorization', second]] as const;
			const seen = await sendWith([good, bad], { target: '/plain', headers });
			expectRefused(seen, '400-IR', 'credential_repeated');
		}
	}
});

test('B22: one field with two credentials', async () => {
	const [first, second] = [provider.issue(), provider.issue({ sub: 'admin' })];
	for (const value of [
		`Bearer ${first}, Bearer ${second}`,
		`Bearer ${first},Bearer ${first}`,
		`Bearer ${first}, Basic dTpw`,
	]) {
		const seen = await sendWith([first, second], { target: '/plain', headers: [authorization(value)] });
		expectRefused(seen, '400-IR', 'credential_malformed');
	}
});

test.each(['X-Token', 'Cookie'])('B22: two %s fields', async (name) => {
	const tokens = [provider.issue(), provider.issue({ sub: 'admin' })];
	const value = (token: string) => (name === 'Cookie' ? `session=${token}` : token);
	const headers = tokens.map((token) => [name, value(token)] as const);
	const target = name === 'Cookie' ? '/cookie' : '/header';
	expectRefused(await sendWith(tokens, { target, headers }), '400-IR', 'credential_repeated');
});

test('B22: one cookie field with the cookie twice, one query with the parameter twice', async () => {
	const [first, second] = [provider.issue(), provider.issue({ sub: 'admin' })];
	for (const request of [
		{ target: '/cookie', headers: [['Cookie', `session=${first}; session=${second}`]] },
		{ target: `/query?access_token=${first}&access_token=${second}` },
		{ target: `/query?access_token=${first}&access%5Ftoken=${second}` },
		{ target: `/query?access_token=${first}&access_token=` },
	] as const satisfies readonly SentRequest[]) {
		expectRefused(await sendWith([first, second], request), '400-IR', 'credential_repeated');
	}
});

test('B23: a good token in the header and another in the query', async () => {
	const [header, query] = [provider.issue(), provider.issue({ sub: 'admin' })];
	for (const name of ['access_token', 'access%5ftoken', '%61ccess_token']) {
		for (const second of [header, query, 'x']) {
			const seen = await sendWith([header, query], {
				target: `/plain?a=1&${name}=${second}`,
				headers: [authorization(`Bearer ${header}`)],
			});
			expectRefused(seen, '400-IR', 'credential_repeated');
		}
	}
});

test('B23: good tokens in any two of the places that a route allows', async () => {
	const [first, second] = [provider.issue(), provider.issue({ sub: 'admin' })];
	const places: readonly ((token: string) => SentRequest)[] = [
		(token) => ({ target: '/everywhere', headers: [authorization(`Bearer ${token}`)] }),
		(token) => ({ target: '/everywhere', headers: [['X-Token', token]] }),
		(token) => ({ target: '/everywhere', headers: [['Cookie', `session=${token}`]] }),
		(token) => ({ target: `/everywhere?token=${token}` }),
	];
	for (const [i, one] of places.entries()) {
		expectForwarded(await sendWith([first], one(first)));
		for (const other of places.slice(i + 1)) {
			const headers = [...(one(first).headers ?? []), ...(other(second).headers ?? [])];
			const target = other(second).target ?? '';
			expectRefused(await sendWith([first, second], { target, headers }), '400-IR', 'credential_repeated');
		}
	}
});

test.each(['access_token', 'token', 'Authorization', 'jwt'])(
	'B24: a token in the query parameter %s of a route that reads the header',
	async (name) => {
		const token = provider.issue();
		const seen = await sendWith([token], { target: `/plain?${name}=${token}` });
		expectRefused(seen, '401-NC', 'credential_missing');
		expect(seen.record.path).toBe('/plain');
	},
);

test('B24: a token in the header of a route that reads the query or a cookie', async () => {
	const token = provider.issue();
	for (const target of ['/query', '/cookie', '/header']) {
		const seen = await sendWith([token], { target, headers: [authorization(`Bearer ${token}`)] });
		expectRefused(seen, '401-NC', 'credential_missing');
	}
});

const form = 'application/x-www-form-urlencoded';

test.each([
	['GET', form, (token: string) => `access_token=${token}`],
	['POST', form, (token: string) => `access_token=${token}`],
	['PUT', form, (token: string) => `a=1&access_token=${token}`],
	['POST', `${form}; charset=utf-8`, (token: string) => `access_token=${token}&note=\u00e9`],
	['POST', 'multipart/form-data; boundary=b', multipart],
	['POST', 'application/json', (token: string) => JSON.stringify({ access_token: token })],
])('B25: %s with a token in a body of %s', async (method, type, write) => {
	const token = provider.issue();
	for (const target of ['/plain', '/everywhere', '/query']) {
		const seen = await sendWith([token], { method, target, headers: [['Content-Type', type]], body: write(token) });
		expectRefused(seen, '401-NC', 'credential_missing');
	}
});

function multipart(token: string): string {
	return `--b\r\nContent-Disposition: form-data; name="access_token"\r\n\r\n${token}\r\n--b--\r\n`;
}

test.each([
	'Basic dXNlcjpwYXNzd29yZA==',
	'Digest username="user", realm="r", nonce="n", uri="/", response="00"',
	'Negotiate YIIB',
	'Whatever',
	'Whatever a b, c="d"',
	'Bearer2 abc',
	'SharedAccessSignature sr=a&sig=b&se=1&skn=k',
	'GNAP abc',
])('B26: %s', async (value) => {
	const seen = await sendWith([], { target: '/plain', headers: [authorization(value)] });
	expectRefused(seen, '401-NC', 'scheme_unsupported');
	// RFC 6750 §3: no error code, and nothing else that says what was wrong.
	expect(seen.response.headers.get('www-authenticate')).toBe('Bearer');
});

test.each(['Basic', 'Token', 'JWT', 'OAuth', 'DPoP2', 'Bearer.'])(
	'B26: a good token under the scheme %s',
	async (scheme) => {
		const token = provider.issue();
		const seen = await sendWith([token], { target: '/plain', headers: [authorization(`${scheme} ${token}`)] });
		expectRefused(seen, '401-NC', 'scheme_unsupported');
	},
);

test('B26: a good token as its own scheme', async () => {
	const token = provider.issue();
	const seen = await sendWith([token], { target: '/plain', headers: [authorization(token)] });
	expectRefused(seen, '401-NC', 'scheme_unsupported');
});
