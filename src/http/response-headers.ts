/**
 * The field lines that the client receives, made from the upstream's.
 */
import type { ResponseEdits } from '#core/index';
import { isFieldName, isFieldValue } from '#formats/header-value';
import { connectionOptions, isHopByHop } from './hop-by-hop.ts';

/** Statuses whose response has no body and no Content-Length (RFC 9110 §8.6, §15.3.5). */
export function hasNoContent(status: number): boolean {
	return status === 204 || (status >= 100 && status < 200);
}

/**
 * Flat list (name, value, …): hop-by-hop fields out, then the edits. Duplicates (`Set-Cookie`) and order stay. Framing
 * stays as Content-Length where the upstream gave one; the sender chooses otherwise. Throws when an edit is not a valid
 * field line: that is a bug. Does not check the upstream's own values: the sender does.
 */
export function clientLines(raw: readonly string[], status: number, edits: ResponseEdits): string[] {
	const options = connectionOptions(raw);
	const dropped = new Set(edits.remove);
	for (const [name] of edits.set) dropped.add(name.toLowerCase());
	if (hasNoContent(status)) dropped.add('content-length');
	const result: string[] = [];
	for (let index = 0; index + 1 < raw.length; index += 2) {
		const name = raw[index] ?? '';
		const lower = name.toLowerCase();
		// A backend that names Content-Length in Connection must not turn a counted body into an endless one.
		if (isHopByHop(lower) || (options.has(lower) && lower !== 'content-length') || dropped.has(lower)) continue;
		result.push(name, raw[index + 1] ?? '');
	}
	for (const [name, value] of [...edits.set, ...edits.add]) {
		if (!isFieldName(name) || !isFieldValue(value)) throw new Error(`invalid value for the header ${name}`);
		result.push(name, value);
	}
	return result;
}
