/** Lengths of time as the configuration writes them and as people read them. */

const millisecondsPerUnit: ReadonlyMap<string, number> = new Map([
	['d', 86_400_000],
	['h', 3_600_000],
	['m', 60_000],
	['s', 1000],
	['ms', 1],
]);

/**
 * Milliseconds of `250ms`, `30s`, `5m`, `1h`, `7d`: one whole number without leading zeros and one unit. Undefined for
 * anything else and for what is too large to be an exact number. Not checked: any bound, such as that of a timer.
 */
export function parseDuration(text: string): number | undefined {
	const match = /^(0|[1-9][0-9]*)(ms|s|m|h|d)$/.exec(text);
	if (match === null) return undefined;
	const milliseconds = Number(match[1]) * (millisecondsPerUnit.get(match[2] ?? '') ?? Number.NaN);
	return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/** `seconds` for a reader, exact to the millisecond: `45s`, `5m`, `1h30m`, `250ms`, `-5s`; `0s` for nothing. */
export function formatDuration(seconds: number): string {
	if (!Number.isFinite(seconds)) return seconds > 0 ? 'forever' : 'an unknown time';
	let rest = Math.round(Math.abs(seconds) * 1000);
	if (!Number.isFinite(rest)) return 'forever';
	let text = '';
	for (const [unit, size] of millisecondsPerUnit) {
		const count = Math.floor(rest / size);
		if (count > 0) text += `${count}${unit}`;
		rest %= size;
	}
	return text === '' ? '0s' : `${seconds < 0 ? '-' : ''}${text}`;
}
