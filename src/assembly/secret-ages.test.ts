import { expect, test } from 'vitest';
import type { SecretDefinition } from '#config/definition';
import { ageOf, createSecretAges } from './secret-ages.ts';

const secret = (parts: Partial<SecretDefinition>): SecretDefinition => ({
	at: 'providers.idp.client.secret',
	from: 'file',
	file: '/run/secret',
	changedAt: undefined,
	mark: 'one',
	...parts,
});

test('a file tells its age, anything else counts from when it was first seen, until it is another one', () => {
	const first = createSecretAges({ secrets: [secret({ changedAt: 5_000 }), secret({ at: 'b' })] }, 20_000, undefined);
	expect(first.map((known) => ageOf(known, 30_000))).toEqual([25, 10]);
	// Touched, and replaced.
	const second = createSecretAges(
		{ secrets: [secret({ changedAt: 29_000 }), secret({ at: 'b', mark: 'two' })] },
		31_000,
		first,
	);
	expect(second.map((known) => ageOf(known, 32_000))).toEqual([27, 1]);
	expect(
		createSecretAges({ secrets: [secret({ changedAt: 90_000 })] }, 0, undefined).map((known) => ageOf(known, 0)),
	).toEqual([0]);
});
