import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOutboundUrl, withoutQuery } from '#keys/verification/url';

const strict = { insecureHttp: false };

test.each([
	'https://idp.example.com/keys',
	'https://idp.example.com:8443/keys?tenant=a@b',
	'HTTPS://IDP.example.com',
	'https://idp.example.com:443/keys',
	'http://127.0.0.1:8080/keys',
	'http://[::1]:8080/keys',
	'http://localhost/keys',
])('allows %s', (url) => {
	expect(checkOutboundUrl(url, strict)).toBeUndefined();
});

test.each([
	['http://idp.example.com/keys', 'it is http'],
	['http://169.254.169.254/latest', 'it is http'],
	['http://127.0.0.1.example.com/keys', 'it is http'],
	['http://localhost.example.com/keys', 'it is http'],
	['file:///etc/passwd', 'not an absolute https URL'],
	['data:application/json,{}', 'not an absolute https URL'],
	['ftp://idp.example.com/', 'not an absolute https URL'],
	['//idp.example.com/keys', 'not an absolute https URL'],
	['/keys', 'not an absolute https URL'],
	['https:idp.example.com/keys', 'not an absolute https URL'],
	['https:///keys', 'not an absolute https URL'],
	['https://user:secret@idp.example.com/', 'user information'],
	['https://user@idp.example.com/', 'user information'],
	['https://@idp.example.com/', 'user information'],
	['https://:@idp.example.com?x', 'user information'],
	['https://idp.example.com/keys#part', 'fragment'],
	['https://idp.example.com/keys#', 'fragment'],
	['https://idp.example.com\\@evil.example/', 'backslash'],
	[' https://idp.example.com/', 'white space'],
	['https://idp.exa\tmple.com/', 'white space'],
	['https://idp.example.com/\r\nHost: evil', 'white space'],
	['https://idp.example.com/č', 'outside ASCII'],
	['https://[::1', 'not a URL'],
	['http://127.1/keys', 'usual form'],
	['http://0x7f000001/keys', 'usual form'],
	['https://%69dp.example.com/', 'usual form'],
	['https://idp.example.com:/', 'usual form'],
	['https://idp.example.com:0443/', 'usual form'],
	['https://a:99999/', 'not a URL'],
	['', 'white space'],
])('refuses %j: %s', (url, problem) => {
	expect(checkOutboundUrl(url, strict)).toContain(problem);
});

test('insecure_http lifts the scheme, and nothing else', () => {
	const insecure = { insecureHttp: true };
	expect(checkOutboundUrl('http://idp.example.com/keys', insecure)).toBeUndefined();
	expect(checkOutboundUrl('http://u@idp.example.com/', insecure)).toContain('user information');
	expect(checkOutboundUrl('file:///keys', insecure)).toContain('not an absolute https URL');
});

test('what is allowed has the host that stands in the text', () => {
	const units = ['/', '@', ':', '?', '#', '\\', '.', '[', ']', '%', '6', '1', 'a', 'x'] as const;
	fc.assert(
		fc.property(fc.string({ unit: fc.constantFrom(...units) }), (rest) => {
			const url = `https://${rest}`;
			const authority = rest.split(/[/?#]/)[0]?.replace(/:443$/, '');
			expect(checkOutboundUrl(url, strict) !== undefined || URL.parse(url)?.host === authority).toBe(true);
		}),
	);
});

test('the query does not stand in messages', () => {
	expect(withoutQuery('https://a.example/keys?code=secret')).toBe('https://a.example/keys');
	expect(withoutQuery('https://a.example/keys#secret')).toBe('https://a.example/keys');
	expect(withoutQuery('https://a.example/keys')).toBe('https://a.example/keys');
});
