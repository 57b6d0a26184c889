/** What is said of policies goes to terminals and into the logs of pipelines: values that may be secrets are named there. */

/** Very short values are no secrets and would garble words. */
const shortest = 4;

/** A text without the values of `secrets`, each replaced by its name. */
export function createHider(secrets: Iterable<readonly [name: string, value: string]>): (text: string) => string {
	// As policies trim them. Longest first: a short one may be part of a long one.
	const values = [...secrets]
		.map(([name, value]) => [name, value.trim()] as const)
		.filter(([, value]) => value.length >= shortest)
		.toSorted(([, a], [, b]) => b.length - a.length);
	return (text) => values.reduce((rest, [name, value]) => rest.replaceAll(value, () => name), text);
}

/** Named values as policies refer to them: `{{name}}`. */
export function namedSecrets(namedValues: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
	return Object.entries(namedValues).map(([name, value]) => [`{{${name}}}`, value]);
}
