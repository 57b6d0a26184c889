/** An audit record as an event for a log backend: the same members, and what ties it to its trace. */
import type { LogEvent } from '#core/index';
import { type AuditRecord, auditRecord } from './audit-record.ts';
import type { AuditTrail } from './audit-trail.ts';

const severities = { allow: 'info', answer: 'info', deny: 'warn', fault: 'error' } as const;

export function auditEvent(record: AuditRecord): LogEvent {
	const attributes: Record<string, string | number | boolean> = {};
	for (const [name, value] of Object.entries(record)) {
		if (typeof value === 'string' || typeof value === 'number') attributes[`countersign.${name}`] = value;
		else if (Array.isArray(value)) attributes[`countersign.${name}`] = value.join(' ');
	}
	return {
		name: 'countersign.audit',
		time: Date.parse(record.time),
		severity: severities[record.decision],
		body: record.reason === undefined ? record.decision : `${record.decision}: ${record.reason}`,
		attributes,
		traceId: record.trace_id,
		spanId: record.span_id,
	};
}

/** `trail`, and each of its records as an event too. An event that is lost on its way is nobody's fault here. */
export function withEvents(trail: AuditTrail, send: ((event: LogEvent) => void) | undefined): AuditTrail {
	if (send === undefined) return trail;
	const { commit } = trail;
	return {
		record(input) {
			trail.record(input);
			send(auditEvent(auditRecord(input)));
		},
		commit:
			commit === undefined
				? undefined
				: (input) => {
						send(auditEvent(auditRecord(input)));
						return commit(input);
					},
	};
}
