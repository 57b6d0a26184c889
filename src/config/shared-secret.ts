/** Is a shared secret worth the name? (RFC 7518 §3.2: at least as long as the hash; RFC 8725 §3.5: not a password.) */
import type { Algorithm } from '#core/index';
import { encodeUtf8 } from '#formats/utf8';

const leastBytes: Partial<Readonly<Record<Algorithm, number>>> = { HS256: 32, HS384: 48, HS512: 64 };

/** Those for which a secret of these octets is long enough. */
export function secretAlgorithms({ length }: Uint8Array): readonly Algorithm[] {
	return (['HS256', 'HS384', 'HS512'] as const).filter((name) => length >= (leastBytes[name] ?? Infinity));
}

/** From the documentation and examples of JWT tools: whoever attacks tries these first. Lower-case. */
const wellKnown = [
	'a-string-secret-at-least-256-bits-long',
	'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
	'your-256-bit-secret',
	'your-384-bit-secret',
	'your-512-bit-secret',
	'changeme',
	'change-me',
	'secret',
	'password',
	'example',
];

/** What is wrong, or undefined. Never holds any of the secret. */
export function checkSecret(secret: string, algorithms: readonly Algorithm[]): string | undefined {
	if (secret.trim() === '') return 'the secret is empty';
	if (secret !== secret.trim()) return 'the secret begins or ends with white space: was a line break left in?';
	return checkSecretOctets(encodeUtf8(secret), algorithms);
}

/** The same for a secret that is no text. */
export function checkSecretOctets(octets: Uint8Array, algorithms: readonly Algorithm[]): string | undefined {
	const { length } = octets;
	if (length === 0) return 'the secret is empty';
	for (const algorithm of algorithms) {
		const least = leastBytes[algorithm] ?? 0;
		if (length < least) return `the secret has ${length} bytes; ${algorithm} needs at least ${least}`;
	}
	const text = Array.from(octets, (octet) => String.fromCharCode(octet)).join('');
	if (new Set(octets).size < 8 || isRepetition(text)) return 'the secret repeats itself: it can be guessed';
	return isWellKnown(text) ? 'the secret is a well-known example: it can be guessed' : undefined;
}

function isRepetition(text: string): boolean {
	for (let unit = 1; unit <= text.length / 2 && unit <= 32; unit++) {
		if (text.slice(unit) === text.slice(0, -unit)) return true;
	}
	return false;
}

/** One of the examples, whole, or with nothing but padding around it. */
function isWellKnown(secret: string): boolean {
	const lower = secret.toLowerCase();
	return wellKnown.some(
		(example) => lower === example || (lower.includes(example) && new Set(lower.replace(example, '')).size <= 2),
	);
}
