/**
 * Which octets may stand where in an HTTP/1.1 message (RFC 9110 §5.5, §5.6.2; RFC 9112 §3), as tables: one load and one
 * comparison an octet. 1: allowed.
 */

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

/** tchar: methods and field names. */
export const isTokenOctet: Uint8Array = table((octet) =>
	/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(octet)),
);

/** Field values: visible ASCII, obs-text, SP and HTAB; no control character, NUL, CR or LF among them. */
export const isValueOctet: Uint8Array = table(
	(octet) => octet === HTAB || (octet >= SP && octet <= 0x7e) || octet >= 0x80,
);

/** Request targets: visible ASCII only. */
export const isTargetOctet: Uint8Array = table((octet) => octet > SP && octet <= 0x7e);

/** Value of a hexadecimal digit; 255: none. */
export const hexValue: Uint8Array = Uint8Array.from({ length: 256 }, (_, octet) => {
	const digit = '0123456789abcdef'.indexOf(String.fromCharCode(octet).toLowerCase());
	return digit < 0 ? 255 : digit;
});

function table(allowed: (octet: number) => boolean): Uint8Array {
	return Uint8Array.from({ length: 256 }, (_, octet) => (allowed(octet) ? 1 : 0));
}
