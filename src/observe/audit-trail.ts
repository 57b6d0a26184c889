/**
 * Where audit records go. With `on_overflow: drop` a record is written when its request is over and is lost, and
 * counted, when the sink cannot keep up. With `refuse` the decision about a guarded request is written before anything
 * comes of it, and a request whose decision cannot be written is not served: nothing unaudited reaches an upstream.
 */
import { auditLine } from './audit-line.ts';
import type { AuditInput } from './audit-record.ts';

export interface AuditTrail {
	/** Takes a record of a request that is over. Never throws, never waits. */
	record(input: AuditInput): void;
	/**
	 * Only with `on_overflow: refuse`: resolves to true once the decision is safely written. A request that was committed
	 * gets a second record when it is over, with the same `request_id`.
	 */
	readonly commit: ((input: AuditInput) => Promise<boolean>) | undefined;
}

/** What a trail writes to: lines of text, as runtime/node/line-file.ts takes them. */
export interface LineSink {
	write(line: string): void;
	commit(line: string): Promise<boolean>;
}

export function createAuditTrail(sink: LineSink, onOverflow: 'drop' | 'refuse'): AuditTrail {
	return {
		record: (input) => sink.write(auditLine(input)),
		commit: onOverflow === 'refuse' ? (input) => sink.commit(auditLine(input)) : undefined,
	};
}
