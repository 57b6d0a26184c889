/** `byte[]` and the platform's octets. */
import { encodeBase64 } from '#formats/base64';
import type { Run } from '../run/run.ts';
import { type } from '../types/type.ts';
import { ListValue } from './collection.ts';
import { type AnyNumber, NumberValue, toNumber } from './number.ts';

const byte = type('byte');

export function octetsOf(run: Run, bytes: ListValue): Uint8Array<ArrayBuffer> {
	run.make(bytes.items.length);
	run.look(bytes.items.length);
	return Uint8Array.from(bytes.items, (item) => toNumber(item as AnyNumber));
}

export function octetsValue(octets: Uint8Array): ListValue {
	return new ListValue(
		'array',
		byte,
		Array.from(octets, (octet) => new NumberValue('byte', octet)),
	);
}

export function base64Text(run: Run, octets: Uint8Array): string {
	run.make(octets.length * 2);
	return encodeBase64(octets);
}
