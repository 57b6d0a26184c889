/**
 * The formats of shared access signatures: how the key's text becomes octets and which hash is used. A format is what the
 * operator names; several may share a layout, and only the provider's format says how its keys are read.
 */
import type { Algorithm, SharedAccessFormat } from '#core/index';
import { encodeUtf8 } from '../utf8.ts';

export interface FormatTraits {
	/** As it is written before the signature in `Authorization`. */
	readonly scheme: 'SharedAccessSignature' | 'GatewayKey';
	readonly algorithm: Extract<Algorithm, 'HS256' | 'HS512'>;
	/** `utf8`: the key is the octets of its text, even where that looks like Base64. */
	readonly key: 'utf8' | 'base64';
	/** Whether a signature names the resource that it is for. */
	readonly resource: boolean;
}

export const sharedAccessTraits: Readonly<Record<SharedAccessFormat, FormatTraits>> = {
	service_bus: { scheme: 'SharedAccessSignature', algorithm: 'HS256', key: 'utf8', resource: true },
	iot_hub: { scheme: 'SharedAccessSignature', algorithm: 'HS256', key: 'base64', resource: true },
	apim_management: { scheme: 'SharedAccessSignature', algorithm: 'HS512', key: 'utf8', resource: false },
	apim_gateway: { scheme: 'GatewayKey', algorithm: 'HS512', key: 'utf8', resource: false },
};

/** Octets below which a key can be guessed. */
const leastOctets = 16;

/** The octets of a key's text, or what is wrong with it; the fault never holds any of the text. */
export function sharedAccessKeyOctets(format: SharedAccessFormat, text: string): Uint8Array | string {
	if (text.trim() === '') return 'the key is empty';
	const octets = sharedAccessTraits[format].key === 'utf8' ? encodeUtf8(text) : base64Key(text);
	if (octets === null) return `the key is not Base64, as ${format} wants it`;
	return octets.length < leastOctets ? `the key has ${octets.length} bytes; it needs at least ${leastOctets}` : octets;
}

/**
 * Base64 as it is written down by people: bits after the last octet count for nothing, as for the services that issue
 * such keys. A key is the operator's; only what clients send must have one spelling.
 */
function base64Key(text: string): Uint8Array | null {
	if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return null;
	return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
