/** Client credentials (RFC 6749 §4.4) as an application of the demo would ask for them, and a look into what it got. */
import { isJsonObject, type JsonObject } from '#core/index';
import type { DemoApplication } from './applications.ts';

export interface IssuedToken {
	readonly token: string;
	/** Payload of the token, read without verifying: for showing only. */
	readonly claims: JsonObject;
	readonly header: JsonObject;
}

/** Without `scope`: every scope that was granted. Rejects with the server's own error description when it issues none. */
export async function fetchToken(
	tokenEndpoint: string,
	application: DemoApplication,
	audience: string,
	scope?: string,
): Promise<IssuedToken> {
	const response = await fetch(tokenEndpoint, {
		method: 'POST',
		body: new URLSearchParams({
			grant_type: 'client_credentials',
			client_id: application.id,
			client_secret: application.secret,
			audience,
			...(scope === undefined ? {} : { scope }),
		}),
	});
	const answer: unknown = await response.json();
	const token = isJsonObject(answer) ? answer['access_token'] : undefined;
	if (response.status !== 200 || typeof token !== 'string') {
		const description = isJsonObject(answer) ? answer['error_description'] : undefined;
		throw new Error(
			`no token for ${application.id}: ${response.status} ${typeof description === 'string' ? description : 'no reason given'}`,
		);
	}
	const [header = '', payload = ''] = token.split('.');
	return { token, header: read(header), claims: read(payload) };
}

function read(segment: string): JsonObject {
	return JSON.parse(Buffer.from(segment, 'base64url').toString('utf8')) as JsonObject;
}
