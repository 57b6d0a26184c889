/**
 * Content of a response that is changed on its way. It goes on as it comes, so nothing is collected and a stream of events
 * stays one; how long it is, is known at its end alone. What cannot be read as it is written there is refused: to whoever
 * wants it changed, unchanged content would be the wrong one.
 */
import { Buffer } from 'node:buffer';
import type { ContentEdit, ContentEditor } from '#core/index';
import type { Body, Stretch } from '../h1/body.ts';
import { type FieldLines, placeOf, valueAt } from '../h1/field-lines.ts';
import type { ResponseHead } from '../h1/response-head.ts';

/**
 * What becomes of the content of this response; a text: why it is refused. Of a response to HEAD, and of a 304, that is said
 * of the fields alone.
 */
export function judgeContent(edit: ContentEdit, head: ResponseHead): 'edit' | 'pass' | { readonly refused: string } {
	const { status } = head;
	if (status === 304) return 'edit';
	if (status === 204 || head.framing === 0) return 'pass';
	// No range was asked for, and in a part the text may begin before it and end behind it.
	if (status === 206) return { refused: 'the response is a part, and its content has to be changed' };
	const judged = edit.judge(onlyValue(head, 'content-type'));
	if (judged === 'refuse')
		return { refused: 'the content of the response has to be changed, and its charset is unknown' };
	if (judged === 'pass' || !isEncoded(head)) return judged;
	return { refused: 'the content of the response has to be changed, and is encoded, though identity was asked for' };
}

/** Undefined where there is none, or more than one. */
function onlyValue(lines: FieldLines, name: string): string | undefined {
	const place = placeOf(lines, name);
	return place < 0 || placeOf(lines, name, place + 4) >= 0 ? undefined : valueAt(lines, place);
}

/** RFC 9110 §8.4.1. */
function isEncoded(lines: FieldLines): boolean {
	for (let place = placeOf(lines, 'content-encoding'); place >= 0; ) {
		if (!/^(?:identity)?$/i.test(valueAt(lines, place))) return true;
		place = placeOf(lines, 'content-encoding', place + 4);
	}
	return false;
}

const nothing = Buffer.alloc(0);

/** What goes on at each step: all of `bytes`. */
export class EditedContent implements Stretch {
	bytes: Buffer = nothing;
	readonly prefix = '';
	readonly suffix = '';
	readonly start = 0;
	received = 0;
	isComplete = false;
	readonly #editor: ContentEditor;

	constructor(editor: ContentEditor) {
		this.#editor = editor;
	}

	get end(): number {
		return this.bytes.length;
	}

	get content(): readonly number[] {
		return [0, this.bytes.length];
	}

	/** Takes in what `body` found in `bytes` at its last `take`; false when more would go on than may. */
	take(bytes: Buffer, body: Body): boolean {
		const found: Uint8Array[] = [];
		for (let i = 0; i + 1 < body.content.length; i += 2) {
			const start = body.content[i] ?? 0;
			const end = body.content[i + 1] ?? 0;
			if (end > start) found.push(bytes.subarray(start, end));
		}
		// In one piece: what it may become is bounded by the piece.
		const whole = found.length === 1 ? found[0] : Buffer.concat(found);
		const pushed = whole === undefined || whole.length === 0 ? nothing : this.#editor.push(whole);
		if (pushed === undefined) return false;
		this.#goOn(pushed);
		return body.isComplete ? this.finish() : true;
	}

	/** The content is over: what was held back goes on, behind what was taken last. */
	finish(): boolean {
		const last = this.#editor.end();
		if (last === undefined) return false;
		this.isComplete = true;
		if (last.length > 0) {
			this.received -= this.bytes.length;
			this.#goOn(this.bytes.length === 0 ? last : Buffer.concat([this.bytes, last]));
		}
		return true;
	}

	/** Nothing was taken since what is here went on. */
	clear(): void {
		this.bytes = nothing;
	}

	#goOn(octets: Uint8Array): void {
		this.bytes = Buffer.from(octets.buffer, octets.byteOffset, octets.length);
		this.received += octets.length;
	}
}
