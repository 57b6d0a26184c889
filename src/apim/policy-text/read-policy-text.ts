/**
 * The tolerant reader. Most policy files are no well-formed XML, because expressions hold quotes, `<` and `&&` as they are;
 * everything else of XML is demanded: tags that match, quoted attributes that are there once, no document type, no
 * processing instructions, no references but the predefined and numeric ones (XML 1.0 §4). What cannot be read is
 * refused with its place; nothing is repaired and nothing is skipped but comments.
 */
import type { PolicyAttribute, PolicyDocument, PolicyElement, PolicyValue } from './document.ts';
import { beginsExpression, findExpression } from './expression-end.ts';
import { createPositions, PolicyFault, type Position } from './policy-fault.ts';
import { decodeReferences, unknownReference } from './references.ts';

/** Characters of a file, elements in it, and how deep they nest. API Management takes 256 KiB. */
export const maxPolicyText = 1_048_576;
const maxElements = 10_000;
const maxDepth = 64;

/** Throws PolicyFault; nothing else. Linear in the length of `text`. */
export function readPolicyText(text: string): PolicyDocument {
	return new PolicyReader(text).read();
}

interface OpenElement {
	readonly name: string;
	readonly position: Position;
	readonly attributes: ReadonlyMap<string, PolicyAttribute>;
	readonly children: PolicyElement[];
	/** Pieces of constant text, each with where it begins. */
	readonly pieces: { readonly text: string; readonly offset: number }[];
	expression: PolicyValue | undefined;
}

/** What is read as UTF-8 and is none has U+FFFD, or the NUL of UTF-16, in it. */
const notUtf8 = 'the file is not UTF-8 text: save it as UTF-8';

const nameAt = /[A-Za-z_][A-Za-z0-9_.-]*/y;
const blankAt = /[ \t\r\n]*/y;

class PolicyReader {
	readonly #text: string;
	readonly #positionOf: (offset: number) => Position;
	readonly #open: OpenElement[] = [];
	readonly #roots: PolicyElement[] = [];
	#at = 0;
	#elements = 0;

	constructor(text: string) {
		this.#text = text.startsWith('\ufeff') ? ` ${text.slice(1)}` : text;
		this.#positionOf = createPositions(this.#text);
	}

	read(): PolicyDocument {
		if (this.#text.length > maxPolicyText) this.#fail(0, `the file is longer than ${maxPolicyText} characters`);
		if (/^\s?\ufffd|\0/.test(this.#text)) this.#fail(0, notUtf8);
		const control = /[\x01-\x08\x0b\x0c\x0e-\x1f]/.exec(this.#text);
		if (control !== null) this.#fail(control.index, 'a control character (XML 1.0 §2.2)');
		this.#skipDeclaration();
		while (this.#at < this.#text.length) {
			const start = this.#at;
			if (this.#text[start] === '<') this.#readMarkup();
			else this.#readText();
			// In a comment it changes nothing.
			const unknown = this.#text.slice(start, this.#at).indexOf('\ufffd');
			if (unknown >= 0 && !this.#text.startsWith('<!--', start)) this.#fail(start + unknown, notUtf8);
		}
		const open = this.#open.at(-1);
		if (open !== undefined) throw new PolicyFault(open.position, `<${open.name}> is never closed`);
		return { roots: this.#roots };
	}

	#fail(offset: number, message: string): never {
		throw new PolicyFault(this.#positionOf(Math.min(offset, this.#text.length)), message);
	}

	/** `<?xml …?>` at the very beginning; what it says of encodings is of no use any more. */
	#skipDeclaration(): void {
		blankAt.lastIndex = 0;
		const begin = blankAt.exec(this.#text)?.[0].length ?? 0;
		const declaration = /^<\?xml(?:[ \t\r\n][^<>?]*)?\?>/.exec(this.#text.slice(begin, begin + 200));
		if (declaration !== null) this.#at = begin + declaration[0].length;
	}

	#readMarkup(): void {
		const start = this.#at;
		const starts = (prefix: string) => this.#text.startsWith(prefix, start);
		if (starts('<!--')) {
			const end = this.#text.indexOf('-->', start + 4);
			if (end < 0) this.#fail(start, 'a comment has no end');
			// Where an end is mistyped, the comment would go on to that of the next one and hide the statements between.
			const next = this.#text.indexOf('<!--', start + 4);
			if (next >= 0 && next < end) this.#fail(next, `a comment within the one of line ${this.#positionOf(start).line}`);
			this.#at = end + 3;
		} else if (starts('<![CDATA[')) this.#readCharacterData();
		else if (starts('<!')) this.#fail(start, 'a document type or another declaration (<!…>) is refused');
		else if (starts('<?')) this.#fail(start, 'a processing instruction (<?…>) is refused');
		else if (starts('</')) this.#readEndTag();
		else this.#readStartTag();
	}

	#readCharacterData(): void {
		const start = this.#at;
		const end = this.#text.indexOf(']]>', start);
		if (end < 0) this.#fail(start, 'a CDATA section has no end');
		const open = this.#open.at(-1);
		if (open === undefined) this.#fail(start, 'text outside of any element');
		if (open.expression !== undefined) this.#fail(start, 'text beside an expression: an expression is the whole value');
		const text = this.#text.slice(start + 9, end);
		this.#at = end + 3;
		const lead = text.length - text.trimStart().length;
		if (!beginsExpression(text, lead)) {
			open.pieces.push({ text, offset: start + 9 });
			return;
		}
		const found = findExpression(text, lead);
		if (typeof found === 'string') this.#fail(start + 9 + lead, found);
		if (text.slice(found.end).trim() !== '' || open.pieces.some((piece) => piece.text.trim() !== '')) {
			this.#fail(start + 9 + lead, 'text beside an expression: an expression is the whole value');
		}
		// Within CDATA there are no references: what looks like one is C#.
		const code = text.slice(found.start, found.end - 1);
		const from = start + 9 + found.start;
		open.expression = this.#expression(code, found.form, start + 9 + lead, from);
	}

	#readText(): void {
		const start = this.#at;
		const open = this.#open.at(-1);
		blankAt.lastIndex = start;
		const begin = start + (blankAt.exec(this.#text)?.[0].length ?? 0);
		if (open !== undefined && beginsExpression(this.#text, begin)) {
			if (open.expression !== undefined || open.pieces.some((piece) => piece.text.trim() !== '')) {
				this.#fail(begin, 'text beside an expression: an expression is the whole value');
			}
			const found = findExpression(this.#text, begin);
			if (typeof found === 'string') this.#fail(begin, found);
			this.#at = found.end;
			open.expression = this.#expression(found.code, found.form, begin, found.start, found.end);
			return;
		}
		const next = this.#text.indexOf('<', start);
		const end = next < 0 ? this.#text.length : next;
		const text = this.#text.slice(start, end);
		this.#at = end;
		if (text.trim() === '') {
			open?.pieces.push({ text, offset: start });
			return;
		}
		if (open === undefined) this.#fail(begin, `text outside of any element${templateNote(text)}`);
		if (open.expression !== undefined) this.#fail(begin, 'text beside an expression: an expression is the whole value');
		const unknown = unknownReference(text);
		if (unknown >= 0) this.#fail(start + unknown, 'a reference to an entity that is not predefined in XML');
		open.pieces.push({ text: decodeReferences(text), offset: start });
	}

	#expression(code: string, form: '(' | '{', offset: number, from: number, end?: number): PolicyValue {
		const position = this.#positionOf(offset);
		const asItStands = end === undefined || code.length === end - 1 - from;
		return {
			kind: 'expression',
			code,
			form,
			position,
			at: (within) => (asItStands ? this.#positionOf(from + within) : position),
		};
	}

	#readName(): string {
		nameAt.lastIndex = this.#at;
		const name = nameAt.exec(this.#text)?.[0];
		if (name === undefined) this.#fail(this.#at, 'expected a name');
		this.#at += name.length;
		return name;
	}

	#skipBlank(): boolean {
		blankAt.lastIndex = this.#at;
		const blank = blankAt.exec(this.#text)?.[0].length ?? 0;
		this.#at += blank;
		return blank > 0;
	}

	#readEndTag(): void {
		const start = this.#at;
		this.#at += 2;
		const name = this.#readName();
		this.#skipBlank();
		if (this.#text[this.#at] !== '>') this.#fail(start, `</${name} is not closed with >`);
		this.#at++;
		const open = this.#open.pop();
		if (open === undefined) this.#fail(start, `</${name}> closes nothing`);
		if (open.name !== name) {
			const { line, column } = open.position;
			this.#fail(start, `</${name}> where </${open.name}> is due (opened at ${line}:${column})`);
		}
		this.#close(open);
	}

	#readStartTag(): void {
		const start = this.#at;
		this.#at++;
		nameAt.lastIndex = this.#at;
		if (!nameAt.test(this.#text)) this.#fail(start, '< begins no tag: in a text it is written &lt;');
		const name = this.#readName();
		if (++this.#elements > maxElements) this.#fail(start, `more than ${maxElements} elements`);
		if (this.#open.length >= maxDepth) this.#fail(start, `elements nest deeper than ${maxDepth}`);
		const attributes = new Map<string, PolicyAttribute>();
		for (;;) {
			const blank = this.#skipBlank();
			const character = this.#text[this.#at];
			if (character === '>' || (character === '/' && this.#text[this.#at + 1] === '>')) break;
			if (character === undefined) this.#fail(start, `<${name} is never closed with >`);
			if (!blank) this.#fail(this.#at, `${JSON.stringify(character)} where a blank or > is due in <${name}>`);
			this.#readAttribute(name, attributes);
		}
		const element: OpenElement = {
			name,
			position: this.#positionOf(start),
			attributes,
			children: [],
			pieces: [],
			expression: undefined,
		};
		if (this.#text[this.#at] === '>') {
			this.#at++;
			this.#open.push(element);
			return;
		}
		this.#at += 2;
		this.#close(element);
	}

	#readAttribute(element: string, attributes: Map<string, PolicyAttribute>): void {
		const start = this.#at;
		const name = this.#readName();
		this.#skipBlank();
		if (this.#text[this.#at] !== '=') this.#fail(start, `the attribute ${name} has no value`);
		this.#at++;
		this.#skipBlank();
		const quote = this.#text[this.#at];
		if (quote !== '"' && quote !== "'") this.#fail(this.#at, `the value of ${name} is not quoted`);
		this.#at++;
		if (attributes.has(name)) this.#fail(start, `<${element}> has the attribute ${name} twice`);
		attributes.set(name, { value: this.#readAttributeValue(name, quote), position: this.#positionOf(start) });
	}

	#readAttributeValue(name: string, quote: string): PolicyValue {
		const start = this.#at;
		this.#skipBlank();
		if (beginsExpression(this.#text, this.#at)) {
			const begin = this.#at;
			const found = findExpression(this.#text, begin);
			if (typeof found === 'string') this.#fail(begin, found);
			this.#at = found.end;
			this.#skipBlank();
			if (this.#text[this.#at] !== quote) {
				this.#fail(this.#at, `text behind the expression in ${name}: an expression is the whole value`);
			}
			this.#at++;
			return this.#expression(found.code, found.form, begin, found.start, found.end);
		}
		const end = this.#text.indexOf(quote, start);
		if (end < 0) this.#fail(start - 1, `the value of ${name} has no end`);
		const raw = this.#text.slice(start, end);
		const bracket = raw.indexOf('<');
		if (bracket >= 0) this.#fail(start + bracket, `< in the value of ${name}: is the quote missing that closes it?`);
		const unknown = unknownReference(raw);
		if (unknown >= 0) this.#fail(start + unknown, 'a reference to an entity that is not predefined in XML');
		this.#at = end + 1;
		return { kind: 'constant', text: decodeReferences(raw), position: this.#positionOf(start) };
	}

	#close({ name, position, attributes, children, pieces, expression }: OpenElement): void {
		const whole = pieces.map(({ text }) => text).join('');
		const first = pieces.find(({ text }) => text.trim() !== '');
		const text: PolicyValue | undefined =
			expression ??
			(first === undefined
				? undefined
				: {
						kind: 'constant',
						text: whole,
						position: this.#positionOf(first.offset + (first.text.length - first.text.trimStart().length)),
					});
		if (text !== undefined && children.length > 0) {
			throw new PolicyFault(
				text.position,
				`text between the elements of <${name}>${text.kind === 'constant' ? templateNote(text.text) : ''}`,
			);
		}
		const element: PolicyElement = { name, position, attributes, children, text };
		const parent = this.#open.at(-1);
		if (parent === undefined) this.#roots.push(element);
		else parent.children.push(element);
	}
}

/** Terraform, Bicep and Jinja leave such marks where they did not run. */
export function isUnrendered(text: string): boolean {
	const begin = text.indexOf('${');
	return (begin >= 0 && text.includes('}', begin)) || /%\{|\{%|<%/.test(text);
}

function templateNote(text: string): string {
	return isUnrendered(text) ? ': an unrendered template' : '';
}
