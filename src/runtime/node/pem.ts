/**
 * A public key out of one PEM block (RFC 7468): SPKI, PKCS#1 or an X.509 certificate, and nothing else in the file. A
 * second block or stray text means that somebody meant another key than the one that would be taken.
 */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { JsonObject } from '#core/index';

/**
 * The public JWK of exactly one PEM block; white space around it is allowed. A certificate must be valid at `now`
 * (milliseconds since the epoch); its chain, purpose and names are not checked: trust comes from the operator's file.
 * Throws with a readable message that never quotes the file. Refuses private keys.
 */
export function publicJwkOfPem(pem: string, now: number): JsonObject {
	const { label, der } = readBlock(pem);
	if (label.endsWith('PRIVATE KEY')) {
		throw new Error(
			'this is a private key: give the gateway the public one only (`openssl pkey -in private.pem -pubout -out public.pem`)',
		);
	}
	if (label === 'CERTIFICATE') return exportJwk(certificateKey(der, now));
	if (label === 'PUBLIC KEY') return exportJwk(publicKey(der, 'spki'));
	if (label === 'RSA PUBLIC KEY') return exportJwk(publicKey(der, 'pkcs1'));
	throw new Error('the PEM block is not a PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE');
}

function readBlock(pem: string): { readonly label: string; readonly der: Buffer } {
	const lines = pem.trim().split(/\r?\n/);
	const first = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(lines[0] ?? '');
	const label = first?.[1];
	if (label === undefined) throw new Error('there must be one PEM block and nothing before it (`-----BEGIN …-----`)');
	const end = lines.indexOf(`-----END ${label}-----`);
	if (end < 0) throw new Error(`the PEM block has no line \`-----END ${label}-----\``);
	if (end !== lines.length - 1) {
		throw new Error('there must be one PEM block and nothing after it: which of several keys is meant cannot be told');
	}
	const body = lines.slice(1, end);
	if (label.endsWith('PRIVATE KEY')) return { label, der: Buffer.alloc(0) };
	if (body.length === 0 || !body.every((line) => /^[A-Za-z0-9+/]+={0,2}$/.test(line))) {
		throw new Error('the PEM block holds something that is not base64');
	}
	const text = body.join('');
	const der = Buffer.from(text, 'base64');
	if (der.toString('base64') !== text) throw new Error('the PEM block is not canonical base64');
	if (!isOneSequence(der)) throw new Error('the PEM block does not hold exactly one DER structure');
	return { label, der };
}

/** OpenSSL overlooks octets after the structure (X.690 §8.1.3): refuse them. */
function isOneSequence(der: Buffer): boolean {
	const length = der[1];
	if (der[0] !== 0x30 || length === undefined) return false;
	if (length < 0x80) return der.length === 2 + length;
	const octets = length - 0x80;
	return octets >= 1 && octets <= 4 && der.length > 2 + octets && der.length === 2 + octets + der.readUIntBE(2, octets);
}

function publicKey(der: Buffer, type: 'spki' | 'pkcs1'): KeyObject {
	try {
		return createPublicKey({ key: der, format: 'der', type });
	} catch (cause) {
		throw new Error('the PEM block does not hold a public key that can be read', { cause });
	}
}

function certificateKey(der: Buffer, now: number): KeyObject {
	const certificate = readCertificate(der);
	const from = Date.parse(certificate.validFrom);
	const to = Date.parse(certificate.validTo);
	const dates = `valid from ${certificate.validFrom} to ${certificate.validTo}`;
	if (!(to >= now)) throw new Error(`the certificate has expired: ${dates}`);
	if (!(from <= now)) throw new Error(`the certificate is not valid yet: ${dates}`);
	return certificate.publicKey;
}

function readCertificate(der: Buffer): X509Certificate {
	try {
		return new X509Certificate(der);
	} catch (cause) {
		throw new Error('the PEM block does not hold a certificate that can be read', { cause });
	}
}

function exportJwk(key: KeyObject): JsonObject {
	try {
		return { ...key.export({ format: 'jwk' }) } as JsonObject;
	} catch (cause) {
		throw new Error(`a key of type ${key.asymmetricKeyType ?? 'unknown'} cannot verify here: use RSA, EC or Ed25519`, {
			cause,
		});
	}
}
