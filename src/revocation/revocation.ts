/**
 * What a revocation is: which credentials it denies, of which issuer, and until when. It is written to the ledger as
 * JSON, and read back with the same distrust as anything that comes from outside.
 */
import { isJsonObject, type JsonObject, member } from '#core/index';

/** What is denied. `issuer`: everything of that issuer; `key`: what a key of that `kid` signed. */
export const revocationKinds = ['issuer', 'subject', 'client', 'session', 'jti', 'key', 'digest'] as const;
export type RevocationKind = (typeof revocationKinds)[number];

export interface Denial {
	readonly kind: RevocationKind;
	/** `iss` of the tokens, or the provider's name where they have none; empty only for a digest. */
	readonly issuer: string;
	/** What it is told by; empty for `issuer`. */
	readonly value: string;
	/** Seconds since the epoch: only what was issued before, or does not say when; undefined: whatever it says. */
	readonly issuedBefore: number | undefined;
	/** Seconds since the epoch at which it ends, because what it denies has expired by then. */
	readonly until: number;
}

export interface Revocation extends Denial {
	/** Tells it from all others; made of what is denied, so that who revokes twice has one. */
	readonly id: string;
	/** Seconds since the epoch. */
	readonly at: number;
	/** Who revoked, in words: never a token. */
	readonly by: string;
	readonly note: string | undefined;
}

/** The two forms of one denial do not include each other, so they stand side by side. `digest`: of a text, flat. */
export function revocationId(denial: Denial, digest: (text: string) => string): string {
	const { kind, issuer, value, issuedBefore } = denial;
	const form = issuedBefore === undefined ? 'all' : 'before';
	return digest(JSON.stringify([kind, issuer, value, form])).slice(0, 22);
}

/** What denies whatever one of the two does; they are of the same id. The later one says who and why. */
export function mergeRevocations(earlier: Revocation, later: Revocation): Revocation {
	const { issuedBefore } = later;
	return {
		...later,
		issuedBefore: issuedBefore === undefined ? undefined : Math.max(issuedBefore, earlier.issuedBefore ?? 0),
		until: Math.max(earlier.until, later.until),
		note: later.note ?? earlier.note,
	};
}

export function writeRevocation(revocation: Revocation): string {
	const { kind, issuer, value, until, at, by, issuedBefore, note } = revocation;
	return JSON.stringify({
		kind,
		issuer,
		value,
		until,
		at,
		by,
		...(issuedBefore === undefined ? {} : { issued_before: issuedBefore }),
		...(note === undefined ? {} : { note }),
	});
}

/** Undefined for what this version cannot enforce. */
export function readRevocation(id: string, text: string): Revocation | undefined {
	const data = parse(text);
	if (data === undefined) return undefined;
	const kind = member(data, 'kind');
	const issuer = member(data, 'issuer');
	const value = member(data, 'value');
	const issuedBefore = member(data, 'issued_before');
	const until = member(data, 'until');
	const [at, by, note] = [member(data, 'at'), member(data, 'by'), member(data, 'note')];
	if (!isKind(kind) || typeof issuer !== 'string' || typeof value !== 'string' || typeof until !== 'number') {
		return undefined;
	}
	if (issuedBefore !== undefined && typeof issuedBefore !== 'number') return undefined;
	return {
		id,
		kind,
		issuer,
		value,
		issuedBefore,
		until,
		at: typeof at === 'number' ? at : 0,
		by: typeof by === 'string' ? by : '',
		note: typeof note === 'string' ? note : undefined,
	};
}

function parse(text: string): JsonObject | undefined {
	try {
		const data: unknown = JSON.parse(text);
		return isJsonObject(data) ? data : undefined;
	} catch {
		return undefined;
	}
}

function isKind(value: unknown): value is RevocationKind {
	return revocationKinds.some((kind) => kind === value);
}
