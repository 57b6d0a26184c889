/**
 * Compiled once for all who ask with equal content: ten thousand routes have a handful of different rules, and what they
 * share stays in the processor's cache. What is compiled sees nothing but the content it is known by.
 */

/**
 * `content` must be plain data: no functions, sets or maps. Throws for a member that JSON would not tell from another
 * (those, and numbers that are not finite).
 */
export function oncePerContent<T extends object, R>(compile: (content: T) => R): (content: T) => R {
	const known = new Map<string, R>();
	return (content) => {
		const key = JSON.stringify(content, plain);
		let result = known.get(key);
		if (result === undefined) {
			result = compile(content);
			known.set(key, result);
		}
		return result;
	};
}

function plain(name: string, value: unknown): unknown {
	if (typeof value === 'number' && !Number.isFinite(value)) return { notFinite: String(value) };
	const isOdd = typeof value === 'function' || value instanceof Map || value instanceof Set || value instanceof RegExp;
	if (isOdd) throw new TypeError(`${name} is no plain data`);
	return value;
}
