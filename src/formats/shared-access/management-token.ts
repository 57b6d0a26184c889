/**
 * `uid=…&ex=…&sn=…`: the long layout of access tokens for the management API of API Management. Its values are not
 * percent-encoded. What was signed is `uid`, a line feed, and `ex` exactly as it is written.
 */
import type { UnverifiedSharedAccess } from '#core/index';
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { encodeUtf8 } from '../utf8.ts';
import { isIdentifier } from './identifier.ts';
import { formatRoundTripTime, parseRoundTripTime } from './round-trip-time.ts';
import { signedFields } from './signed-fields.ts';

/** Takes one apart; a string says what is wrong. Not checked: signature and time. Never throws. */
export function readManagementToken(text: string): UnverifiedSharedAccess | string {
	const fields = signedFields<'uid' | 'ex' | 'sn'>(text, { needed: ['uid', 'ex', 'sn'], allowed: [] });
	if (typeof fields === 'string') return fields;
	const [uid, ex] = [fields.get('uid') ?? '', fields.get('ex') ?? ''];
	if (!isIdentifier(uid)) return 'uid is not an identifier';
	const expiresAt = parseRoundTripTime(ex);
	if (expiresAt === undefined) return 'ex is not a time with its offset';
	const signature = decodeBase64(fields.get('sn') ?? '');
	if (signature === null) return 'sn is not Base64';
	return {
		formats: ['apim_management'],
		keyName: uid,
		resource: undefined,
		expiresAt,
		signingInput: encodeUtf8(`${uid}\n${ex}`),
		signature,
	};
}

/** What is signed for `uid` until then, in whole seconds. */
export function managementSigningInput(uid: string, expiresAt: number): string {
	return `${uid}\n${formatRoundTripTime(expiresAt)}`;
}

export function formatManagementToken(uid: string, expiresAt: number, signature: Uint8Array): string {
	return `uid=${uid}&ex=${formatRoundTripTime(expiresAt)}&sn=${encodeBase64(signature)}`;
}
