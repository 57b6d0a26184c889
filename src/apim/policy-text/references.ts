/** Character references of XML 1.0 §4.1 and §4.6: the five predefined ones and numeric ones. There are no others here. */

const predefined: ReadonlyMap<string, string> = new Map([
	['amp', '&'],
	['lt', '<'],
	['gt', '>'],
	['quot', '"'],
	['apos', "'"],
]);

const reference = /&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9a-fA-F]{1,6}));/y;

/** The character that a reference at `offset` stands for, and where it ends; undefined when there is none. */
export function readReference(
	text: string,
	offset: number,
): { readonly character: string; readonly end: number } | undefined {
	if (text[offset] !== '&') return undefined;
	reference.lastIndex = offset;
	const match = reference.exec(text);
	if (match === null) return undefined;
	const [whole, name, decimal, hexadecimal] = match;
	const end = offset + whole.length;
	if (name !== undefined) return { character: predefined.get(name) ?? '', end };
	const code = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number.parseInt(decimal, 10);
	return isCharacter(code) ? { character: String.fromCodePoint(code), end } : undefined;
}

/** XML 1.0 §2.2 Char. */
function isCharacter(code: number): boolean {
	if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
	return (code <= 0xd7ff || code >= 0xe000) && code !== 0xfffe && code !== 0xffff && code <= 0x10ffff;
}

/** Offset of a reference in `text` that is none of these (`&nbsp;`, `&#0;`); -1 when there is none. A bare `&` is text. */
export function unknownReference(text: string): number {
	for (const { index } of text.matchAll(/&(?:[A-Za-z_:][\w:.-]{0,100}|#[0-9a-zA-Z]{1,20});/g)) {
		if (readReference(text, index) === undefined) return index;
	}
	return -1;
}

/** `text` with its references replaced, once: what comes out is not read again. */
export function decodeReferences(text: string): string {
	if (!text.includes('&')) return text;
	let decoded = '';
	let from = 0;
	for (let i = text.indexOf('&'); i >= 0; i = text.indexOf('&', i + 1)) {
		const found = readReference(text, i);
		if (found === undefined) continue;
		decoded += text.slice(from, i) + found.character;
		from = found.end;
	}
	return decoded + text.slice(from);
}
