/** `countersign revoke`: denies credentials on every gateway that shares the store, shows what is denied, and lifts it. */
import { isJsonObject, type JsonObject, type JsonValue, member } from '#core/index';
import { parseCompactJws } from '#formats/compact-jws';
import { looksLikeSharedAccess, readSharedAccess, sharedAccessSchemes } from '#formats/shared-access/shared-access';
import { tokenIdentity } from '#revocation/token-identity';
import { nodeCryptography } from '#runtime/node/cryptography';
import { type AdminCall, adminClient, adminHelp, adminOptions, readToken } from './admin-client.ts';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign revoke --admin URL WHAT [--issuer ISS | --provider NAME] [--issued-before TIME] [--until TIME]
       countersign revoke --admin URL --list
       countersign revoke --admin URL --lift ID

Denies credentials from now on. WHAT is one of these; without any, everything of the issuer is meant.

  --subject SUB      tokens of this subject
  --client ID        tokens of this client, or signatures of this key name
  --session SID      tokens of this session (sid)
  --jti JTI          this token
  --kid KID          what this key of the provider signed
  --token-file FILE  the token in this file ("-" for standard input); only a digest of it leaves this machine
  --digest DIGEST    the token with this digest

  --issuer ISS, --provider NAME   whose; not needed with one provider
  --issued-before TIME   only what was issued before: now, 10m (ago), 2026-01-31T12:00:00Z, or seconds
  --until TIME           default: as long as such tokens can live, where max_lifetime says so; 1h, or a time
  --note TEXT            kept with it
  --list                 what is denied, and the revision that each gateway has applied
  --lift ID              ends a revocation before its time
${adminHelp}
  --json                 what the admin API answered
`;

const selectors = ['subject', 'client', 'session', 'jti', 'kid', 'digest'] as const;
const others = ['issuer', 'provider', 'issued-before', 'until', 'note'] as const;

export async function runRevoke(args: readonly string[]): Promise<number> {
	const text = { type: 'string' } as const;
	const named = Object.fromEntries([...selectors, ...others, 'token-file', 'lift'].map((name) => [name, text]));
	const { values } = parseOptions(
		args,
		{ ...adminOptions, ...named, list: { type: 'boolean' }, json: { type: 'boolean' } },
		false,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const isJson = values['json'] === true;
	const lift = textOption(values['lift']);
	const asked = lift === undefined && values['list'] !== true ? await request(values) : undefined;
	const call = await adminClient(values);
	if (values['list'] === true) {
		const answer = await listAll(call);
		process.stdout.write(isJson ? `${JSON.stringify(answer, null, 2)}\n` : listing(answer));
		return 0;
	}
	const answer =
		asked === undefined
			? await call('DELETE', `/revocations/${encodeURIComponent(lift ?? '')}`)
			: await call('POST', '/revocations', asked);
	if (isJson) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
	else if (asked === undefined) process.stdout.write(`lifted ${lift ?? ''}\n`);
	else {
		process.stdout.write(
			`revoked until ${shown(answer, 'until')}, id ${shown(answer, 'id')}, revision ${shown(answer, 'revision')}\n`,
		);
		if (member(answer, 'durable') === false) {
			process.stderr.write('the store is memory: this ends with the process, and no other gateway knows of it\n');
		}
	}
	return 0;
}

/** The first page, with what is on all of them. */
async function listAll(call: AdminCall): Promise<JsonObject> {
	const first = await call('GET', '/revocations');
	const revocations = [...objects(member(first, 'revocations'))];
	let cursor = member(first, 'next_cursor');
	while (typeof cursor === 'string') {
		const page = await call('GET', `/revocations?cursor=${encodeURIComponent(cursor)}`);
		revocations.push(...objects(member(page, 'revocations')));
		cursor = member(page, 'next_cursor');
	}
	const { next_cursor: _, ...rest } = first;
	return { ...rest, revocations };
}

async function request(values: Readonly<Record<string, unknown>>): Promise<JsonObject> {
	const asked: Record<string, string> = {};
	for (const name of [...selectors, ...others]) {
		const value = textOption(values[name]);
		if (value !== undefined) asked[name.replace('-', '_')] = value;
	}
	const file = textOption(values['token-file']);
	const chosen = [
		...selectors.filter((name) => asked[name] !== undefined),
		...(file === undefined ? [] : ['token-file']),
	];
	if (chosen.length > 1) throw new UsageError(`one of ${chosen.map((name) => `--${name}`).join(' and ')} at a time`);
	if (file === undefined) {
		if (chosen.length === 0 && asked['issuer'] === undefined && asked['provider'] === undefined) {
			throw new UsageError('what is to be revoked? See --help');
		}
		return asked;
	}
	const { identity, expiresAt } = identify(await readToken(file));
	// Some clock is behind: a minute more than the token itself says.
	const until = expiresAt === undefined ? {} : { until: Math.ceil(expiresAt) + 60 };
	return { digest: nodeCryptography.digest(identity), ...until, ...asked };
}

/** What the token is told by, and when it ends if it says so. Nothing is verified. */
function identify(written: string): { readonly identity: string; readonly expiresAt: number | undefined } {
	const [, scheme = 'SharedAccessSignature', token = written] = /^([A-Za-z]+) +(.+)$/.exec(written) ?? [];
	if (sharedAccessSchemes.has(scheme.toLowerCase()) && (token !== written || looksLikeSharedAccess(token))) {
		const parsed = readSharedAccess(scheme.toLowerCase(), token);
		if (typeof parsed === 'string') throw new Error(`not a shared access signature that would be accepted: ${parsed}`);
		return { identity: tokenIdentity('shared_access', token, scheme.toLowerCase()), expiresAt: parsed.expiresAt };
	}
	const parsed = parseCompactJws(written);
	if (typeof parsed === 'string') return { identity: tokenIdentity('opaque', written, 'bearer'), expiresAt: undefined };
	const exp = member(parsed.claims, 'exp');
	return { identity: tokenIdentity('jwt', written, 'bearer'), expiresAt: typeof exp === 'number' ? exp : undefined };
}

function listing(answer: JsonObject): string {
	const lines = [`revision ${shown(answer, 'revision')}`];
	for (const gateway of objects(member(answer, 'gateways'))) {
		lines.push(
			`gateway ${shown(gateway, 'name')}: revision ${shown(gateway, 'revision')}, seen ${shown(gateway, 'seen_at')}`,
		);
	}
	for (const revocation of objects(member(answer, 'revocations'))) {
		const what = [...selectors, 'issuer', 'issued_before', 'until', 'by', 'note']
			.filter((name) => member(revocation, name) !== undefined)
			.map((name) => `${name} ${shown(revocation, name)}`);
		lines.push(`${shown(revocation, 'id')}  ${what.join(', ')}`);
	}
	return `${lines.join('\n')}\n`;
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
	return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** One line, whatever is in it: what a terminal would act on is escaped. */
function shown(object: JsonObject, name: string): string {
	const value = member(object, name);
	const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
	return text.replace(/[^\x20-\x7e\u00a1-\u1fff\u2070-\ufefe]/g, '\ufffd');
}
