/** When keys are fetched again (RFC 9111 §4.2, §5.2): pure arithmetic in milliseconds. `random` is in [0, 1). */

export interface ScheduleLimits {
	/** Shortest and longest time that `Cache-Control` can give a key set. */
	readonly freshFloor: number;
	readonly freshCeiling: number;
	/** Without `max-age`. */
	readonly freshDefault: number;
	/** How long the last good keys serve, counted from their fetch. */
	readonly staleFor: number;
	/** First and longest wait after a failure. */
	readonly backoffFirst: number;
	readonly backoffLongest: number;
}

export const defaultScheduleLimits: ScheduleLimits = {
	freshFloor: 60_000,
	freshCeiling: 86_400_000,
	freshDefault: 900_000,
	staleFor: 86_400_000,
	backoffFirst: 1_000,
	backoffLongest: 300_000,
};

/**
 * How long a fetched key set counts as fresh. `max-age` less `Age`; 0 for `no-store` and `no-cache`; the shortest when
 * there are several. Without any, or with one that cannot be read, the default. `Expires` is not looked at.
 */
export function freshness(headers: ReadonlyMap<string, string>, limits: ScheduleLimits): number {
	const seconds = maximumAge(headers.get('cache-control') ?? '');
	if (seconds === undefined) return limits.freshDefault;
	const age = wholeSeconds(headers.get('age')?.trim() ?? '') ?? 0;
	return Math.min(Math.max((seconds - age) * 1000, limits.freshFloor), limits.freshCeiling);
}

/**
 * From a good fetch to the next one: 80 to 95 % of the freshness, so that keys do not run out and gateways do not march
 * in step; and never past half of `staleFor`, so that a failure then leaves as long again to recover.
 */
export function refreshDelay(fresh: number, random: number, limits: ScheduleLimits): number {
	return Math.min(fresh, limits.staleFor / 2) * (0.8 + 0.15 * random);
}

/** From the `failures`-th failed fetch in a row (1 is the first) to the next try: doubling, half of it jitter. */
export function retryDelay(failures: number, random: number, limits: ScheduleLimits): number {
	const longest = Math.min(limits.backoffFirst * 2 ** Math.min(failures - 1, 30), limits.backoffLongest);
	return longest * (0.5 + 0.5 * random);
}

function maximumAge(cacheControl: string): number | undefined {
	let shortest: number | undefined;
	for (const part of cacheControl.toLowerCase().split(',')) {
		const directive = part.trim();
		const equals = directive.indexOf('=');
		const name = equals < 0 ? directive : directive.slice(0, equals).trim();
		const value = equals < 0 ? '' : directive.slice(equals + 1).trim();
		// With a field name in it, no-cache speaks of that field only (RFC 9111 §5.2.2.4).
		if ((name === 'no-store' || name === 'no-cache') && equals < 0) return 0;
		if (name !== 'max-age') continue;
		const seconds = wholeSeconds(value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value);
		if (seconds !== undefined) shortest = Math.min(shortest ?? seconds, seconds);
	}
	return shortest;
}

function wholeSeconds(text: string): number | undefined {
	return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
