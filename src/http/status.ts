/** What a status says about the message that carries it. */

/** Statuses whose response has no body and no Content-Length (RFC 9110 §8.6, §15.3.5). */
export function hasNoContent(status: number): boolean {
	return status === 204 || (status >= 100 && status < 200);
}

/** Statuses whose response never has content, whatever it declares (RFC 9110 §6.4.1, §15.3.6). */
export function hasNoBody(status: number): boolean {
	return hasNoContent(status) || status === 205 || status === 304;
}
