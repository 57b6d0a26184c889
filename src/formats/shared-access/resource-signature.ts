/**
 * `sr=…&sig=…&se=…&skn=…`: the layout of Service Bus, Event Hubs and IoT Hub. What was signed is `sr` exactly as it is
 * written in the token, encoding and all, a line feed, and `se`; nothing is decoded and encoded again on the way.
 */
import type { UnverifiedSharedAccess } from '#core/index';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { encodeUtf8 } from '../utf8.ts';
import { signedFields } from './signed-fields.ts';

const names = { needed: ['sr', 'sig', 'se'], allowed: ['skn'] } as const;
/** Seconds since the epoch: no sign, no leading zero, no exponent, and no more digits than a date can have. */
const seconds = /^[1-9][0-9]{0,11}$/;

/**
 * Takes one apart. A string says what is wrong and holds no part of it. Checked: each field once, in any order; strict
 * percent-encoding and UTF-8 without control characters in `sr` and `skn`; `sig` in strict Base64, in which `+` stands
 * for itself; `se` in digits. Not checked: signature, time, and what the resource is. Never throws.
 */
export function readResourceSignature(text: string): UnverifiedSharedAccess | string {
	const fields = signedFields<'sr' | 'sig' | 'se' | 'skn'>(text, names);
	if (typeof fields === 'string') return fields;
	const raw = { sr: fields.get('sr') ?? '', sig: fields.get('sig') ?? '', se: fields.get('se') ?? '' };
	const skn = fields.get('skn');
	const resource = decodeField(raw.sr);
	if (resource === undefined) return 'sr is not percent-encoded text';
	const keyName = skn === undefined ? undefined : decodeField(skn);
	if (skn !== undefined && keyName === undefined) return 'skn is not percent-encoded text';
	const signature = decodeBase64(decodeField(raw.sig) ?? '*');
	if (signature === null) return 'sig is not Base64';
	if (!seconds.test(raw.se)) return 'se is not a number of seconds';
	return {
		formats: ['service_bus', 'iot_hub'],
		keyName,
		resource,
		expiresAt: Number(raw.se),
		signingInput: encodeUtf8(resourceSigningInput(raw.sr, raw.se)),
		signature,
	};
}

/** `sr` and `se` as they stand in the token. */
export function resourceSigningInput(sr: string, se: string | number): string {
	return `${sr}\n${se}`;
}

/** Puts one together; `sr` is encoded already, as it was signed. */
export function formatResourceSignature(
	sr: string,
	se: number,
	signature: Uint8Array,
	keyName: string | undefined,
): string {
	const name = keyName === undefined ? '' : `&skn=${encodeURIComponent(keyName)}`;
	return `sr=${sr}&sig=${encodeURIComponent(encodeBase64(signature))}&se=${se}${name}`;
}

function decodeField(text: string): string | undefined {
	let decoded: string;
	try {
		decoded = decodeURIComponent(text);
	} catch {
		return undefined;
	}
	return /\p{Cc}/u.test(decoded) ? undefined : decoded;
}
