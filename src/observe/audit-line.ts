/**
 * An audit record as its line of JSON, put together as text: the same line that `JSON.stringify` makes of the record,
 * without the record.
 */
import type { Facts } from '#core/index';
import { actorsOf } from './actors.ts';
import { type AuditInput, cut, round } from './audit-record.ts';

/** Equal to `JSON.stringify(auditRecord(input))`, without a line end. */
export function auditLine(input: AuditInput): string {
	const { facts, reason, event } = input;
	// Ids, reasons and decisions are ours: none of their characters needs an escape.
	let line = `{"time":"${timeText(input.time)}","request_id":"${input.requestId}","trace_id":"${input.traceId}","span_id":"${input.spanId}"`;
	if (event !== undefined) line += `,"event":"${event}"`;
	line += `,"decision":"${input.decision}"`;
	if (reason !== undefined) line += `,"reason":"${reason}"${judgedText(facts)}`;
	if (input.status !== undefined) line += `,"status":${input.status}`;
	line += `${member('method', input.method)}${member('host', input.host)}${member('path', input.path)}`;
	if (facts !== undefined) line += subjectText(facts);
	if (input.peer !== undefined) line += `,"peer":${quoted(input.peer)}`;
	if (input.upstreamStatus !== undefined) line += `,"upstream_status":${input.upstreamStatus}`;
	if (input.duration !== undefined) line += `,"duration":${millisecondsText(input.duration)}`;
	if (input.upstreamDuration !== undefined) line += `,"upstream_duration":${millisecondsText(input.upstreamDuration)}`;
	return `${line}}`;
}

function judgedText(facts: Facts | undefined): string {
	if (facts === undefined) return '';
	return `${member('check', facts.check)}${member('expected', facts.expected)}${member('found', facts.found)}`;
}

function subjectText({ route, provider, kind, session, principal, tokenId, backendTokenId }: Facts): string {
	let text = route === undefined ? '' : `,"route":${quotedName(route)}`;
	if (provider !== undefined) text += `,"provider":${quotedName(provider)}`;
	if (session !== undefined) text += `,"kind":"session","session_id":${quoted(session)}`;
	else if (kind !== undefined) text += `,"kind":"${kind}"`;
	if (principal !== undefined) text += `${member('subject', principal.subject)}${member('client', principal.client)}`;
	const actors = actorsOf(principal);
	if (actors !== undefined) text += `,"actors":[${actors.map((actor) => quoted(cut(actor))).join(',')}]`;
	// Made by us, in base64url.
	if (tokenId !== undefined) text += `,"token_id":"${tokenId}"`;
	return backendTokenId === undefined ? text : `${text},"backend_token_id":${quoted(backendTokenId)}`;
}

function member(name: string, value: string | undefined): string {
	return value === undefined ? '' : `,"${name}":${quoted(cut(value))}`;
}

const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

function quoted(text: string): string {
	return needsEscape.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** By name: routes and providers come with every request and from the configuration. */
const quotedNames = new Map<string, string>();
/** More than any configuration has; after many reloads they are forgotten together. */
const maxNames = 50_000;

function quotedName(name: string): string {
	let text = quotedNames.get(name);
	if (text === undefined) {
		text = quoted(name);
		if (quotedNames.size >= maxNames) quotedNames.clear();
		quotedNames.set(name, text);
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

let second = Number.NaN;
let secondText = '';

function timeText(time: number): string {
	const whole = Math.floor(time / 1000);
	if (whole !== second) {
		secondText = new Date(whole * 1000).toISOString().slice(0, -4);
		second = whole;
	}
	const thousandths = Math.floor(time) - whole * 1000;
	return `${secondText}${thousandths < 10 ? '00' : thousandths < 100 ? '0' : ''}${thousandths}Z`;
}
