/** Amounts of bytes as the configuration writes them. */

const bytesPerUnit: ReadonlyMap<string, number> = new Map([
	['', 1],
	['B', 1],
	['kB', 1000],
	['KB', 1000],
	['MB', 1000 ** 2],
	['GB', 1000 ** 3],
	['KiB', 1024],
	['MiB', 1024 ** 2],
	['GiB', 1024 ** 3],
]);

/**
 * Bytes of `64KiB`, `1MiB`, `10MB`, `512B` or plain digits: a whole number without leading zeros and at most one unit,
 * decimal (`MB`) or binary (`MiB`). Undefined for anything else and for what is too large to be an exact number.
 */
export function parseSize(text: string): number | undefined {
	const match = /^(0|[1-9][0-9]*)([A-Za-z]*)$/.exec(text);
	if (match === null) return undefined;
	const bytes = Number(match[1]) * (bytesPerUnit.get(match[2] ?? '') ?? Number.NaN);
	return Number.isSafeInteger(bytes) ? bytes : undefined;
}
