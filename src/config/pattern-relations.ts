/** How two path patterns relate: for ties, and for the warning that one route covers another. */
import type { PathPattern } from '#formats/route-pattern';

/** Equal for patterns that match the same paths, whatever their parameters are called. */
export function shapeOf({ segments, rest }: PathPattern): string {
	return `/${[...segments.map((segment) => segment ?? '{}'), ...(rest ? ['**'] : [])].join('/')}`;
}

/** Is there a path that both match? */
export function overlap(a: PathPattern, b: PathPattern): boolean {
	const shared = Math.min(a.segments.length, b.segments.length);
	for (let i = 0; i < shared; i++) {
		const one = a.segments[i] ?? null;
		const two = b.segments[i] ?? null;
		if (one !== null && two !== null && one !== two) return false;
	}
	if (a.segments.length === b.segments.length) return true;
	return a.segments.length < b.segments.length ? a.rest : b.rest;
}

/** Does `outer` match every path that `inner` matches? */
export function covers(outer: PathPattern, inner: PathPattern): boolean {
	if (inner.segments.length < outer.segments.length || (inner.rest && !outer.rest)) return false;
	if (inner.segments.length > outer.segments.length && !outer.rest) return false;
	return outer.segments.every((segment, i) => segment === null || segment === inner.segments[i]);
}
