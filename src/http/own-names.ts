/** Field names that the gateway writes: the same few with every message, so what is to be known of one is found once. */
import { isFieldName } from '#formats/header-value';
import { canonicalName } from './hop-by-hop.ts';

export interface OwnName {
	readonly canonical: string;
	/** `name: `; undefined where no field can have this name. */
	readonly lead: string | undefined;
}

const known = new Map<string, OwnName>();
/** More than a configuration has; policies may make names up, and then all are forgotten together. */
const maxNames = 1_000;

export function ownName(name: string): OwnName {
	let own = known.get(name);
	if (own === undefined) {
		own = { canonical: canonicalName(name), lead: isFieldName(name) ? [name, ': '].join('') : undefined };
		if (known.size >= maxNames) known.clear();
		known.set(name, own);
	}
	return own;
}
