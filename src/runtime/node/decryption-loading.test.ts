import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { encryptJwe } from '../../../test/support/encrypt-jwe.ts';

test('what could not be loaded once, for want of descriptors say, is loaded for the next token', async () => {
	const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const token = await encryptJwe('within', publicKey, { alg: 'RSA-OAEP-256', enc: 'A256GCM' });
	vi.resetModules();
	vi.doMock('jose', () => {
		throw new Error('EMFILE: too many open files');
	});
	const { importDecryptionKey } = await import('./decryption.ts');
	const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
	const key = importDecryptionKey(pem, { kid: undefined, algorithms: undefined });
	// In the words of vitest.
	await expect(key.decrypt(token, 'RSA-OAEP-256', 'A256GCM')).rejects.toThrow('mocking a module');
	vi.doUnmock('jose');
	const plaintext = await key.decrypt(token, 'RSA-OAEP-256', 'A256GCM');
	expect(new TextDecoder().decode(plaintext)).toBe('within');
});
