/** Makes a change: on record first, then in fact; and what is said when either is not possible. */
import { StoreUnavailable } from '#core/index';
import type { Change } from '#observe/change-record';
import type { AdminSubject } from './admin.ts';
import { problem, type Reply } from './exchange.ts';

/** A StoreUnavailable of `make` becomes 503, and a second record says that nothing, or not all, came of it. */
export async function changing(
	{ recordChange, log }: Pick<AdminSubject, 'recordChange' | 'log'>,
	change: Change,
	make: () => Promise<Reply>,
): Promise<Reply> {
	if (!(await recordChange(change))) return problem(503, 'the audit record cannot be written, so nothing was changed');
	try {
		return await make();
	} catch (cause) {
		if (!(cause instanceof StoreUnavailable)) throw cause;
		log.error('a change did not reach the store', { action: change.action, cause: cause.message });
		await recordChange({ ...change, failure: 'store_unavailable' });
		return problem(503, 'the store does not answer: the change may or may not have been made; repeat it');
	}
}
