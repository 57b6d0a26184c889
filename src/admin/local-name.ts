/** Whether a `Host` field names this machine in a way that no web page elsewhere can make a browser send. */
import { parseHost } from '#formats/host';
import { isLoopbackHost } from '#formats/ip';

/** `host`: the field as received, with or without port. `configured`: host that the listener was given, without brackets. */
export function isLocalName(host: string, configured: string): boolean {
	const name = parseHost(host)?.name;
	if (name === undefined) return false;
	return isLoopbackHost(name) || name === configured.toLowerCase() || name === `[${configured.toLowerCase()}]`;
}
