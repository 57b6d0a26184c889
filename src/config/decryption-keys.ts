/** With which keys a provider's encrypted tokens are opened: each a file or a secret, bound to what it may be used with. */
import { decodeBase64url } from '#formats/base64url';
import type { DecryptionKeyDefinition } from './definition.ts';
import type { ConfigPath } from './diagnostics.ts';
import { asList, type Reading, readNamedFile } from './reading.ts';
import type { ProviderFile } from './schema.ts';
import type { ShapedProvider } from './shape.ts';

type KeyFile = NonNullable<ProviderFile['decryption_keys']>[number];

/** Two keys of each of several generations; a token without `kid` is tried with a few of them only. */
const mostKeys = 8;

/** Empty where there are none, or none that could be read: that was reported. */
export function readDecryptionKeys(
	{ path, values }: ShapedProvider,
	reading: Reading,
): readonly DecryptionKeyDefinition[] {
	const { report } = reading;
	const keys = values.decryption_keys ?? [];
	const at = [...path, 'decryption_keys'];
	if (keys.length > 0 && values.tokens?.includes('jwt') === false) {
		report.error(at, 'decryption_keys count for nothing: this provider issues no JWTs', { at: 'key' });
	}
	if (keys.length > mostKeys) report.error(at, `at most ${mostKeys} keys`);
	const kids = new Set<string>();
	return keys.flatMap((file, index): DecryptionKeyDefinition[] => {
		const place = [...at, index];
		if (file.kid !== undefined && kids.has(file.kid)) report.error([...place, 'kid'], 'this kid is there twice');
		if (file.kid !== undefined) kids.add(file.kid);
		const definition = readKey(file, place, reading);
		if (definition === undefined) return [];
		for (const problem of reading.checkDecryptionKey?.(definition) ?? []) report.error(place, problem);
		return [definition];
	});
}

function readKey(file: KeyFile, path: ConfigPath, reading: Reading): DecryptionKeyDefinition | undefined {
	const { report } = reading;
	const bound = { kid: file.kid, algorithms: file.alg === undefined ? undefined : asList(file.alg) };
	if ((file.file === undefined) === (file.secret === undefined)) {
		report.error(path, 'expected either file or secret');
		return undefined;
	}
	if (file.file !== undefined) {
		const read = readNamedFile(reading, file.file, [...path, 'file']);
		return read === undefined ? undefined : { key: { from: 'file', text: read.text, file: read.path }, ...bound };
	}
	const octets = decodeBase64url(file.secret ?? '');
	if (octets === null || new Set(octets).size < Math.min(8, octets.length / 2)) {
		report.error(
			[...path, 'secret'],
			octets === null ? 'expected base64url' : 'the secret repeats itself: it can be guessed',
			{
				fix: 'Make one of 32 octets with: openssl rand 32 | basenc --base64url | tr -d =',
			},
		);
		return undefined;
	}
	return { key: { from: 'secret', octets: [...octets] }, ...bound };
}
