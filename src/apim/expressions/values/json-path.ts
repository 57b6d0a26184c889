/** `SelectToken`: members and elements by name and position, `*` and `..`; filters are not supported. */
import type { Run } from '../run/run.ts';
import { exception } from './exception.ts';
import type { JsonToken } from './json.ts';

const step = /(\.\.)?\.?(?:([^.[\]'"()?*\s]+)|(\*)|\[(?:'([^']*)'|"([^"]*)"|([0-9]{1,9})|(\*))\])/y;

/** Throws a JsonException for a path that is outside of the subset. */
export function selectTokens(run: Run, root: JsonToken, path: string): readonly JsonToken[] {
	let found: readonly JsonToken[] = [root];
	let at = path.startsWith('$') ? 1 : 0;
	while (at < path.length) {
		step.lastIndex = at;
		const match = step.exec(path);
		if (match === null) throw exception('JsonException', `The path '${path.slice(0, 100)}' is not supported.`);
		at = step.lastIndex;
		const name = match[2] ?? match[4] ?? match[5];
		const index = match[6] === undefined ? undefined : Number(match[6]);
		const from = match[1] === undefined ? found : found.flatMap((token) => descendants(run, token));
		found = from.flatMap((token) => pick(run, token, name, index));
	}
	return found;
}

function pick(run: Run, token: JsonToken, name: string | undefined, index: number | undefined): readonly JsonToken[] {
	run.step();
	if (name !== undefined) {
		const member = token.kind === 'JObject' ? token.members.get(name) : undefined;
		return member === undefined ? [] : [member];
	}
	if (index === undefined) return childrenOf(token);
	const item = token.kind === 'JArray' ? token.items[index] : undefined;
	return item === undefined ? [] : [item];
}

function descendants(run: Run, token: JsonToken): readonly JsonToken[] {
	run.step();
	return [token, ...childrenOf(token).flatMap((child) => descendants(run, child))];
}

function childrenOf(token: JsonToken): readonly JsonToken[] {
	if (token.kind === 'JArray') return token.items;
	return token.kind === 'JObject' ? [...token.members.values()] : [];
}
