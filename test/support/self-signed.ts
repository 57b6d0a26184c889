/** Certificates made on the spot, self-signed or by an authority, with whatever dates a test wants: no PEM files, no openssl. */
import { createPrivateKey, generateKeyPairSync, hash, type KeyObject, sign, X509Certificate } from 'node:crypto';

export interface SelfSigned {
	/** PEM. */
	readonly certificate: string;
	readonly key: string;
}

export interface SelfSignedOptions {
	/** Milliseconds since the epoch; default a year before and after now. */
	readonly from?: number;
	readonly to?: number;
	readonly commonName?: string;
	/** Default: itself. */
	readonly issuer?: SelfSigned;
	/** Whether it may issue others; default false. */
	readonly isAuthority?: boolean;
	/** For servers only (RFC 5280 §4.2.1.12); default: for everything. */
	readonly serverOnly?: boolean;
}

/** `x5t#S256` of a PEM certificate (RFC 8705 §3.1). */
export function thumbprintOf({ certificate }: SelfSigned): string {
	const { raw } = new X509Certificate(certificate);
	return hash('sha256', raw, 'base64url');
}

/** An X.509 v3 certificate (RFC 5280 §4.1) on a new P-256 key, for localhost and 127.0.0.1. */
export function selfSigned(options: SelfSignedOptions = {}): SelfSigned {
	const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const body = toBeSigned(publicKey, options);
	const issuerKey = options.issuer === undefined ? privateKey : createPrivateKey(options.issuer.key);
	const signature = sign('sha256', body, issuerKey);
	const der = sequence(body, signatureAlgorithm, tagged(0x03, Buffer.from([0]), signature));
	const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
	return {
		certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
		key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
	};
}

const year = 365 * 86_400_000;
/** ecdsa-with-SHA256 (RFC 5758 §3.2). */
const signatureAlgorithm = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));

function toBeSigned(publicKey: KeyObject, options: SelfSignedOptions): Buffer {
	const name = distinguishedName(options.commonName ?? 'localhost');
	const issuer = options.issuer === undefined ? name : distinguishedName(commonNameOf(options.issuer));
	const version = tagged(0xa0, Buffer.from('020102', 'hex'));
	const serial = Buffer.from('020101', 'hex');
	const validity = sequence(time(options.from ?? Date.now() - year), time(options.to ?? Date.now() + year));
	const spki = publicKey.export({ type: 'spki', format: 'der' });
	const names = sequence(tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1])));
	const alternative = sequence(Buffer.from('0603551d11', 'hex'), tagged(0x04, names));
	const extensions = [
		alternative,
		...(options.isAuthority === true ? [certificateAuthority] : []),
		...(options.serverOnly === true ? [serverUsage] : []),
	];
	const last = tagged(0xa3, sequence(...extensions));
	return sequence(version, serial, signatureAlgorithm, issuer, validity, name, spki, last);
}

/** basicConstraints with cA (RFC 5280 §4.2.1.9), critical. */
const certificateAuthority = sequence(
	Buffer.from('0603551d130101ff', 'hex'),
	tagged(0x04, Buffer.from('30030101ff', 'hex')),
);
/** extendedKeyUsage with serverAuth alone. */
const serverUsage = sequence(
	Buffer.from('0603551d25', 'hex'),
	tagged(0x04, sequence(Buffer.from('06082b06010505070301', 'hex'))),
);

function commonNameOf({ certificate }: SelfSigned): string {
	return new X509Certificate(certificate).subject.replace('CN=', '');
}

function distinguishedName(commonName: string): Buffer {
	return sequence(tagged(0x31, sequence(Buffer.from('0603550403', 'hex'), tagged(0x0c, Buffer.from(commonName)))));
}

function time(at: number): Buffer {
	const text = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
	return Number(text.slice(0, 4)) < 2050 ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
}

function sequence(...parts: readonly Buffer[]): Buffer {
	return tagged(0x30, ...parts);
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
	const content = Buffer.concat(parts);
	if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
	if (content.length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, content.length]), content]);
	return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length & 0xff]), content]);
}
