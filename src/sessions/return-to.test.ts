import { describe, expect, test } from 'vitest';
import { createReturnTo } from './return-to.ts';

const returnTo = createReturnTo({
	allowed: ['/app/**', '/one/{name}'],
	usual: '/home',
	never: new Set(['/app/auth/login']),
});

describe('where a login may lead', () => {
	test.each(['/app', '/app/', '/app/x?y=/z&a=%0d', '/one/x', '/app/x?u=https://evil.example'])('%s', (asked) => {
		expect(returnTo(asked)).toBe(asked);
	});

	test('in the one spelling that requests have', () => {
		expect(returnTo('/%61pp/%7ex')).toBe('/app/~x');
	});

	test.each([
		undefined,
		'',
		'/other',
		'/one/x/y',
		'app/x',
		'//evil.example/app/x',
		'///evil.example',
		'/\\evil.example',
		'\\/evil.example',
		'/%5cevil.example',
		'/%2fevil.example',
		'/app/..//evil.example',
		'/app/../../evil',
		'/app/%2e%2e/x',
		'/.//evil.example',
		'/;//evil.example',
		'/app/x\r\nset-cookie: a=b',
		'/app/x?\r\nset-cookie: a=b',
		'/app/x?\u010d\u010a',
		'/app/\u010d',
		'/app/\t//evil.example',
		'\t//evil.example',
		' /app/x',
		'/app/x#y',
		'/app/x\0',
		'/app/x%00',
		'https://evil.example/app/x',
		'http://app.example.com:81/app/x',
		'https:/app/x',
		'https:app/x',
		'javascript:alert(1)//app',
		'//user@evil.example/app',
		'/app/auth/login',
		'/app/auth/login?return_to=/app/auth/login',
		'/app/auth/%6cogin',
		`/app/${'x'.repeat(1_000)}`,
	])('not %j', (asked) => {
		expect(returnTo(asked)).toBe('/home');
	});
});
