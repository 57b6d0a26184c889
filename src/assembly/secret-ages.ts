/** Since when each secret and key is in use, over reloads: those of the configuration, and those that the gateway made. */
import type { Definition, SecretDefinition } from '#config/definition';
import { formatPath } from '#config/diagnostics';
import type { StoredPairs } from '#keys/pairs/stored-pairs';
import type { MintingSource } from './minting.ts';

export interface KnownSecret {
	readonly definition: Omit<SecretDefinition, 'from'> & { readonly from: SecretDefinition['from'] | 'store' };
	/**
	 * Milliseconds since the epoch: when its file was last written, or the gateway made it; where nobody knows that, when
	 * this process first saw it. A file that was written anew with the same content is as old as before.
	 */
	readonly since: number;
	/** What its series in the metrics is called, together with others; undefined: by its place. */
	readonly series?: string;
}

/** An assembly, as far as it holds secrets. */
export interface WithSecrets {
	readonly definition: Definition;
	readonly secrets: readonly KnownSecret[];
	readonly backend: { readonly minting: Pick<MintingSource, 'maker' | 'keys'> | undefined };
	readonly state: { readonly pairs: Pick<StoredPairs, 'list'> };
}

/** Those of the configuration. */
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

/**
 * Those of the configuration, and of the keys that the gateway made the ones in force: that which signs minted tokens, and
 * both halves of the pairs in the store. `now`: milliseconds since the epoch.
 */
export function secretsInForce(
	{ definition, secrets, backend, state }: WithSecrets,
	now: number,
): readonly KnownSecret[] {
	const { maker, keys } = backend.minting ?? {};
	const signing = keys?.describe(now / 1000).find((key) => key.state === 'signing');
	const minting =
		maker === undefined || signing?.madeAt === undefined ? [] : [made('minting.keys', signing.kid, signing.madeAt)];
	return [...secrets, ...minting, ...storedHalves(definition, state)];
}

function storedHalves({ providers }: Definition, { pairs }: WithSecrets['state']): readonly KnownSecret[] {
	const keeping = new Map(
		providers.flatMap(({ name, sharedAccess }) => (sharedAccess?.storedKeys === true ? [[name, sharedAccess]] : [])),
	);
	return pairs.list().flatMap((pair) => {
		const { provider, name, disabled } = pair;
		const settings = keeping.get(provider);
		// A name of the configuration is the configuration's, whatever the store has.
		if (disabled || settings === undefined || settings.keys.some((key) => key.name === name)) return [];
		const series = formatPath(['providers', provider, 'stored_keys']);
		return (['primary', 'secondary'] as const).map((half) => {
			const { madeAt } = pair[half];
			const at = formatPath(['providers', provider, 'stored_keys', name, half]);
			return { ...made(at, String(madeAt), madeAt), series };
		});
	});
}

/** `madeAt`: seconds since the epoch. */
function made(at: string, mark: string, madeAt: number): KnownSecret {
	const since = madeAt * 1000;
	return { definition: { at, from: 'store', file: undefined, changedAt: since, mark }, since };
}

/** Seconds; never negative, whatever clock wrote the file. */
export function ageOf({ since }: KnownSecret, now: number): number {
	return Math.max(0, (now - since) / 1000);
}
