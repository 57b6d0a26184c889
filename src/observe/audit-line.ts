/**
 * An audit record as its line of JSON, put together as text: the same line that `JSON.stringify` makes of the record,
 * without the record. What one line has in common with those before it is kept as one piece: a line costs by its pieces,
 * once when they are joined and once more when they are written, and hardly by its length.
 */
import type { Facts } from '#core/index';
import { actorsOf } from './actors.ts';
import { type AuditInput, cut, round } from './audit-record.ts';
import { inQuotes, quoted } from './json-text.ts';

/** Equal to `JSON.stringify(auditRecord(input))`, without a line end. */
export function auditLine(input: AuditInput): string {
	const { facts, host, path, peer, duration, upstreamDuration } = input;
	// Ids, reasons and decisions are ours: none of their characters needs an escape.
	let line = `${opening(input.time)}${input.requestId}","trace_id":"${input.traceId}","span_id":"${input.spanId}${outcome(input)}`;
	if (host !== undefined) line += `,"host":"${inQuotes(cut(host))}"`;
	if (path !== undefined) line += `,"path":"${inQuotes(cut(path))}"`;
	if (facts !== undefined) line += subjectText(facts);
	if (peer !== undefined) line += `,"peer":"${inQuotes(peer)}"`;
	line += upstreamStatusText(input.upstreamStatus);
	if (duration !== undefined) line += `,"duration":${millisecondsText(duration)}`;
	if (upstreamDuration !== undefined) line += `,"upstream_duration":${millisecondsText(upstreamDuration)}`;
	return `${line}}`;
}

/** Decisions without a reason, the last one of each status, with the text of its line. */
const outcomes: ({ readonly decision: string; readonly method: string; readonly text: string } | undefined)[] = [];

/** From the quote behind the span's id to the method. */
function outcome({ event, decision, reason, status, method, facts }: AuditInput): string {
	if (event === undefined && reason === undefined && status !== undefined && method !== undefined) {
		const known = outcomes[status];
		if (known !== undefined && known.method === method && known.decision === decision) return known.text;
		const text = flat('","decision":"', decision, `","status":${status}`, member('method', method));
		if (status >= 0 && status < 1000) outcomes[status] = { decision, method, text };
		return text;
	}
	let text = event === undefined ? '"' : `","event":"${event}"`;
	text += `,"decision":"${decision}"`;
	if (reason !== undefined) text += `,"reason":"${reason}"${judgedText(facts)}`;
	if (status !== undefined) text += `,"status":${status}`;
	return `${text}${member('method', method)}`;
}

function judgedText(facts: Facts | undefined): string {
	if (facts === undefined) return '';
	return `${member('check', facts.check)}${member('expected', facts.expected)}${member('found', facts.found)}`;
}

function subjectText(facts: Facts): string {
	const { session, principal, tokenId, backendTokenId } = facts;
	let text = placeText(facts);
	if (session !== undefined) text += `,"kind":"session","session_id":${quoted(session)}`;
	if (principal !== undefined) {
		const { subject, client } = principal;
		if (subject !== undefined) text += `,"subject":"${inQuotes(cut(subject))}"`;
		if (client !== undefined) text += `,"client":"${inQuotes(cut(client))}"`;
	}
	const actors = actorsOf(principal);
	if (actors !== undefined) text += `,"actors":[${actors.map((actor) => quoted(cut(actor))).join(',')}]`;
	// Made by us, in base64url.
	if (tokenId !== undefined) text += `,"token_id":"${tokenId}"`;
	return backendTokenId === undefined ? text : `${text},"backend_token_id":${quoted(backendTokenId)}`;
}

interface Place {
	readonly provider: string | undefined;
	readonly kind: string | undefined;
	readonly text: string;
}

/** By route, which comes from the configuration: provider and kind of the last request to it. */
const places = new Map<string | undefined, Place>();
/** More than any configuration has; after many reloads they are forgotten together. */
const maxPlaces = 50_000;

/** Route, provider and kind; the kind only of what no session brought. */
function placeText({ route, provider, kind: own, session }: Facts): string {
	const kind = session === undefined ? own : undefined;
	let place = places.get(route);
	if (place === undefined || place.provider !== provider || place.kind !== kind) {
		const text = flat(
			whole('route', route),
			whole('provider', provider),
			kind === undefined ? '' : `,"kind":"${kind}"`,
		);
		place = { provider, kind, text };
		if (places.size >= maxPlaces) places.clear();
		places.set(route, place);
	}
	return place.text;
}

function member(name: string, value: string | undefined): string {
	return value === undefined ? '' : whole(name, cut(value));
}

function whole(name: string, value: string | undefined): string {
	return value === undefined ? '' : `,"${name}":${quoted(value)}`;
}

/** One text of all of them, in one piece: what `+` makes is put together anew with each line that it becomes part of. */
function flat(...texts: readonly string[]): string {
	return texts.join('');
}

const upstreamStatuses: (string | undefined)[] = [];

function upstreamStatusText(status: number | undefined): string {
	if (status === undefined) return '';
	let text = upstreamStatuses[status];
	if (text === undefined) {
		text = flat(',"upstream_status":', String(status));
		// Statuses have three digits.
		if (status >= 0 && status < 1000) upstreamStatuses[status] = text;
	}
	return text;
}

/** `.001` to `.999` without zeros at the end; '' for 0. */
const fractions: readonly string[] = Array.from({ length: 1000 }, (_, thousandths) =>
	thousandths === 0 ? '' : String(thousandths / 1000).slice(1),
);

/** Three decimals at most. Whole numbers become text far faster than others. */
function millisecondsText(milliseconds: number): string {
	const micros = Math.round(milliseconds * 1000);
	if (!(micros >= 0 && micros < 2 ** 31)) return JSON.stringify(round(milliseconds));
	const whole = Math.floor(micros / 1000);
	return `${whole}${fractions[micros - whole * 1000]}`;
}

let millisecond = Number.NaN;
let openingText = '';
let second = Number.NaN;
let secondText = '';

/** Up to the request's id. */
function opening(time: number): string {
	const whole = Math.floor(time);
	if (whole !== millisecond) {
		millisecond = whole;
		openingText = flat('{"time":"', timeText(whole), '","request_id":"');
	}
	return openingText;
}

function timeText(time: number): string {
	const whole = Math.floor(time / 1000);
	if (whole !== second) {
		second = whole;
		secondText = new Date(whole * 1000).toISOString().slice(0, -4);
	}
	return `${secondText}${String(time - whole * 1000).padStart(3, '0')}Z`;
}
