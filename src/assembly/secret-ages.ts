/** Since when each secret and key of the configuration is in use, over reloads. */
import type { Definition, SecretDefinition } from '#config/definition';

export interface KnownSecret {
	readonly definition: SecretDefinition;
	/**
	 * Milliseconds since the epoch: when its file was last written; where nobody knows that, when this process first saw
	 * it. A file that was written anew with the same content is as old as before.
	 */
	readonly since: number;
}

export function createSecretAges(
	{ secrets }: Pick<Definition, 'secrets'>,
	now: number,
	previous: readonly KnownSecret[] | undefined,
): readonly KnownSecret[] {
	const before = new Map((previous ?? []).map((known) => [known.definition.at, known]));
	return secrets.map((definition) => {
		const known = before.get(definition.at);
		if (known !== undefined && known.definition.mark === definition.mark) return { definition, since: known.since };
		return { definition, since: definition.changedAt ?? now };
	});
}

/** Seconds; never negative, whatever clock wrote the file. */
export function ageOf({ since }: KnownSecret, now: number): number {
	return Math.max(0, (now - since) / 1000);
}
