import { expect, test } from 'vitest';
import { formatHostCookie, isHostCookieName } from '#formats/host-cookie';

test('every attribute is said', () => {
	expect(formatHostCookie('__Host-web', 'abc', { sameSite: 'Lax', maxAge: undefined })).toBe(
		'__Host-web=abc; Path=/; Secure; HttpOnly; SameSite=Lax',
	);
	expect(formatHostCookie('__Host-web', '', { sameSite: 'Strict', maxAge: 0 })).toBe(
		'__Host-web=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0',
	);
});

test.each(['web', '__Secure-web', '__host-web', '__Host-', '__Host-a b', '__Host-a;b', '__Host-a=b', '__Host-\r\nx'])(
	'%j is no name',
	(name) => {
		expect(isHostCookieName(name)).toBe(false);
		expect(() => formatHostCookie(name, 'x', { sameSite: 'Lax', maxAge: 1 })).toThrow(
			'a session cookie begins with __Host-',
		);
	},
);

test.each(['a;b', 'a b', 'a\r\nb', 'č', '"a"', 'a,b'])('%j is no value', (value) => {
	expect(() => formatHostCookie('__Host-web', value, { sameSite: 'Lax', maxAge: 1 })).toThrow('a cookie value holds');
});
