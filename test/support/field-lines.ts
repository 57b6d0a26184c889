/** Field lines as a parser gives them, flat (name, value, …), from lines as a reader knows them. */
import type { FieldLines } from '#http/h1/field-lines';

export function fieldLines(...lines: readonly string[]): string[] {
	return lines.flatMap((line) => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
	});
}

/** Field lines as the parser keeps them, from a flat list (name, value, …); values need not be valid. `start` comes before them. */
export function keptFieldLines(raw: readonly string[], start = ''): FieldLines {
	const places: number[] = [];
	let text = start;
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const nameEnd = text.length + (raw[index] ?? '').length;
		const valueEnd = nameEnd + 2 + (raw[index + 1] ?? '').length;
		places.push(text.length, nameEnd, nameEnd + 2, valueEnd);
		text += `${raw[index]}: ${raw[index + 1]}\r\n`;
	}
	return { text: `${text}\r\n`, places, end: text.length };
}

/** The flat list of whole lines. */
export function flatLines(text: string): string[] {
	return text
		.split('\r\n')
		.filter((line) => line !== '')
		.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
}
