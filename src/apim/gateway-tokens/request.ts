/** What the calls want in their bodies: which of the two keys, and until when a token is to open anything. */
import { type JsonObject, member } from '#core/index';
import { parseRoundTripTime } from '#formats/shared-access/round-trip-time';
import { type AzureError, type FieldFault, validationError } from './error.ts';

export type KeyType = 'primary' | 'secondary';

export interface TokenRequest {
	readonly keyType: KeyType;
	/** Seconds since the epoch, a whole minute: tokens hold no more. */
	readonly expiresAt: number;
}

/** Seconds that a token may live. */
export const longestLifetime = 30 * 24 * 3600;

/** `now`: seconds since the epoch. Other members of the body are not looked at, as there. */
export function readTokenRequest(body: JsonObject, now: number): TokenRequest | AzureError {
	const keyType = readKeyType(body);
	const expiresAt = readExpiry(member(body, 'expiry'), now);
	const faults = [keyType, expiresAt].filter((value) => typeof value === 'object');
	if (typeof keyType === 'object' || typeof expiresAt === 'object') return validationError(faults);
	return { keyType, expiresAt };
}

export function readKeyRequest(body: JsonObject): { readonly keyType: KeyType } | AzureError {
	const keyType = readKeyType(body);
	return typeof keyType === 'object' ? validationError([keyType]) : { keyType };
}

function readKeyType(body: JsonObject): KeyType | FieldFault {
	const value = member(body, 'keyType');
	if (value === 'primary' || value === 'secondary') return value;
	return { target: 'keyType', message: "keyType must be 'primary' or 'secondary'." };
}

/** The minute in which a token may end: what is asked for without its seconds. It is that minute that is judged. */
function readExpiry(value: unknown, now: number): number | FieldFault {
	const fault = (message: string): FieldFault => ({ target: 'expiry', message });
	const asked = typeof value === 'string' ? parseRoundTripTime(value) : undefined;
	if (asked === undefined) {
		return fault('expiry must be a time of ISO 8601 with its offset, such as 2026-01-31T00:00:00Z.');
	}
	const minute = Math.floor(asked / 60) * 60;
	if (minute <= now) return fault('expiry must be in the future; a token ends at a whole minute, seconds are cut off.');
	if (minute > now + longestLifetime) return fault('expiry must not be more than 30 days ahead.');
	return minute;
}
