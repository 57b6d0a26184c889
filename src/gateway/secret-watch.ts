/** Says in the log when a secret or key has become older than `max_secret_age`, once for each. */
import type { Runtime } from '#assembly/assemble';
import { ageOf, type KnownSecret, secretsInForce, type WithSecrets } from '#assembly/secret-ages';

/** Milliseconds between two looks. */
const interval = 3_600_000;

export interface SecretWatchOptions extends Pick<Runtime, 'clock' | 'timers' | 'log'> {
	/** What is in force. */
	readonly assembly: () => WithSecrets;
}

/** Gives the function that ends it. What was too old at the start, and in a file, the reading of the file has said. */
export function watchSecrets({ assembly, clock, timers, log }: SecretWatchOptions): () => void {
	let said = new Set<string>();
	let cancel: () => void;

	function tooOld(): readonly KnownSecret[] {
		const inForce = assembly();
		const { maxSecretAge } = inForce.definition;
		if (maxSecretAge === undefined) return [];
		const now = clock.now();
		return secretsInForce(inForce, now).filter((known) => ageOf(known, now) > maxSecretAge);
	}

	const nameOf = ({ definition: { at, mark } }: KnownSecret) => `${at} ${mark}`;

	function look(): void {
		const old = tooOld();
		for (const known of old) {
			if (said.has(nameOf(known))) continue;
			const { at, file } = known.definition;
			log.warn('a secret is older than max_secret_age', {
				at,
				file,
				age_days: Math.floor(ageOf(known, clock.now()) / 86_400),
			});
		}
		said = new Set(old.map(nameOf));
		cancel = timers.after(interval, look);
	}

	for (const known of tooOld()) {
		const { changedAt, from } = known.definition;
		if (changedAt !== undefined && from !== 'store') said.add(nameOf(known));
	}
	cancel = timers.after(interval, look);
	return () => cancel();
}
