/** Shared access signatures, good and bad, made with nothing of ours: node:crypto and string concatenation. */
import { createHmac } from 'node:crypto';

export interface SasParts {
	/** Decoded; default `sb://bus.example.net/orders`. */
	readonly resource?: string;
	/** As it stands in the token, in place of `resource`. */
	readonly sr?: string;
	/** As it stands in the token. */
	readonly se?: string | number;
	/** Default `sender`; undefined leaves it out. */
	readonly skn?: string | undefined;
	/** Text whose UTF-8 signs, or octets; default `senderKey`. */
	readonly key?: string | Uint8Array;
	/** In place of `{sr}\n{se}`. */
	readonly input?: string;
}

export const senderKey = 'q7Hn2rTzWd0Yv5LkB8xCm4Jp1sGf6EaU';
export const secondaryKey = 'Zx3Vn8Qb5Tr1Lk7Wd4Yp0Hs6Gc2Jm9Fe';

/** Far away: 2100-01-01. */
export const farAway = 4_102_444_800;

/** The four fields, each as it stands in a token. */
export function sasFields(parts: SasParts = {}): readonly [name: string, value: string][] {
	const sr = parts.sr ?? encodeURIComponent(parts.resource ?? 'sb://bus.example.net/orders');
	const se = String(parts.se ?? farAway);
	const skn = 'skn' in parts ? parts.skn : 'sender';
	const sig = createHmac('sha256', parts.key ?? senderKey)
		.update(parts.input ?? `${sr}\n${se}`)
		.digest('base64');
	return [
		['sr', sr],
		['sig', encodeURIComponent(sig)],
		['se', se],
		...(skn === undefined ? [] : [['skn', encodeURIComponent(skn)] as [string, string]]),
	];
}

/** Without its scheme. */
export function signSas(parts: SasParts = {}): string {
	return joinFields(sasFields(parts));
}

export function joinFields(fields: readonly (readonly [string, string])[]): string {
	return fields.map(([name, value]) => `${name}=${value}`).join('&');
}

/** The layouts of API Management; `signed` is what stands for the time in the text that is signed. */
export function signApim(
	layout: 'long' | 'compact',
	parts: { readonly id: string; readonly written: string; readonly signed?: string; readonly key: string },
): string {
	const { id, written, signed = written, key } = parts;
	const sig = createHmac('sha512', key).update(`${id}\n${signed}`).digest('base64');
	return layout === 'long' ? `uid=${id}&ex=${written}&sn=${sig}` : `${id}&${written}&${sig}`;
}
