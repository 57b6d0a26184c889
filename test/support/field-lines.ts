/** Field lines as a parser gives them, flat (name, value, …), from lines as a reader knows them. */
export function fieldLines(...lines: readonly string[]): string[] {
	return lines.flatMap((line) => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
	});
}
