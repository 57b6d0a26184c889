/** What may stand in a store, and how long: the same for every implementation, so that a change of store changes nothing else. */
import { maximumTtl, StoreUnavailable } from '#core/index';

const namePattern = /^[a-z][a-z0-9-]{0,63}$/;
/** UTF-16 units. */
const longestKey = 1024;
const longestValue = 1024 * 1024;

/** Throws a RangeError: a bug of the caller, who must bound or digest what a client chose. */
export function checkPlace(name: string, key: string): void {
	checkName(name);
	if (key.length === 0 || key.length > longestKey) throw new RangeError('a key has 1 to 1,024 characters');
	// What is no text would come back as another key: stores keep UTF-8.
	if (!key.isWellFormed()) throw new RangeError('a key must be well-formed text');
}

export function checkName(name: string): void {
	if (!namePattern.test(name)) throw new RangeError(`a space or ledger cannot be named ${JSON.stringify(name)}`);
}

export function checkValue(value: string): void {
	if (value.length > longestValue) throw new RangeError('a value has at most 1,048,576 characters');
	if (!value.isWellFormed()) throw new RangeError('a value must be well-formed text');
}

/** Whole milliseconds, 1 at least. */
export function checkTtl(ttl: number): number {
	if (!(ttl > 0) || ttl > maximumTtl) throw new RangeError('a time to live is above 0 and at most 400 days');
	return Math.ceil(ttl);
}

export function closed(): StoreUnavailable {
	return new StoreUnavailable('the store is closed');
}
