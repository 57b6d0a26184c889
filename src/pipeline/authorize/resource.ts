/**
 * Is the signed resource one that this route is about? It must lie within the provider's root, which stands for the origin
 * that clients call; and its path must be a prefix of the request's, segment by segment. `sb://bus.example.net/orders`
 * opens `/orders` and `/orders/7` of this gateway, and neither `/orders-archive` nor `/Orders`.
 */
import type { Check, Principal } from '#core/index';
import { isBelow, isWithin, parseResource, type Resource } from '#formats/shared-access/resource';
import { compileTemplate, templateNames } from '#formats/template';
import { principalCheck } from './principal-check.ts';

/** `roots`: any of these, which may hold the route's parameters; `parameters`: their names in order. */
export function createResourceCheck(roots: readonly string[], parameters: readonly string[]): Check {
	const compiled = roots.map((text) => compileTemplate(text, parameters));
	/** A principal of the cache is asked on every request, and its resource never changes. */
	const known = new WeakMap<Principal, Resource | null>();
	/** The same for the roots of a route without parameters; with them, there are as many as clients like. */
	const fixed = roots.every((text) => templateNames(text).length === 0) ? roots.map(parseResource) : undefined;

	function resourceOf(principal: Principal): Resource | null {
		let resource = known.get(principal);
		if (resource === undefined) {
			const [text] = principal.audiences;
			resource = text === undefined ? null : (parseResource(text) ?? null);
			known.set(principal, resource);
		}
		return resource;
	}

	return principalCheck({
		name: 'audience',
		judge(principal, { parameters: values, path }) {
			const resource = resourceOf(principal);
			if (resource === null) return 'audience_mismatch';
			const accepted = fixed ?? compiled.map((fill) => parseResource(fill(values)));
			if (!accepted.some((root) => root !== undefined && isWithin(root, resource))) return 'audience_mismatch';
			return isBelow(resource.path, path) ? null : 'resource_mismatch';
		},
		expected: ({ parameters: values, path }) =>
			`a resource within ${compiled.map((fill) => fill(values)).join(' or ')}, whose path has ${path} at or below it`,
		found: (principal) => `resource: ${principal.audiences[0] ?? 'none'}`,
	});
}
