/**
 * The client certificate as a TLS terminator tells of it: Client-Cert (RFC 9440 §2.1), X-Forwarded-Client-Cert (Envoy),
 * URL-encoded PEM (nginx, AWS) and Base64 of the DER encoding (HAProxy, Azure). Exactly one certificate, or none is read:
 * whether the sender may be believed is for the caller to know.
 */
import { decodeBase64 } from './base64.ts';

export const certificateFormats = ['rfc9440', 'xfcc', 'pem', 'base64'] as const;
export type CertificateFormat = (typeof certificateFormats)[number];

/** Field in which each format usually comes. */
export const usualCertificateField: Readonly<Record<CertificateFormat, string>> = {
	rfc9440: 'Client-Cert',
	xfcc: 'X-Forwarded-Client-Cert',
	pem: 'X-SSL-Client-Cert',
	base64: 'X-ARR-ClientCert',
};

/** At least one of the two. */
export interface ToldCertificate {
	readonly der: Uint8Array | undefined;
	/** SHA-256 of the DER encoding, as the terminator says. */
	readonly sha256: Uint8Array | undefined;
}

/** Characters; a certificate with a large RSA key and many names has some 4,000 in URL-encoded PEM. */
const longest = 16 * 1024;

/**
 * The one certificate in `value`, or what is wrong with it, in words that hold nothing of it. Checked of the DER encoding:
 * that it is one SEQUENCE with nothing behind it; the signature and the dates are the terminator's business. Never throws.
 */
export function parseToldCertificate(value: string, format: CertificateFormat): ToldCertificate | string {
	if (value.length > longest) return `longer than ${longest} characters`;
	switch (format) {
		case 'rfc9440':
			return /^:[^:]*:$/.test(value) ? fromBase64(value.slice(1, -1)) : 'not one byte sequence (RFC 9440 §2.1)';
		case 'xfcc':
			return fromForwarded(value);
		case 'pem':
			return fromEscapedPem(value);
		case 'base64':
			return fromBase64(value);
	}
}

function fromBase64(text: string): ToldCertificate | string {
	const der = decodeBase64(text);
	if (der === null) return 'not Base64';
	return isOneSequence(der) ? { der, sha256: undefined } : 'not one certificate in DER';
}

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

function fromEscapedPem(value: string): ToldCertificate | string {
	let text: string;
	try {
		text = decodeURIComponent(value).trim();
	} catch {
		return 'a broken percent-encoding';
	}
	if (!text.startsWith(begin) || !text.endsWith(end)) return 'not a certificate in PEM';
	const body = text.slice(begin.length, -end.length).replaceAll(/[ \t\r\n]/g, '');
	return body.includes('-') ? 'more than one block of PEM' : fromBase64(body);
}

/** One `name=value` with what ends it. A value is quoted where it holds a separator. */
const pair = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)([;,]|$)/y;

/** Of several elements only one can be about the connection to us, and nothing says which. */
function fromForwarded(value: string): ToldCertificate | string {
	const members = new Map<string, string>();
	let at = 0;
	while (at < value.length) {
		pair.lastIndex = at;
		const match = pair.exec(value);
		if (match === null) return 'not a list of name=value';
		const [whole, name = '', written = '', separator] = match;
		if (separator === ',') return 'more than one element';
		const key = name.toLowerCase();
		// A certificate has several names, and each is a member of its own.
		if (members.has(key) && (key === 'hash' || key === 'cert')) return `${name} is there twice`;
		members.set(key, written.startsWith('"') ? written.slice(1, -1).replaceAll(/\\(.)/g, '$1') : written);
		at += whole.length;
	}
	const hash = members.get('hash');
	const certificate = members.get('cert');
	const sha256 = hash === undefined ? undefined : fromHex(hash);
	if (hash !== undefined && sha256 === undefined) return 'Hash is not 64 hexadecimal digits';
	if (certificate === undefined) return sha256 === undefined ? 'neither Hash nor Cert' : { der: undefined, sha256 };
	const told = fromEscapedPem(certificate);
	return typeof told === 'string' ? told : { der: told.der, sha256 };
}

function fromHex(text: string): Uint8Array | undefined {
	if (!/^[0-9A-Fa-f]{64}$/.test(text)) return undefined;
	return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16));
}

/** ITU-T X.690 §8.1.3, §10.1: a definite length in its shortest form, and exactly so many octets. */
function isOneSequence(der: Uint8Array): boolean {
	const [tag, first] = der;
	if (tag !== 0x30 || first === undefined || first === 0x80 || first === 0xff) return false;
	if (first < 0x80) return der.length === 2 + first;
	const count = first - 0x80;
	if (count > 3 || der.length < 2 + count || der[2] === 0) return false;
	let length = 0;
	for (let index = 0; index < count; index++) length = length * 256 + (der[2 + index] ?? 0);
	return length >= 0x80 && der.length === 2 + count + length;
}
