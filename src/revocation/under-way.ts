/**
 * What goes on after its decision and may have to end before its time: tunnels, and responses of routes that say so. When
 * something is revoked it is judged again, by what is new alone; nothing here is asked while nothing changes.
 */
import type { CheckName, Evidence, Log, Principal } from '#core/index';

/** Why it must not go on. */
export interface Ending {
	readonly reason: 'token_revoked' | 'session_ended';
	readonly check: CheckName;
	/** In words for the operator. */
	readonly found: string;
}

export interface UnderWay {
	/**
	 * From now on `cut` is called once when it must end, but never before this returns. What was revoked between its decision
	 * and now counts too. Returns what to call when it is over. Without a principal nothing can be revoked of it.
	 */
	add(evidence: Evidence, cut: (reason: Ending['reason']) => void): () => void;
	/** Cuts what this judges to be over. Never throws. */
	review(judge: (evidence: Evidence, principal: Principal) => Ending | undefined): void;
	readonly size: number;
}

export interface UnderWayOptions {
	/** By everything that is known. */
	readonly judge: (evidence: Evidence, principal: Principal) => Ending | undefined;
	readonly log: Log;
}

interface Item {
	readonly evidence: Evidence;
	readonly principal: Principal;
	readonly cut: (reason: Ending['reason']) => void;
}

const nothing = (): void => {};

export function createUnderWay({ judge, log }: UnderWayOptions): UnderWay {
	const items = new Set<Item>();

	function end(item: Item, { reason, check, found }: Ending): void {
		if (!items.delete(item)) return;
		const { evidence, cut } = item;
		evidence.check = check;
		evidence.expected = undefined;
		evidence.found = found;
		try {
			cut(reason);
		} catch (error) {
			log.error('what was revoked while it was open could not be ended', { error });
		}
	}

	return {
		add(evidence, cut) {
			const { principal } = evidence;
			if (principal === undefined) return nothing;
			const item: Item = { evidence, principal, cut };
			items.add(item);
			const ending = judge(evidence, principal);
			if (ending !== undefined) void Promise.resolve().then(() => end(item, ending));
			return () => void items.delete(item);
		},
		review(judgeAnew) {
			for (const item of items) {
				const ending = judgeAnew(item.evidence, item.principal);
				if (ending !== undefined) end(item, ending);
			}
		},
		get size() {
			return items.size;
		},
	};
}
