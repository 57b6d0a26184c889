import { expect, test } from 'vitest';
import { discoverJwksUri } from '#keys/verification/discovery';
import { type FakeFetcher, fakeFetcher } from '../../../test/support/fake-runtime.ts';

const issuer = 'https://idp.example.com/';
const openid = 'https://idp.example.com/.well-known/openid-configuration';
const oauth = 'https://idp.example.com/.well-known/oauth-authorization-server';
const jwksUri = 'https://keys.example.net/jwks';
const definition = { issuer, urls: [openid, oauth], checkIssuer: true, insecureHttp: false };

function answering(metadata: unknown): FakeFetcher {
	const fetcher = fakeFetcher();
	fetcher.answer(openid, { body: metadata });
	return fetcher;
}

test('takes jwks_uri from the first document, on whatever https host it is', async () => {
	const fetcher = answering({ issuer, jwks_uri: jwksUri, more: true });
	const found = await discoverJwksUri(definition, fetcher);
	expect(found).toEqual({ jwksUri, metadata: { issuer, jwks_uri: jwksUri, more: true } });
	expect(fetcher.requests).toEqual([openid]);
});

test.each([404, 400, 401, 403, 410])('status %i leads to the next document', async (status) => {
	const fetcher = fakeFetcher();
	fetcher.answer(openid, { status });
	fetcher.answer(oauth, { body: { issuer, jwks_uri: jwksUri } });
	expect((await discoverJwksUri(definition, fetcher)).jwksUri).toBe(jwksUri);
	expect(fetcher.requests).toEqual([openid, oauth]);
});

test.each([
	['500', { status: 500 }, 'status'],
	['429', { status: 429 }, 'status'],
	['204', { status: 204 }, 'status'],
	['no connection', new Error('the connection was refused'), 'unreachable'],
	['HTML', { body: '<html>' }, 'content'],
	['a list', { body: [] }, 'content'],
	[
		'a repeated member',
		{ body: `{"issuer":"${issuer}","jwks_uri":"${jwksUri}","jwks_uri":"https://evil.example/"}` },
		'content',
	],
] as const)('%s ends the search', async (_, answer, code) => {
	const fetcher = fakeFetcher();
	fetcher.answer(openid, answer);
	fetcher.answer(oauth, { body: { issuer, jwks_uri: jwksUri } });
	await expect(discoverJwksUri(definition, fetcher)).rejects.toMatchObject({ name: 'KeyFetchError', code });
	expect(fetcher.requests).toEqual([openid]);
});

test('when no document is there, the first answer is told', async () => {
	const fetcher = fakeFetcher();
	fetcher.answer(openid, { status: 404 });
	fetcher.answer(oauth, { status: 403 });
	await expect(discoverJwksUri(definition, fetcher)).rejects.toThrow(`${openid} answered 404`);
	await expect(discoverJwksUri({ ...definition, urls: [] }, fetcher)).rejects.toThrow('no metadata URL');
});

test.each([
	['without the slash', 'https://idp.example.com'],
	['another host', 'https://idp.example.com.evil.example/'],
	['upper case', 'https://IDP.example.com/'],
	['a list', [issuer]],
	['none', undefined],
])('the issuer must be equal: %s', async (_, other) => {
	const fetched = discoverJwksUri(definition, answering({ issuer: other, jwks_uri: jwksUri }));
	await expect(fetched).rejects.toMatchObject({ code: 'issuer_mismatch', message: expect.stringContaining(issuer) });
});

test('a template as issuer passes where it is not to be checked', async () => {
	const metadata = { issuer: 'https://login.example/{tenantid}/v2.0', jwks_uri: jwksUri };
	const found = await discoverJwksUri({ ...definition, checkIssuer: false }, answering(metadata));
	expect(found.jwksUri).toBe(jwksUri);
});

test.each([
	['http', 'http://idp.example.com/keys', 'url_refused'],
	['http on loopback, from https', 'http://127.0.0.1:9000/keys', 'url_refused'],
	['file', 'file:///etc/passwd', 'url_refused'],
	['user information', 'https://u:p@idp.example.com/keys', 'url_refused'],
	['a fragment', 'https://idp.example.com/keys#x', 'url_refused'],
	['relative', '/keys', 'url_refused'],
	['empty', '', 'url_refused'],
	['missing', undefined, 'content'],
	['a list', [jwksUri], 'content'],
])('a jwks_uri that is %s is refused and not asked', async (_, uri, code) => {
	const fetcher = answering({ issuer, jwks_uri: uri });
	await expect(discoverJwksUri(definition, fetcher)).rejects.toMatchObject({ code });
	expect(fetcher.requests).toEqual([openid]);
});

test('http on loopback may point to http on loopback; insecure_http may point anywhere', async () => {
	const local = 'http://127.0.0.1:9000/meta';
	const fetcher = fakeFetcher();
	fetcher.answer(local, { body: { issuer, jwks_uri: 'http://127.0.0.1:9000/keys' } });
	expect((await discoverJwksUri({ ...definition, urls: [local] }, fetcher)).jwksUri).toBe('http://127.0.0.1:9000/keys');
	const far = answering({ issuer, jwks_uri: 'http://idp.example.com/keys' });
	expect((await discoverJwksUri({ ...definition, insecureHttp: true }, far)).jwksUri).toBe(
		'http://idp.example.com/keys',
	);
});

test('a configured URL that may not be asked is not asked', async () => {
	const fetcher = fakeFetcher();
	const refused = discoverJwksUri({ ...definition, urls: ['http://idp.example.com/meta'] }, fetcher);
	await expect(refused).rejects.toMatchObject({ code: 'url_refused' });
	expect(fetcher.requests).toEqual([]);
});
