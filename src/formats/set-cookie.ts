/** The Set-Cookie field (RFC 6265bis §4.1), changed on its way through a host that is not the one that sets the cookie. */

/** The name of the cookie, also for browsers that read a cookie without a name (`=a=b`) as one that has it. */
export function setCookieName(value: string): string {
	const [pair = ''] = value.split(';', 1);
	const [name = ''] = pair.replace(/^[ \t]*(?:=[ \t]*)*/, '').split('=', 1);
	return name.trim();
}

/**
 * The field value with its cookie bound to the host that passes it on: `Domain` is taken out, `Path` goes through
 * `mapPath`, and `Secure` is there. Name, value and every other attribute stay as sent. A cookie whose name begins with
 * `__Host-` keeps its path, which must be `/` (§4.1.3.2). Not checked: whether a browser would take it.
 */
export function rewriteSetCookie(value: string, mapPath: (path: string) => string): string {
	const [pair = '', ...attributes] = value.split(';');
	const isOfHost = /^[ \t]*__host-/i.test(pair);
	const written = [pair.trim()];
	let isSecure = false;
	for (const attribute of attributes) {
		const equals = attribute.indexOf('=');
		const name = (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
		if (name === 'domain' || name === '') continue;
		if (name === 'secure') isSecure = true;
		const path = equals < 0 ? '' : attribute.slice(equals + 1).trim();
		// Anything that does not begin with a slash stands for the default path (§5.6.4).
		const isMapped = name === 'path' && !isOfHost && path.startsWith('/');
		written.push(isMapped ? `Path=${mapPath(path)}` : attribute.trim());
	}
	if (!isSecure) written.push('Secure');
	return written.join('; ');
}
