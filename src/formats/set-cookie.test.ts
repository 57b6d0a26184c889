import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rewriteSetCookie, setCookieName } from './set-cookie.ts';

const front = (path: string) => `/front${path}`;

test.each([
	['a=b', 'a=b; Secure'],
	['a=b; Domain=inside.example; Path=/x', 'a=b; Path=/front/x; Secure'],
	['a=b;DOMAIN = .example ;path=/;secure;HttpOnly', 'a=b; Path=/front/; secure; HttpOnly'],
	['a="b=c"; SameSite=Lax; Max-Age=5', 'a="b=c"; SameSite=Lax; Max-Age=5; Secure'],
	['a=b; Path=x', 'a=b; Path=x; Secure'],
	['a=b; Path; ;', 'a=b; Path; Secure'],
	['__Host-a=b; Secure; Path=/', '__Host-a=b; Secure; Path=/'],
	['', '; Secure'],
])('%s', (value, expected) => expect(rewriteSetCookie(value, front)).toBe(expected));

test('no Domain is left and the pair stays, whatever is sent', () => {
	fc.assert(
		fc.property(fc.string(), fc.array(fc.string()), (pair, attributes) => {
			const value = [pair.replaceAll(';', ''), ...attributes, 'Domain=a.example'].join(';');
			const rewritten = rewriteSetCookie(value, front);
			expect(rewritten).not.toMatch(/;\s*domain\s*(=|;|$)/i);
			expect(rewritten.split(';')[0]).toBe(pair.replaceAll(';', '').trim());
			expect(rewritten).toMatch(/;\s*secure\s*(=[^;]*)?(;|$)/i);
		}),
	);
});

test.each([
	['a=b', 'a'],
	[' a\t= b; Path=/', 'a'],
	['a=b=c', 'a'],
	['a; x=y', 'a'],
	['=a=b', 'a'],
	['= =\ta=b', 'a'],
	['', ''],
	['=', ''],
])('the name of %j', (value, name) => expect(setCookieName(value)).toBe(name));
