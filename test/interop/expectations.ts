/** What a check demands of a request that went through the gateway. What is not met throws, and says what was seen. */
import type { Reason } from '#core/index';
import type { Sent } from './gateway-command.ts';

/** Allowed, and the upstream got the request without the client's credential. Gives what it got. */
export function allowed(sent: Sent): NonNullable<Sent['forwarded']> {
	if (sent.status !== 200 || sent.record.decision !== 'allow' || sent.forwarded === undefined) {
		throw new Error(`expected 200, and got ${outcome(sent)}`);
	}
	if (sent.forwarded.authorization !== undefined) throw new Error('the upstream got the client’s token');
	return sent.forwarded;
}

/** Refused with that status for that reason, and the upstream got nothing. */
export function refused(sent: Sent, status: number, reason: Reason): void {
	if (sent.status !== status || sent.record.reason !== reason) {
		throw new Error(`expected ${status} ${reason}, and got ${outcome(sent)}`);
	}
	if (sent.forwarded !== undefined) throw new Error('it reached the upstream');
}

/** `what` is written as found where it is not as expected. */
export function same(what: string, found: unknown, expected: unknown): void {
	if (JSON.stringify(found) === JSON.stringify(expected)) return;
	throw new Error(`${what}: expected ${JSON.stringify(expected)}, and found ${JSON.stringify(found)}`);
}

function outcome({ status, record }: Sent): string {
	const { reason, expected, found } = record;
	return `${status} ${reason ?? ''} (expected: ${String(expected)}; found: ${String(found)})`;
}
