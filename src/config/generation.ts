/** A name for one exact definition of a provider. */
import { createHash } from 'node:crypto';

/** Equal for equal definitions alone. A digest, because a definition may hold a secret and generations end up in logs. */
export function generationOf(definition: object): string {
	return createHash('sha256').update(JSON.stringify(definition)).digest('base64url');
}
