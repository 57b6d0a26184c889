/** `countersign apim test`: runs a policy over one request, offline, and shows what came of each statement. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text as readStream } from 'node:stream/consumers';
import { type AssumedResponse, createRequestTrace, type PolicyTrace } from '#assembly/apim-trace';
import { apimProblems, assemble } from '#assembly/index';
import { formatDiagnostics } from '#config/diagnostics';
import { loadConfigText } from '#config/load';
import type { DocumentFetcher, HeaderList, JsonObject } from '#core/index';
import { systemClock } from '#runtime/node/clock';
import { nodeCryptography } from '#runtime/node/cryptography';
import { createFormPoster } from '#runtime/node/form-poster';
import { createLog } from '#runtime/node/log';
import { systemTimers } from '#runtime/node/timers';
import { findCertificates, readNamedValues, readOpenid } from './apim-files.ts';
import { createHider, namedSecrets } from './hidden-values.ts';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign apim test POLICY [--token-file FILE] [--request "GET https://api.example.com/orders"] [options]

Runs an API Management policy over one request and shows what came of each statement. Nothing is fetched and nothing is
forwarded; where outbound depends on the response, one is assumed. Exit status 0 when the request came out as expected, 1 otherwise, 2 for a wrong command line.

  --request REQUEST      method and URL; default GET https://api.example.com/
  --token-file FILE      goes into Authorization as a Bearer token; "-" for standard input
  --token TOKEN          the same on the command line, where other users of this machine can see it
  --header "NAME: VALUE" a further header field; may be repeated
  --response STATUS      what the upstream would answer, such as 404 or "404 Not Found"; default 200 OK
  --response-header "NAME: VALUE"   a field of that response; may be repeated
  --expect WHAT          forward (the default), or the status of the answer, such as 401
  --named-values FILE    JSON: {"name": "value"}, or the list that Azure gives out
  --placeholders FILE    JSON: what {name} stands for in templates that a script fills in
  --certificates FOLDER  NAME.pem (and NAME.key) for the certificate NAME
  --fragment NAME=FILE   a policy fragment; may be repeated
  --global FILE, --product FILE, --operation FILE   policies of other scopes; POLICY is the API's
  --openid FILE          JSON: {"metadata URL": {"issuer": "…", "jwks": {"keys": […]}}} in place of what would be fetched
  --json                 the outcome as JSON on standard output
`;

export async function runApim(args: readonly string[]): Promise<number> {
	const [verb, ...rest] = args;
	if (verb === undefined || verb === '--help' || verb === '-h') {
		(verb === undefined ? process.stderr : process.stdout).write(help);
		return verb === undefined ? 2 : 0;
	}
	if (verb !== 'test') throw new UsageError(`there is no "apim ${verb}"`);
	const text = { type: 'string' } as const;
	const many = { type: 'string', multiple: true } as const;
	const { values, positionals } = parseOptions(
		rest,
		{
			request: text,
			token: text,
			'token-file': text,
			header: many,
			response: text,
			'response-header': many,
			expect: text,
			'named-values': text,
			placeholders: text,
			certificates: text,
			fragment: many,
			global: text,
			product: text,
			operation: text,
			openid: text,
			json: { type: 'boolean' },
		},
		true,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const [policy, ...others] = positionals;
	if (policy === undefined || others.length > 0) throw new UsageError('name one policy file');
	const expected = textOption(values['expect']) ?? 'forward';
	if (expected !== 'forward' && !/^[1-5][0-9]{2}$/.test(expected))
		throw new UsageError('--expect is forward or a status');
	const file = (name: string) => textOption(values[name]);
	const scopes = { global: file('global'), product: file('product'), api: policy, operation: file('operation') };
	const openid = await readOpenid(file('openid'));
	const hosts = Object.keys(openid).map((url) => new URL(url).host);
	const namedValues = await readNamedValues(file('named-values'));
	const { token, ...asked } = await readRequest(values);
	const request = { ...asked, response: readResponse(values) };
	const hide = createHider([...namedSecrets(namedValues), ['(the token)', token ?? '']]);
	const config = {
		listen: '127.0.0.1:0',
		apim: {
			named_values: namedValues,
			placeholders: await readNamedValues(file('placeholders')),
			certificates: absolute(await findCertificates(file('certificates'))),
			fragments: Object.fromEntries(list(values['fragment']).map((entry) => pair(entry, '=', '--fragment'))),
			...(hosts.length === 0 ? {} : { allowed_openid_hosts: hosts }),
		},
		routes: [
			{
				path: '/**',
				apim_policy: Object.fromEntries(
					Object.entries(scopes).flatMap(([scope, name]) => (name === undefined ? [] : [[scope, name]])),
				),
				upstream: 'http://127.0.0.1:9',
			},
		],
	};
	const traced = await trace(policy, escaped(config), { openid, request, hide });
	if (traced === undefined) return 1;
	const came = traced.status === undefined ? 'forward' : String(traced.status);
	const shown = hideIn(traced, hide);
	process.stdout.write(values['json'] === true ? `${JSON.stringify(shown, null, 2)}\n` : render(shown));
	if (came === expected) return 0;
	process.stderr.write(`countersign apim test: expected ${expected}, got ${came}\n`);
	return 1;
}

type Openid = Readonly<Record<string, JsonObject>>;

interface Sent {
	readonly method: string;
	readonly url: string;
	readonly headers: HeaderList;
}

interface Asked {
	readonly openid: Openid;
	readonly request: Sent & { readonly response: AssumedResponse };
	/** What is shown of a text. */
	readonly hide: (text: string) => string;
}

async function trace(
	policy: string,
	config: unknown,
	{ openid, request, hide }: Asked,
): Promise<PolicyTrace | undefined> {
	const loaded = await loadConfigText(JSON.stringify(config), {
		folder: process.cwd(),
		readFile: (path) => readFile(path, 'utf8'),
		env: process.env,
		checkPolicy: (read, apim, context) => apimProblems(read, apim, nodeCryptography, context),
	});
	const findings = loaded.diagnostics
		.filter(({ severity }) => severity !== 'hint')
		.map((diagnostic) => ({ ...diagnostic, message: hide(diagnostic.message) }));
	if (findings.length > 0) {
		const shown = findings.map(({ severity, message }) => `${severity}: ${message}`).join('\n');
		process.stderr.write(
			loaded.definition === undefined ? `${formatDiagnostics(policy, findings, { colour: false })}\n` : `${shown}\n`,
		);
	}
	if (loaded.definition === undefined) return undefined;
	const assembly = assemble(loaded.definition, {
		clock: systemClock,
		timers: systemTimers,
		cryptography: nodeCryptography,
		fetcher: offline(openid),
		poster: createFormPoster(),
		log: createLog(process.stderr, { json: false }),
	});
	try {
		await assembly.start();
		const done = await createRequestTrace(assembly)(request);
		if (done === undefined) throw new UsageError('--request: expected a method and an http or https URL');
		return done;
	} finally {
		assembly.stop();
	}
}

/** Metadata and keys from a file; everything else is not there. */
function offline(openid: Openid): DocumentFetcher {
	const headers = new Map<string, string>();
	return {
		async get(url) {
			const suffix = '/keys-of-the-file';
			const asked = url.endsWith(suffix) ? url.slice(0, -suffix.length) : url;
			const entry = Object.hasOwn(openid, asked) ? openid[asked] : undefined;
			if (entry === undefined) throw new Error(`offline: --openid says nothing of ${asked}`);
			const body = url === asked ? { issuer: entry['issuer'], jwks_uri: `${url}${suffix}` } : entry['jwks'];
			return { status: 200, headers, body: JSON.stringify(body) };
		},
	};
}

async function readRequest(
	values: Readonly<Record<string, unknown>>,
): Promise<Sent & { readonly token: string | undefined }> {
	const [method = '', url = ''] = (textOption(values['request']) ?? 'GET https://api.example.com/').trim().split(/\s+/);
	const headers = fields(values, 'header');
	const inline = textOption(values['token']);
	if (inline !== undefined) {
		process.stderr.write('countersign apim test: other users of this machine can see --token; --token-file is safer\n');
	}
	const file = textOption(values['token-file']);
	const read = async (name: string) => (name === '-' ? readStream(process.stdin) : readFile(name, 'utf8'));
	const token = inline ?? (file === undefined ? undefined : await read(file));
	const bare = token?.trim().replace(/^bearer +/i, '');
	const authorization = bare === undefined ? [] : [['Authorization', `Bearer ${bare}`] as const];
	return { method, url, headers: [...authorization, ...headers], token: bare };
}

function readResponse(values: Readonly<Record<string, unknown>>): AssumedResponse {
	const [, status, reason = ''] = /^([2-5][0-9]{2})(?: +(.*))?$/.exec(textOption(values['response']) ?? '200 OK') ?? [];
	if (status === undefined) throw new UsageError('--response: expected a status from 200 to 599');
	return { status: Number(status), reason, headers: fields(values, 'response-header') };
}

function fields(values: Readonly<Record<string, unknown>>, option: string): HeaderList {
	return list(values[option]).map((entry) => {
		const [name, value] = pair(entry, ':', `--${option}`);
		return [name, value.trim()] as const;
	});
}

function list(value: unknown): readonly string[] {
	return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];
}

function pair(entry: string, separator: string, option: string): readonly [string, string] {
	const at = entry.indexOf(separator);
	if (at <= 0) throw new UsageError(`${option}: expected NAME${separator}VALUE`);
	return [entry.slice(0, at), entry.slice(at + 1)];
}

function absolute(files: Awaited<ReturnType<typeof findCertificates>>): unknown {
	return Object.fromEntries(
		Object.entries(files).map(([id, { certificate, key }]) => [
			id,
			{ certificate: resolve(certificate), ...(key === undefined ? {} : { key: resolve(key) }) },
		]),
	);
}

/** What stands in a file of values is text, also where it looks like a reference of our configuration. */
function escaped(value: unknown): unknown {
	if (typeof value === 'string') return value.replaceAll('${', () => '$${');
	if (Array.isArray(value)) return value.map(escaped);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, escaped(inner)]));
}

/** The credential of our own, the client's and the values that have names are in every text of it by name. */
function hideIn(traced: PolicyTrace, hide: (text: string) => string): PolicyTrace {
	const hidden = (list: HeaderList): HeaderList =>
		list.map(([name, value]) => [name, /^authorization$/i.test(name) ? '(not shown)' : hide(value)]);
	const { trail, headers, body, request, response } = traced;
	return {
		...traced,
		trail: trail.map((entry) => ({ ...entry, outcome: hide(entry.outcome) })),
		headers: hidden(headers),
		body: hide(body),
		request: request && {
			...request,
			path: hide(request.path),
			query: hide(request.query),
			set: hidden(request.set),
		},
		response: response && { ...response, set: hidden(response.set) },
	};
}

function render({ trail, status, headers, body, request, response, reason }: PolicyTrace): string {
	const lines = trail.map(({ outcome, statement, file, line, section }) => {
		const mark = outcome === 'passed' ? '✓' : outcome.startsWith('answered') ? '→' : '✗';
		return `${mark} ${`${file}:${line}`.padEnd(28)} ${section.padEnd(9)} ${statement}${outcome === 'passed' ? '' : `  ${outcome}`}`;
	});
	lines.push('');
	if (status === undefined) {
		lines.push(`forwarded: ${request?.path ?? ''}${request?.query ?? ''}`);
		for (const [name, value] of request?.set ?? []) lines.push(`  ${name}: ${value}`);
		if (response !== undefined) lines.push(`response: ${response.status}`);
		for (const [name, value] of response?.set ?? []) lines.push(`  ${name}: ${value}`);
	} else {
		lines.push(`answered: ${status}${reason === undefined ? '' : ` (${reason})`}`);
		for (const [name, value] of headers) lines.push(`  ${name}: ${value}`);
		if (body !== '') lines.push(`  ${body}`);
	}
	return `${lines.map(printable).join('\n')}\n`;
}

/** Control and bidirectional characters become escapes: a token must not write to the terminal. */
function printable(text: string): string {
	return text.replaceAll(
		/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}
