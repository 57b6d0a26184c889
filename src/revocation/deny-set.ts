/**
 * The revocations in force, in memory, as the hot path asks for them. Nothing is denied as a rule, and then nothing is
 * looked up; else it is a look-up by issuer, and one more for each kind of thing that is denied of that issuer.
 */
import { type Evidence, member, type Principal } from '#core/index';
import type { Revocation } from './revocation.ts';
import { tokenIdentity } from './token-identity.ts';

export interface DenySet {
	/**
	 * The revocation that denies this credential; undefined: none. Never waits, never throws. `now`: seconds since the
	 * epoch; default: when its request came.
	 */
	find(principal: Principal, evidence: Evidence, now?: number): Revocation | undefined;
	get(id: string): Revocation | undefined;
	/** In place of the one with the same id. */
	put(revocation: Revocation): void;
	remove(id: string): void;
	/** Forgets those whose time is over. `now` in seconds. */
	purge(now: number): void;
	list(): readonly Revocation[];
	readonly size: number;
}

/** By value; the two forms of a denial side by side. */
type Denied = Map<string, readonly Revocation[]>;
type ScopedKind = Exclude<Revocation['kind'], 'digest'>;
type IssuerDenials = Readonly<Record<ScopedKind, Denied>>;

export interface DenySetOptions {
	/** The digest under which tokens are revoked: of any text, flat. */
	readonly digest: (text: string) => string;
}

export function createDenySet({ digest }: DenySetOptions): DenySet {
	const byId = new Map<string, Revocation>();
	const issuers = new Map<string, IssuerDenials>();
	const digests: Denied = new Map();

	function placeOf({ kind, issuer }: Revocation): Denied {
		if (kind === 'digest') return digests;
		let denials = issuers.get(issuer);
		if (denials === undefined) {
			denials = {
				issuer: new Map(),
				subject: new Map(),
				client: new Map(),
				session: new Map(),
				jti: new Map(),
				key: new Map(),
			};
			issuers.set(issuer, denials);
		}
		return denials[kind];
	}

	function remove(id: string): void {
		const revocation = byId.get(id);
		if (revocation === undefined) return;
		byId.delete(id);
		const place = placeOf(revocation);
		const others = (place.get(revocation.value) ?? []).filter((other) => other.id !== id);
		if (others.length > 0) place.set(revocation.value, others);
		else place.delete(revocation.value);
		const denials = issuers.get(revocation.issuer);
		if (denials !== undefined && Object.values(denials).every((denied) => denied.size === 0)) {
			issuers.delete(revocation.issuer);
		}
	}

	function findByDigest(principal: Principal, evidence: Evidence, now: number): Revocation | undefined {
		const token = evidence.credential?.token;
		if (digests.size === 0 || token === undefined) return undefined;
		const identity = tokenIdentity(principal.kind, token, evidence.credential?.scheme ?? '');
		return denying(digests, digest(identity), principal, now);
	}

	return {
		find(principal, evidence, now = evidence.now) {
			if (byId.size === 0) return undefined;
			const denials = issuers.get(principal.issuer);
			if (denials === undefined) return findByDigest(principal, evidence, now);
			const { claims, subject, client } = principal;
			return (
				denying(denials.issuer, '', principal, now) ??
				denying(denials.subject, subject, principal, now) ??
				denying(denials.client, client, principal, now) ??
				denying(denials.session, text(member(claims, 'sid')), principal, now) ??
				denying(denials.jti, text(member(claims, 'jti')), principal, now) ??
				denying(denials.key, keyOf(evidence), principal, now) ??
				findByDigest(principal, evidence, now)
			);
		},
		get: (id) => byId.get(id),
		put(revocation) {
			remove(revocation.id);
			byId.set(revocation.id, revocation);
			const place = placeOf(revocation);
			place.set(revocation.value, [...(place.get(revocation.value) ?? []), revocation]);
		},
		remove,
		purge(now) {
			for (const { id, until } of byId.values()) if (until <= now) remove(id);
		},
		list: () => [...byId.values()],
		get size() {
			return byId.size;
		},
	};
}

function denying(
	denied: Denied,
	value: string | undefined,
	{ issuedAt }: Principal,
	now: number,
): Revocation | undefined {
	if (denied.size === 0 || value === undefined) return undefined;
	// A token that does not say when it was issued may have been issued before.
	return denied
		.get(value)
		?.find(
			({ issuedBefore, until }) =>
				until > now && (issuedBefore === undefined || issuedAt === undefined || issuedAt < issuedBefore),
		);
}

/** `kid` of the key that verified, whatever the token's header says of it. */
function keyOf({ voucher }: Evidence): string | undefined {
	return voucher !== undefined && 'kid' in voucher ? text(voucher.kid) : undefined;
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' ? value : undefined;
}
