/**
 * `id&yyyyMMddHHmm&signature`: the short layout of API Management, for its management API and, as `GatewayKey`, for
 * self-hosted gateways. The minute is UTC; what was signed is the id, a line feed, and that minute in the long form.
 */
import type { SharedAccessFormat, UnverifiedSharedAccess } from '#core/index';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { encodeUtf8 } from '../utf8.ts';
import { isIdentifier } from './identifier.ts';
import { formatRoundTripTime, parseRoundTripTime } from './round-trip-time.ts';

const minuteForm = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})$/;

/** Takes one apart as a token of `format`; a string says what is wrong. Not checked: signature and time. Never throws. */
export function readCompactToken(text: string, format: SharedAccessFormat): UnverifiedSharedAccess | string {
	const [id = '', minute = '', encoded = '', ...more] = text.split('&');
	if (more.length > 0) return 'it has more than three parts';
	if (!isIdentifier(id)) return 'its first part is not an identifier';
	const expiresAt = parseRoundTripTime(minute.replace(minuteForm, '$1-$2-$3T$4:$5:00Z'));
	if (!minuteForm.test(minute) || expiresAt === undefined) return 'its second part is not a time yyyyMMddHHmm';
	const signature = decodeBase64(encoded);
	if (signature === null || signature.length === 0) return 'its third part is not Base64';
	return {
		formats: [format],
		keyName: id,
		resource: undefined,
		expiresAt,
		signingInput: encodeUtf8(compactSigningInput(id, expiresAt)),
		signature,
	};
}

/** What is signed for `id` until the end of that minute's beginning; seconds are cut off. */
export function compactSigningInput(id: string, expiresAt: number): string {
	return `${id}\n${formatRoundTripTime(wholeMinute(expiresAt))}`;
}

export function formatCompactToken(id: string, expiresAt: number, signature: Uint8Array): string {
	const minute = formatRoundTripTime(wholeMinute(expiresAt)).slice(0, 16).replaceAll(/[-T:]/g, '');
	return `${id}&${minute}&${encodeBase64(signature)}`;
}

function wholeMinute(seconds: number): number {
	return Math.floor(seconds / 60) * 60;
}
