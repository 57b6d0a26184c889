/** What is signed in a compact JWS (RFC 7515 §5.1): header and claims, each as base64url of its JSON, with a dot between. */
import type { JsonObject } from '#core/index';
import { encodeBase64url } from './base64url.ts';
import { encodeUtf8 } from './utf8.ts';

/** ASCII. The compact JWS is this, a dot, and the base64url of the signature. */
export function jwsSigningInput(header: JsonObject, claims: JsonObject): string {
	return `${encode(header)}.${encode(claims)}`;
}

function encode(object: JsonObject): string {
	return encodeBase64url(encodeUtf8(JSON.stringify(object)));
}
