/** Which hosts a route is for: an exact name, or a pattern whose first label is captured. */
import { readHostPattern } from '#formats/route-pattern';

export interface HostMatcher {
	readonly exact: boolean;
	/** Equal for patterns that match the same hosts, whatever their parameter is called. */
	readonly shape: string;
	/** Name of what a pattern captures: `*` where it has no name; undefined for an exact host. */
	readonly parameter: string | undefined;
	/** The first label for a pattern, `''` for an exact host, undefined when the host does not match. */
	match(host: string): string | undefined;
}

const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** Throws an Error that says what is wrong with the pattern; `loadConfig` reports it before. */
export function compileHost(text: string): HostMatcher {
	const pattern = readHostPattern(text);
	if (typeof pattern === 'string') throw new Error(`host ${text}: ${pattern}`);
	const { shape, name } = pattern;
	if (!shape.startsWith('*.')) {
		return { exact: true, shape, parameter: undefined, match: (host) => (host === shape ? '' : undefined) };
	}
	const suffix = shape.slice(1);
	return {
		exact: false,
		shape,
		parameter: name ?? '*',
		match(host) {
			if (!host.endsWith(suffix)) return undefined;
			const first = host.slice(0, -suffix.length);
			return label.test(first) ? first : undefined;
		},
	};
}
