/** Which URLs the gateway may ask for keys (RFC 8414 §2 and §6.1, OpenID Connect Discovery §3): https, and little else. */
import { isLoopbackHost } from '#formats/ip';

/**
 * What is wrong with an outbound URL, or undefined. Absolute `https`; `http` to a loopback host, or anywhere with
 * `insecureHttp`; no user information, no fragment, nothing that a parser would silently repair (white space, control
 * characters, backslashes, hosts in another spelling). Whether the host resolves to a private address is not checked: the URL is the operator's,
 * or that of a provider which the operator trusts.
 */
export function checkOutboundUrl(url: string, options: { readonly insecureHttp: boolean }): string | undefined {
	if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(url)) return 'it holds white space, a backslash or characters outside ASCII';
	if (!/^https?:\/\/[^/]/i.test(url)) return 'it is not an absolute https URL';
	const parsed = URL.parse(url);
	if (parsed === null) return 'it is not a URL';
	const authority = authorityOf(url);
	if (authority.includes('@')) return 'it holds user information';
	if (url.includes('#')) return 'it holds a fragment';
	// 127.1, %61.example and the like are read as another host than the one that stands there.
	const port = parsed.protocol === 'https:' ? ':443' : ':80';
	if (authority !== parsed.host && authority !== `${parsed.host}${port}`)
		return 'its host or port is not in the usual form';
	if (parsed.protocol === 'http:' && !options.insecureHttp && !isLoopbackHost(parsed.hostname)) {
		return 'it is http: keys must come over https (or say insecure_http)';
	}
	return undefined;
}

/** A URL as it may stand in a message or a log: without its query. */
export function withoutQuery(url: string): string {
	const end = url.search(/[?#]/);
	return end < 0 ? url : url.slice(0, end);
}

function authorityOf(url: string): string {
	const rest = url.slice(url.indexOf('//') + 2);
	const end = rest.search(/[/?#]/);
	return (end < 0 ? rest : rest.slice(0, end)).toLowerCase();
}
