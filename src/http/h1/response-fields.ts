/**
 * The field lines that a client gets of an upstream's response. What a route's rules say of a name is remembered with the
 * name, and what they add is one text made beforehand, so that a response that needs nothing costs nothing.
 */
import type { ResponseEdits, ResponseRules } from '#core/index';
import { isFieldValue } from '#formats/header-value';
import type { OwnLines } from '../engine.ts';
import { isHopByHop } from '../hop-by-hop.ts';
import { ownName } from '../own-names.ts';
import { joinedValues, placeOf } from './field-lines.ts';
import { type FateOf, keptLines, rememberFates, writtenLines } from './kept-lines.ts';
import type { ResponseHead } from './response-head.ts';

/** Rules of a route, ready to be applied. */
interface PreparedRules {
	readonly fateOf: FateOf;
	readonly edited: (value: string) => string;
	/** Whole lines. */
	readonly challenge: string;
	readonly caching: PreparedCaching | undefined;
}

interface PreparedCaching {
	/** Both lines, for the upstream that says nothing. */
	readonly both: string;
	readonly names: readonly string[];
}

const prepared = new WeakMap<ResponseRules, PreparedRules>();

/**
 * End-to-end fields of the response with the rules and edits applied; repeated fields and order stay. `_` in a name is not
 * `-` here: what clients receive is for them to read. Content-Length is written anew. `isEdited`: the content is not the one
 * that the upstream speaks of. Throws for an invalid edit.
 */
export function clientFields(head: ResponseHead, edits: ResponseEdits, own?: OwnLines, isEdited = false): string {
	const rules = rulesOf(edits.rules);
	const { fields } = head.connection;
	const replaced: string[] = own === undefined ? [] : [...own.names];
	for (const [name] of edits.set) replaced.push(ownName(name).canonical);
	for (const name of edits.remove) replaced.push(ownName(name).canonical);
	if (isEdited) replaced.push(...ofExactContent);
	// A date is the origin's to give, and the connection's options cannot take away what the gateway adds.
	const alsoDropped = fields.size === 0 ? replaced : [...replaced, ...fields];
	let kept = keptLines(head, {
		fateOf: rules.fateOf,
		alsoDropped: alsoDropped.length === 0 ? undefined : alsoDropped,
		edited: rules.edited,
	});
	const { echo } = edits.rules;
	if (echo !== 'pass') {
		for (const text of edits.withheld) if (head.text.includes(text)) kept = withoutText(kept, text, echo);
	}
	if (isEdited) kept = kept.replaceAll(strongValidator, '$1W/');
	if (head.status === 401) kept += rules.challenge;
	if (rules.caching !== undefined) kept += cachingLines(head, rules.caching);
	if (edits.set.length > 0) kept += writtenLines(edits.set);
	if (own !== undefined) kept += own.text;
	return edits.add.length === 0 ? kept : kept + writtenLines(edits.add);
}

/** What is true of the upstream’s content octet for octet (RFC 9530, RFC 1864), or of parts of it (RFC 9110 §14.3). */
const ofExactContent = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'accept-ranges'];

/** ETag of a content that is no longer the same octet for octet; it still means the same (RFC 9110 §8.8.1). */
const strongValidator = /^(etag: *)(?=")/gim;

function rulesOf(rules: ResponseRules): PreparedRules {
	let ready = prepared.get(rules);
	if (ready === undefined) {
		ready = prepare(rules);
		prepared.set(rules, ready);
	}
	return ready;
}

function prepare({ dropped, rewriteCookie, challenge, caching }: ResponseRules): PreparedRules {
	return {
		fateOf: rememberFates((name) => {
			const lower = name.toLowerCase();
			if (isHopByHop(lower) || lower === 'content-length' || dropped.has(lower)) return 'drop';
			return lower === 'set-cookie' && rewriteCookie !== undefined ? 'edit' : 'keep';
		}),
		edited: (value) => {
			const rewritten = rewriteCookie === undefined ? value : rewriteCookie(value);
			// A cookie is not worth a response; one that could not be written is left out.
			return isFieldValue(rewritten) ? rewritten : '';
		},
		challenge: writtenLines(challenge),
		caching: caching === undefined ? undefined : { both: privateLine + varyLine(caching.vary), names: caching.vary },
	};
}

const privateLine = 'Cache-Control: private\r\n';

function varyLine(names: readonly string[]): string {
	return names.length === 0 ? '' : writtenLines([['Vary', names.join(', ')]]);
}

/** RFC 9111 §5.2.2.7, RFC 9110 §12.5.5: several lines of Vary are one list. */
function cachingLines(head: ResponseHead, { both, names }: PreparedCaching): string {
	const isSaid = placeOf(head, 'cache-control') >= 0 && passes(head, 'cache-control');
	const varies = passes(head, 'vary') ? joinedValues(head, 'vary') : undefined;
	if (varies === undefined) return isSaid ? both.slice(privateLine.length) : both;
	const said = new Set(varies.split(',').map((name) => name.trim().toLowerCase()));
	const missing = said.has('*') ? [] : names.filter((name) => !said.has(name.toLowerCase()));
	return (isSaid ? '' : privateLine) + varyLine(missing);
}

/** What Connection names does not reach the client, and so was not said. */
function passes({ connection: { fields } }: ResponseHead, name: string): boolean {
	return fields.size === 0 || !fields.has(name);
}

/** Whole lines without those that hold the text, or with the text in them made unreadable. */
function withoutText(lines: string, text: string, echo: 'strip' | 'rewrite'): string {
	if (echo === 'rewrite') return lines.replaceAll(text, '***');
	return lines
		.split(/(?<=\r\n)/)
		.filter((line) => !line.includes(text))
		.join('');
}
