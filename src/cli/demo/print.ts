/** How the tour reads: a request, its answer, and the reason from the audit log. Colour only where a terminal shows it. */
import type { JsonObject } from '#core/index';
import type { AuditRecord } from '#observe/audit-record';
import { type DemoApplication, ordersApi, reader, writer } from './applications.ts';
import type { Received } from './sample-api.ts';
import type { Step, StepOutcome } from './tour.ts';

export interface Paint {
	readonly good: (text: string) => string;
	readonly bad: (text: string) => string;
	readonly strong: (text: string) => string;
	readonly faint: (text: string) => string;
}

export function paint(colour: boolean): Paint {
	const wrap = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
	return { good: wrap(32), bad: wrap(31), strong: wrap(1), faint: wrap(2) };
}

/** The token that the tour starts with. */
export function tokenText(
	application: DemoApplication,
	audience: string,
	endpoint: string,
	issued: { readonly header: JsonObject; readonly claims: JsonObject },
	{ strong, faint }: Paint,
): string {
	return [
		strong(' 0  A token from the authorization server'),
		`    → POST ${endpoint}`,
		`      grant_type=client_credentials client_id=${application.id} audience=${audience}`,
		'    ← 200 with an access token; this is in it:',
		...[issued.header, issued.claims].map((part) => faint(`      ${JSON.stringify(part)}`)),
		'',
		'',
	].join('\n');
}

export function stepText(number: number, outcome: StepOutcome, colours: Paint): string {
	const { step, complaints } = outcome;
	const mark = complaints.length === 0 ? colours.good('✓') : colours.bad('✗');
	return [
		`${mark} ${colours.strong(`${number}  ${step.title}`)}`,
		`    ${step.tells}`,
		...requestLines(step),
		...answerLines(outcome, colours),
		...complaints.map((complaint) => colours.bad(`    ✗ otherwise than told: ${complaint}`)),
		'',
		'',
	].join('\n');
}

function requestLines(step: Step): readonly string[] {
	const lines = [`    → ${step.method ?? 'GET'} ${step.path}`];
	if (step.token !== undefined) {
		const { application, audience, change } = step.token;
		const changed = change === undefined ? '' : `, ${change.said}`;
		lines.push(`      Authorization: Bearer <token of ${application.id} for ${audience}${changed}>`);
	}
	for (const [name, value] of Object.entries(step.headers ?? {})) lines.push(`      ${name}: ${value}`);
	if (step.body !== undefined) lines.push(`      ${step.body}`);
	return lines;
}

function answerLines(
	{ status, challenge, record, received, backendClaims }: StepOutcome,
	colours: Paint,
): readonly string[] {
	const colour = status < 400 ? colours.good : colours.bad;
	const lines = [`    ← ${colour(String(status))}${challenge === undefined ? '' : ` WWW-Authenticate: ${challenge}`}`];
	if (received !== undefined)
		lines.push(colours.faint(`      the API received: ${receivedText(received, backendClaims)}`));
	if (record.reason !== undefined) lines.push(`      reason: ${reasonText(record)}`);
	return lines;
}

/** What the demo shows of it: the identity headers, and what the token says that came instead of the client's. */
function receivedText({ method, path, headers }: Received, claims: JsonObject | undefined): string {
	const identity = Object.entries(headers).filter(([name]) => /^x[-_](?!forwarded)/.test(name));
	const fields = identity.map(([name, value]) => `${name}: ${String(value)}`);
	if (claims !== undefined) fields.push(`Authorization: Bearer <${JSON.stringify(claims)}>`);
	else fields.push(headers['authorization'] === undefined ? 'no Authorization' : 'AN AUTHORIZATION HEADER');
	return [`${method} ${path}`, ...fields].join(' · ');
}

function reasonText(record: AuditRecord): string {
	const details = [
		record.expected === undefined || record.expected === '' ? undefined : `expected ${record.expected}`,
		record.found === undefined || record.found === '' ? undefined : `found ${record.found}`,
	].filter((part) => part !== undefined);
	return [record.reason, ...details].join(' · ');
}

/** One line for a request that somebody makes while the demo serves. */
export function auditText(record: AuditRecord, colours: Paint): string {
	const decision = record.decision === 'allow' ? colours.good('allow') : colours.bad(record.decision);
	const head = `${record.time.slice(11, 19)} ${decision} ${record.status} ${record.method ?? '-'} ${record.path ?? '-'}`;
	const tail = record.reason === undefined ? (record.subject ?? '') : reasonText(record);
	return `${tail === '' ? head : `${head} · ${tail}`}\n`;
}

/** Lines to paste into a shell, with the addresses of this run. */
export function curlText(gateway: string, tokenEndpoint: string): string {
	return `Now try it yourself; this keeps serving until Ctrl-C.

# a token into a shell variable (what it may: orders:read)
${tokenLine('TOKEN', reader, tokenEndpoint)}

curl -i ${gateway}/orders/42 -H "Authorization: Bearer $TOKEN"      # 200, and what the API received
curl -i ${gateway}/orders/42                                        # 401: no token
curl -i ${gateway}/orders/42 -H "Authorization: Bearer \${TOKEN%????}AAAA"   # 401: altered
curl -i ${gateway}/orders -H "Authorization: Bearer $TOKEN" -d item=stamp   # 403: orders:write is missing

# a token that may write
${tokenLine('WRITER', writer, tokenEndpoint)}

curl -i ${gateway}/orders -H "Authorization: Bearer $WRITER" -d item=stamp  # 200

`;
}

function tokenLine(variable: string, application: DemoApplication, tokenEndpoint: string): string {
	return `${variable}=$(curl -s ${tokenEndpoint} -d grant_type=client_credentials \\
  -d client_id=${application.id} -d client_secret=${application.secret} \\
  -d audience=${ordersApi} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
}
