/** Which host a request is for. */
import type { RequestView } from '#core/index';
import { parseRequestTarget } from '#formats/request-target';

/** The authority of an absolute-form target, which stands above Host (RFC 9112 §3.2.2), or else Host as received. */
export function effectiveHost(view: RequestView): string {
	if (view.target.startsWith('/')) return view.host;
	const target = parseRequestTarget(view.target, { encodedSlash: true });
	return typeof target === 'string' ? view.host : (target.authority ?? view.host);
}
