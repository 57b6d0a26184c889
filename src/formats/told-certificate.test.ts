import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { selfSigned, thumbprintOf } from '../../test/support/self-signed.ts';
import { certificateFormats, parseToldCertificate } from './told-certificate.ts';

const own = selfSigned({ commonName: 'client' });
const { raw } = new X509Certificate(own.certificate);
const der = new Uint8Array(raw);
const base64 = raw.toString('base64');
const escaped = encodeURIComponent(own.certificate);
const hex = Buffer.from(thumbprintOf(own), 'base64url').toString('hex');

describe('one certificate', () => {
	test.each([
		['rfc9440', `:${base64}:`],
		['base64', base64],
		['pem', escaped],
		['pem', encodeURIComponent(own.certificate.trim().replaceAll('\n', '\r\n\t'))],
		// AWS leaves what is safe in a URL as it is.
		['pem', own.certificate.replaceAll('\n', '%0A').replaceAll(' ', '%20')],
		['xfcc', `Cert="${escaped}"`],
		['xfcc', `By=spiffe://a;By=b;URI=spiffe://c;URI=d;Subject="CN=\\"a, b\\";O=c";cert="${escaped}"`],
	] as const)('%s', (format, value) => {
		expect(parseToldCertificate(value, format)).toEqual({ der, sha256: undefined });
	});

	test('a digest of it', () => {
		const sha256 = new Uint8Array(Buffer.from(hex, 'hex'));
		expect(parseToldCertificate(`Hash=${hex}`, 'xfcc')).toEqual({ der: undefined, sha256 });
		expect(parseToldCertificate(`Hash=${hex.toUpperCase()};Cert="${escaped}"`, 'xfcc')).toEqual({ der, sha256 });
	});
});

test.each([
	['rfc9440', base64],
	['rfc9440', `:${base64}`],
	['rfc9440', `:${base64}:, :${base64}:`],
	['rfc9440', `:${base64}:;a=1`],
	['rfc9440', '::'],
	['rfc9440', `:${base64.slice(0, -4)}:`],
	['rfc9440', `: ${base64}:`],
	['rfc9440', `:${base64.replaceAll('+', '-').replaceAll('/', '_')}-:`],
	['base64', `${base64}${base64}`],
	['base64', ''],
	['base64', 'MAA'],
	['base64', Buffer.concat([raw, raw]).toString('base64')],
	['base64', Buffer.concat([raw, Buffer.from([0])]).toString('base64')],
	['pem', own.certificate.slice(0, 60)],
	['pem', `${escaped}${escaped}`],
	['pem', `${escaped}%`],
	['pem', encodeURIComponent(own.key)],
	['pem', base64],
	['pem', '(null)'],
	['xfcc', `Hash=${hex},Hash=${hex}`],
	['xfcc', `Hash=${hex},`],
	['xfcc', `Hash=${hex};Hash=${hex}`],
	['xfcc', `Hash=${hex.slice(1)}`],
	['xfcc', 'By=a'],
	['xfcc', 'Hash'],
	['xfcc', `Hash="${hex}`],
	['xfcc', `Cert="${escaped}" ;Hash=${hex}`],
] as const)('%s: %s is refused', (format, value) => {
	expect(typeof parseToldCertificate(value, format)).toBe('string');
});

test('the length is bounded, and whatever comes is read in linear time', () => {
	for (const format of certificateFormats) {
		for (const part of ['a', ':', '"', '\\"', 'a=', ';', '%2D', '-----BEGIN CERTIFICATE-----', 'Hash="']) {
			const value = part.repeat(Math.floor((16 * 1024) / part.length));
			expect(typeof parseToldCertificate(value, format)).toBe('string');
			expect(parseToldCertificate(`${value}${'b'.repeat(64 * 1024)}`, format)).toContain('longer than');
		}
	}
});

test('no text throws, and none but canonical Base64 is a certificate', () => {
	const text = fc.oneof(
		fc.string(),
		fc.string({ unit: fc.constantFrom(':', 'M', 'A', '=', '%', '"', ';', ',', '\\', '-') }),
	);
	fc.assert(
		fc.property(text, fc.constantFrom(...certificateFormats), (value, format) => {
			const told = parseToldCertificate(value, format);
			if (typeof told !== 'string') expect(told.der ?? told.sha256).toBeInstanceOf(Uint8Array);
		}),
	);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
			const head =
				content.length < 128
					? [content.length]
					: content.length < 256
						? [0x81, content.length]
						: [0x82, content.length >> 8, content.length & 255];
			const sequence = Uint8Array.from([0x30, ...head, ...content]);
			const text = Buffer.from(sequence).toString('base64');
			expect(parseToldCertificate(`:${text}:`, 'rfc9440')).toEqual({ der: sequence, sha256: undefined });
			const more = Buffer.from([...sequence, 0]).toString('base64');
			expect(typeof parseToldCertificate(`:${more}:`, 'rfc9440')).toBe('string');
		}),
	);
});
