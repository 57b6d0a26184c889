/** A JWK Set (RFC 7517 §5): one odd entry is dropped, never the set; a set that is no set, or far too large, is refused. */
import {
	type Cryptography,
	isJsonObject,
	type JsonObject,
	type JsonValue,
	member,
	type VerificationKey,
} from '#core/index';
import { admitJwk, isForEncryption, quoted } from './jwk.ts';

/** No provider publishes more; each costs memory and an import (case D18). */
export const maximumKeys = 100;

export interface ReadKeySet {
	/** In the order of the document. May be empty: the caller decides what that means. */
	readonly keys: VerificationKey[];
	/** The same keys as JWKs with public members only. */
	readonly publicJwks: JsonObject[];
	/** What was dropped or odd, for the operator; safe for logs. */
	readonly notes: string[];
}

export interface ReadKeySetOptions {
	readonly crypto: Cryptography;
	/** True for a document got from a URL. Shared secrets (`oct`) are dropped either way; the note differs. */
	readonly remote: boolean;
}

/**
 * Reads a JWK Set, or says why it is none. At most 100 entries, counted before any is looked at. Entries with
 * `use: "enc"` are passed over in silence; every other dropped entry leaves a note. Entries that share a `kid` are all
 * kept, with a note.
 */
export function readJwkSet(document: JsonValue, options: ReadKeySetOptions): ReadKeySet | string {
	if (!isJsonObject(document)) return 'the key set is not a JSON object';
	const entries = member(document, 'keys');
	if (!Array.isArray(entries)) return entries === undefined ? 'the key set has no "keys"' : '"keys" is not an array';
	if (entries.length > maximumKeys) return `the key set has ${entries.length} keys, ${maximumKeys} is the most`;

	const keys: VerificationKey[] = [];
	const publicJwks: JsonObject[] = [];
	const notes: string[] = [];
	const kids = new Map<string, number>();
	(entries as readonly JsonValue[]).forEach((entry, index) => {
		if (isForEncryption(entry)) return;
		const label = labelOf(entry, index);
		if (isJsonObject(entry) && member(entry, 'kty') === 'oct') {
			const advice = options.remote ? 'is never taken from a URL' : 'does not belong in a key set: give it as `secret`';
			notes.push(`${label} dropped: a shared secret (oct) ${advice}`);
			return;
		}
		const admitted = admitJwk(entry, options.crypto);
		if (typeof admitted === 'string') {
			notes.push(`${label} dropped: ${admitted}`);
			return;
		}
		notes.push(...admitted.notes.map((note) => `${label}: ${note}`));
		keys.push(admitted.key);
		publicJwks.push(admitted.publicJwk);
		const { kid } = admitted.key;
		if (kid !== undefined) kids.set(kid, (kids.get(kid) ?? 0) + 1);
	});
	for (const [kid, count] of kids) {
		if (count > 1) notes.push(`${count} keys share the kid ${quoted(kid)}: each one that fits the algorithm is tried`);
	}
	return { keys, publicJwks, notes };
}

function labelOf(entry: JsonValue, index: number): string {
	const kid = isJsonObject(entry) ? member(entry, 'kid') : undefined;
	return typeof kid === 'string' ? `key ${index + 1} (kid ${quoted(kid)})` : `key ${index + 1}`;
}
