import { expect, test } from 'vitest';
import { canonicalName, isHopByHop } from './hop-by-hop.ts';

test('both spellings of a name are one', () => {
	expect(canonicalName('X_Forwarded-USER')).toBe('x-forwarded-user');
	expect(['connection', 'te', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer'].every(isHopByHop)).toBe(true);
	expect(['proxy-authorization', 'proxy-connection', 'http2-settings'].every(isHopByHop)).toBe(true);
	expect(isHopByHop('authorization')).toBe(false);
});
