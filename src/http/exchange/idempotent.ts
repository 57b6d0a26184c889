/**
 * Methods whose request means the same however often it is sent (RFC 9110 §9.2.2): what was lost on its way to the
 * upstream may be sent again. TRACE is one too, and is refused.
 */
export const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
