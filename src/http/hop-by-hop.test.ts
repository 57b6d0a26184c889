import { expect, test } from 'vitest';
import { canonicalName, connectionOptions, isHopByHop } from './hop-by-hop.ts';

test('both spellings of a name are one', () => {
	expect(canonicalName('X_Forwarded-USER')).toBe('x-forwarded-user');
	expect(['connection', 'te', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer'].every(isHopByHop)).toBe(true);
	expect(['proxy-authorization', 'proxy-connection', 'http2-settings'].every(isHopByHop)).toBe(true);
	expect(isHopByHop('authorization')).toBe(false);
});

test('Connection lists fields in any number of lines', () => {
	const raw = ['Connection', 'close, X-A ,,keep-alive', 'Host', 'x', 'CONNECTION', 'x_b'];
	expect([...connectionOptions(raw)]).toEqual(['x-a', 'x-b']);
	expect(connectionOptions(['Host', 'Connection']).size).toBe(0);
});
