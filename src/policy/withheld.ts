/** Credentials of an upstream as texts to be looked for where they must not come back. */
import type { HeaderList } from '#core/index';
import { credentialTexts } from '#formats/credential-text';

const known = new WeakMap<HeaderList, readonly string[]>();
const none: readonly string[] = [];

/** Of the fields that give the upstream its credential; made once for each list, which a cached token keeps. */
export function withheldOf(set: HeaderList): readonly string[] {
	if (set.length === 0) return none;
	let texts = known.get(set);
	if (texts === undefined) {
		texts = set.flatMap(([, value]) => credentialTexts(value));
		known.set(set, texts);
	}
	return texts;
}
