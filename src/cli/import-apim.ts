/** `countersign import apim`: a configuration that runs policies of Azure API Management, and what is to be known of them. */
import { readFile } from 'node:fs/promises';
import { basename, extname, relative } from 'node:path';
import { stringify } from 'yaml';
import { namedValuesIn } from '#apim/statements/named-values';
import { checkPolicy, placeOf } from '#assembly/apim-policies';
import { nodeCryptography } from '#runtime/node/cryptography';
import { findCertificates, readNamedValues } from './apim-files.ts';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign import apim POLICY… [--named-values FILE] [--certificates FOLDER] [--upstream URL] [--json]

Writes a configuration to standard output that runs these policies as they are, one route each, and a report to standard
error: what keeps a policy from running, with its place, and what it does that its author may not have meant. Named
values come out as \${env:…}: no secret is written. Exit status 0 when every policy can be run, 1 otherwise.

  --named-values FILE    JSON: {"name": "value"}, or the list that Azure gives out
  --certificates FOLDER  NAME.pem (and NAME.key) for the certificate NAME
  --fragment NAME=FILE   a policy fragment; may be repeated
  --upstream URL         the service behind the routes; default http://127.0.0.1:9001
  --json                 configuration and findings as JSON on standard output
`;

export async function runImport(args: readonly string[]): Promise<number> {
	const [what, ...rest] = args;
	if (what === undefined || what === '--help' || what === '-h') {
		(what === undefined ? process.stderr : process.stdout).write(help);
		return what === undefined ? 2 : 0;
	}
	if (what !== 'apim') throw new UsageError(`there is no "import ${what}": only apim`);
	const text = { type: 'string' } as const;
	const { values, positionals } = parseOptions(
		rest,
		{
			'named-values': text,
			certificates: text,
			fragment: { type: 'string', multiple: true },
			upstream: text,
			json: { type: 'boolean' },
		},
		true,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	if (positionals.length === 0) throw new UsageError('name at least one policy file');
	const imported = await importPolicies(positionals, {
		namedValues: await readNamedValues(textOption(values['named-values'])),
		certificates: await findCertificates(textOption(values['certificates'])),
		fragments: fragmentsOf(values['fragment']),
		upstream: textOption(values['upstream']) ?? 'http://127.0.0.1:9001',
	});
	if (values['json'] === true) process.stdout.write(`${JSON.stringify(imported, null, 2)}\n`);
	else {
		process.stdout.write(stringify(imported.config));
		process.stderr.write(imported.report);
	}
	return imported.refused.length === 0 ? 0 : 1;
}

export interface ImportSources {
	readonly namedValues: Readonly<Record<string, string>>;
	readonly certificates: Awaited<ReturnType<typeof findCertificates>>;
	readonly fragments: readonly (readonly [name: string, file: string])[];
	readonly upstream: string;
}

export interface Imported {
	readonly config: unknown;
	/** Files that cannot be run as they are: they are not in the configuration. */
	readonly refused: readonly string[];
	readonly findings: readonly {
		readonly severity: string;
		readonly place: string;
		readonly rule: string;
		readonly message: string;
	}[];
	readonly report: string;
}

export async function importPolicies(files: readonly string[], sources: ImportSources): Promise<Imported> {
	const certificates = await Promise.all(
		Object.entries(sources.certificates).map(async ([id, { certificate, key }]) => ({
			id,
			certificate: await readFile(certificate, 'utf8'),
			key: key === undefined ? undefined : await readFile(key, 'utf8'),
		})),
	);
	const fragments = await Promise.all(
		sources.fragments.map(async ([name, file]) => ({ name, file, text: await readFile(file, 'utf8') })),
	);
	const apim = {
		namedValues: sources.namedValues,
		placeholders: {},
		fragments,
		certificates,
		backends: [],
		allowedOpenidHosts: ['login.microsoftonline.com'],
		algorithms: [],
		managedIdentity: undefined,
	};
	const used = new Set<string>();
	const refused: string[] = [];
	const findings: Imported['findings'][number][] = [];
	const lines: string[] = [];
	const routes: unknown[] = [];
	for (const file of files) {
		const content = await readFile(file, 'utf8');
		const { findings: own } = checkPolicy([{ scope: 'api', file, text: content }], apim, nodeCryptography);
		const isRefused = own.some(({ severity }) => severity === 'error');
		if (isRefused) refused.push(file);
		else {
			for (const name of namedValuesIn(content)) used.add(name);
			const name = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9._-]/g, '-');
			routes.push({
				name,
				path: `/${name}/**`,
				apim_policy: `./${relative(process.cwd(), file)}`,
				upstream: sources.upstream,
			});
		}
		lines.push(`${file}: ${isRefused ? 'cannot be run' : 'runs'}`);
		for (const finding of own) {
			const { severity, rule, message } = finding;
			findings.push({ severity, place: placeOf(finding), rule, message });
			lines.push(`  ${severity} ${placeOf(finding)} ${message} (${rule})`);
		}
	}
	for (const { text } of fragments) for (const name of namedValuesIn(text)) used.add(name);
	const config = {
		listen: '127.0.0.1:8080',
		apim: {
			...(used.size === 0
				? {}
				: { named_values: Object.fromEntries([...used].map((name) => [name, `\${env:${variable(name)}}`])) }),
			...(fragments.length === 0
				? {}
				: { fragments: Object.fromEntries(fragments.map(({ name, file }) => [name, file])) }),
			...(certificates.length === 0 ? {} : { certificates: sources.certificates }),
		},
		routes,
	};
	return { config, refused, findings, report: `${lines.join('\n')}\n` };
}

function variable(name: string): string {
	return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

function fragmentsOf(value: unknown): ImportSources['fragments'] {
	const entries = Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];
	return entries.map((entry) => {
		const at = entry.indexOf('=');
		if (at <= 0) throw new UsageError('--fragment: expected NAME=FILE');
		return [entry.slice(0, at), entry.slice(at + 1)];
	});
}
