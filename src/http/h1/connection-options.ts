/** What the Connection fields of a message say (RFC 9110 §7.6.1). */
import { canonicalName } from '../hop-by-hop.ts';
import { type FieldLines, placeOf, readsAt, valueAt } from './field-lines.ts';

export interface ConnectionOptions {
	readonly close: boolean;
	readonly upgrade: boolean;
	/** Canonical names of the fields that concern this connection only. */
	readonly fields: ReadonlySet<string>;
}

const nothing: ReadonlySet<string> = new Set();
const none: ConnectionOptions = { close: false, upgrade: false, fields: nothing };
const closes: ConnectionOptions = { close: true, upgrade: false, fields: nothing };

/** Over all Connection lines. */
export function connectionOptions(lines: FieldLines): ConnectionOptions {
	const first = placeOf(lines, 'connection');
	if (first < 0) return none;
	if (placeOf(lines, 'connection', first + 4) < 0) {
		const start = lines.places[first + 2] ?? 0;
		const length = (lines.places[first + 3] ?? 0) - start;
		if (length === 10 && readsAt(lines.text, start, 'keep-alive')) return none;
		if (length === 5 && readsAt(lines.text, start, 'close')) return closes;
	}
	const fields = new Set<string>();
	let close = false;
	for (let place = first; place >= 0; place = placeOf(lines, 'connection', place + 4)) {
		for (const option of valueAt(lines, place).split(',')) {
			const name = canonicalName(option.trim());
			if (name === 'close') close = true;
			else if (name !== '' && name !== 'keep-alive') fields.add(name);
		}
	}
	return { close, upgrade: fields.has('upgrade'), fields };
}
