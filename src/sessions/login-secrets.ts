/**
 * A login that is under way, sealed in a cookie of the browser that began it: only that browser can end it (login
 * forgery), with the state, nonce and PKCE verifier of its own. The gateway itself remembers nothing of it, so logins
 * that nobody ends cost it nothing.
 */
import { member, type Sealing } from '#core/index';
import { parseStrictJsonObject } from '#formats/strict-json';

export interface LoginUnderWay {
	readonly state: string;
	readonly nonce: string;
	readonly verifier: string;
	/** Path and query, already judged. */
	readonly returnTo: string;
	/** Seconds since the epoch. */
	readonly until: number;
}

/** Seconds that a person may take to log in. */
export const loginTime = 600;

/** `sessions`: the name of the configuration it belongs to, so that none ends as another one's. */
export function sealLogin(login: LoginUnderWay, sessions: string, sealing: Sealing): string {
	return sealing.seal(JSON.stringify(login), placeOf(sessions));
}

/** Undefined for what is none, was altered, or has run out. */
export function openLogin(sealed: string, sessions: string, sealing: Sealing, now: number): LoginUnderWay | undefined {
	const text = sealing.open(sealed, placeOf(sessions));
	const data = text === undefined ? undefined : parseStrictJsonObject(text);
	if (data === undefined) return undefined;
	const [state, nonce, verifier] = [member(data, 'state'), member(data, 'nonce'), member(data, 'verifier')];
	const [returnTo, until] = [member(data, 'returnTo'), member(data, 'until')];
	if (typeof state !== 'string' || typeof nonce !== 'string' || typeof verifier !== 'string') return undefined;
	if (typeof returnTo !== 'string' || typeof until !== 'number' || now >= until) return undefined;
	return { state, nonce, verifier, returnTo, until };
}

function placeOf(sessions: string): readonly string[] {
	return ['session-login', sessions];
}
