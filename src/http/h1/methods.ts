/** Which methods a request may have. */

/** The methods that HTTP has registered and that other parsers know: an unknown one could be read as something else. */
const methods: ReadonlySet<string> = new Set(
	(
		'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK ' +
		'BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE MKCALENDAR LINK UNLINK M-SEARCH NOTIFY SUBSCRIBE ' +
		'UNSUBSCRIBE PURGE SOURCE'
	).split(' '),
);

/** By length. */
const byLength: readonly (readonly string[])[] = Array.from({ length: 16 }, (_, length) =>
	Array.from(methods).filter((method) => method.length === length),
);

/** The first `length` characters of a head: one and the same text for each known method. */
export function methodOf(head: string, length: number): string {
	const candidates = byLength[length];
	if (candidates !== undefined) for (const method of candidates) if (head.startsWith(method)) return method;
	return head.slice(0, length);
}

export function isKnownMethod(method: string): boolean {
	return methods.has(method);
}
