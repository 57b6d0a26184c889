/** Which layout a shared access signature has. It is read by that one alone: no text is tried in two ways. */
import type { UnverifiedSharedAccess } from '#core/index';
import { readCompactToken } from './compact-token.ts';
import { readManagementToken } from './management-token.ts';
import { readResourceSignature } from './resource-signature.ts';

/** Authentication schemes, lower-case. */
export const sharedAccessSchemes: ReadonlySet<string> = new Set(['sharedaccesssignature', 'gatewaykey']);

const resourceShape = /(?:^|&)sr=/;
const managementShape = /(?:^|&)uid=/;
const compactShape = /^[^&=]*&[0-9]{12}&/;
/**
 * Space, quotes and backslash have no place in one, and a comma is what joins two fields of one name (RFC 9110 §5.3).
 */
const characters = /^[A-Za-z0-9\-._~!$'()*+/:;=@%&]+$/;

/** Whether a text without a scheme is meant as a shared access signature. */
export function looksLikeSharedAccess(text: string): boolean {
	return resourceShape.test(text) || managementShape.test(text) || compactShape.test(text);
}

/**
 * Takes one apart: `scheme` lower-case, `token` what stands behind it. A string says what is wrong and holds no part of
 * the token. Not checked: anything that needs a key, a clock or a route. Never throws, linear time.
 */
export function readSharedAccess(scheme: string, token: string): UnverifiedSharedAccess | string {
	if (!characters.test(token)) return 'it has a character that no layout has';
	if (scheme === 'gatewaykey') return readCompactToken(token, 'apim_gateway');
	if (resourceShape.test(token)) return readResourceSignature(token);
	if (managementShape.test(token)) return readManagementToken(token);
	return compactShape.test(token) ? readCompactToken(token, 'apim_management') : 'it has no known layout';
}
