import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeCryptography } from '#runtime/node/cryptography';
import { publicJwkOfPem } from '#runtime/node/pem';
import { selfSigned } from '../../../test/support/self-signed.ts';

const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = pemOf(rsa.publicKey, 'spki');

function pemOf(key: KeyObject, type: 'spki' | 'pkcs1'): string {
	return key.export({ type, format: 'pem' }).toString();
}

test('reads SPKI and PKCS#1, with any line ends and white space around', () => {
	const jwk = rsa.publicKey.export({ format: 'jwk' });
	for (const pem of [
		spki,
		pemOf(rsa.publicKey, 'pkcs1'),
		spki.trim(),
		spki.replaceAll('\n', '\r\n'),
		`\n  ${spki}\n\n`,
	]) {
		expect(publicJwkOfPem(pem, now)).toEqual(jwk);
	}
	expect(nodeCryptography.pemToJwk(pemOf(ec.publicKey, 'spki'))).toEqual(ec.publicKey.export({ format: 'jwk' }));
	const ed = generateKeyPairSync('ed25519').publicKey;
	expect(publicJwkOfPem(pemOf(ed, 'spki'), now)).toEqual(ed.export({ format: 'jwk' }));
});

test('takes the key of a certificate only within its dates, and names them', () => {
	const { certificate, key } = selfSigned({ from: now - day, to: now + day });
	expect(publicJwkOfPem(certificate, now)).toEqual(createPublicKey(key).export({ format: 'jwk' }));
	const dates = 'valid from May 31 00:00:00 2026 GMT to Jun  2 00:00:00 2026 GMT';
	expect(() => publicJwkOfPem(certificate, now + 2 * day)).toThrow(`the certificate has expired: ${dates}`);
	expect(() => publicJwkOfPem(certificate, now - 2 * day)).toThrow(`the certificate is not valid yet: ${dates}`);
	expect(() => nodeCryptography.pemToJwk(selfSigned({ from: 0, to: day }).certificate)).toThrow('expired');
});

test('refuses every kind of private key, and says what to do', () => {
	const keys = [
		rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }),
		rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }),
		ec.privateKey.export({ type: 'sec1', format: 'pem' }),
		rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }),
		rsa.privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }),
	];
	for (const pem of keys) expect(() => publicJwkOfPem(pem.toString(), now)).toThrow(/private key.*-pubout/);
});

test.each([
	['a second block', spki + spki, 'nothing after it'],
	['text before', `key of prod\n${spki}`, 'nothing before it'],
	['text after', `${spki}\nthe end`, 'nothing after it'],
	['no block', 'hello', 'there must be one PEM block'],
	['nothing', '', 'there must be one PEM block'],
	['no end', spki.replace(/-----END.*/, ''), 'has no line'],
	['another end', spki.replace('END PUBLIC', 'END RSA PUBLIC'), 'has no line'],
	[
		'another label',
		spki.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY'),
		'cannot verify here|cannot? be read|does not hold',
	],
	['parameters', '-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----', 'is not a PUBLIC KEY'],
	['not base64', '-----BEGIN PUBLIC KEY-----\n%%%%\n-----END PUBLIC KEY-----', 'not base64'],
	['empty', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----', 'not base64'],
	['not DER', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'exactly one DER structure'],
])('refuses %s', (_, pem, message) => {
	expect(() => publicJwkOfPem(pem, now)).toThrow(new RegExp(message));
});

test('refuses octets after the DER structure', () => {
	const der = Buffer.concat([ec.publicKey.export({ type: 'spki', format: 'der' }), Buffer.from('junk')]);
	const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
	expect(() => publicJwkOfPem(pem, now)).toThrow('exactly one DER structure');
});

test('refuses keys that no algorithm here can use', () => {
	const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey;
	expect(() => publicJwkOfPem(pemOf(pss, 'spki'), now)).toThrow('rsa-pss cannot verify here');
});

test('any text is read or refused with a message that does not repeat it', () => {
	fc.assert(
		fc.property(fc.string({ minLength: 12 }), fc.boolean(), (text, wrap) => {
			const pem = wrap ? `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----` : text;
			const message = refusal(pem);
			expect(message).toMatch(/PEM block/);
			expect(message).not.toContain(text);
		}),
	);
});

function refusal(pem: string): string {
	try {
		publicJwkOfPem(pem, now);
		return 'not refused';
	} catch (error) {
		return String(error);
	}
}
