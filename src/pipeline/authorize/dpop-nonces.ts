/**
 * Nonces for DPoP proofs (RFC 9449 §9): the time, in steps, under a keyed digest. Nothing is kept of them, so every
 * process and gateway with the key takes what another one gave. One nonce serves all clients for as long as its step lasts.
 */
import type { Clock } from '#core/index';

export interface DpopNonces {
	/** What a proof that is made now should hold. */
	current(): string;
	/** `fresh`: as `current` gives it; `aging`: still good, and time for a new one; `unknown`: not ours, or too old. */
	judge(nonce: string): 'fresh' | 'aging' | 'unknown';
}

export interface DpopNoncesOptions {
	/** Keyed digest (HMAC), base64url. */
	readonly digest: (text: string) => string;
	/** Seconds for which a nonce is good at most; half of it at least. */
	readonly lifetime: number;
	readonly clock: Pick<Clock, 'now'>;
}

export function createDpopNonces({ digest, lifetime, clock }: DpopNoncesOptions): DpopNonces {
	const step = (lifetime * 1000) / 2;
	const stepNow = (): number => Math.floor(clock.now() / step);
	/** The steps in use, three at most. */
	const known = new Map<number, string>();

	function nonceOf(at: number): string {
		let nonce = known.get(at);
		if (nonce === undefined) {
			nonce = digest(`dpop nonce ${at}`);
			if (known.size >= 3) known.clear();
			known.set(at, nonce);
		}
		return nonce;
	}

	return {
		current: () => nonceOf(stepNow()),
		judge(nonce) {
			const now = stepNow();
			if (isEqual(nonce, nonceOf(now))) return 'fresh';
			// Another gateway's clock may be ahead.
			return isEqual(nonce, nonceOf(now - 1)) || isEqual(nonce, nonceOf(now + 1)) ? 'aging' : 'unknown';
		},
	};
}

/** Takes as long whether they differ at the beginning or at the end. */
function isEqual(given: string, wanted: string): boolean {
	if (given.length !== wanted.length) return false;
	let difference = 0;
	for (let index = 0; index < wanted.length; index++) difference |= given.charCodeAt(index) ^ wanted.charCodeAt(index);
	return difference === 0;
}
