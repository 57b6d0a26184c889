/** What is wrong with a policy file, and where. */

/** Of a text file: both begin at 1; a column counts UTF-16 code units. */
export interface Position {
	readonly line: number;
	readonly column: number;
}

/** Thrown while a policy is read, and caught by whoever reads it: never while a request is decided. */
export class PolicyFault extends Error {
	override readonly name = 'PolicyFault';
	readonly position: Position;

	constructor(position: Position, message: string) {
		super(message);
		this.position = position;
	}
}

/** Gives the position of an offset of `text`; LF, CRLF and CR end a line. */
export function createPositions(text: string): (offset: number) => Position {
	const starts = [0];
	for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + end.length);
	return (offset) => {
		let low = 0;
		let high = starts.length - 1;
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if ((starts[middle] ?? 0) <= offset) low = middle;
			else high = middle - 1;
		}
		return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
	};
}
