/** `countersign import apim`: a configuration that decides as policies of Azure API Management do, and what is to be known of it. */
import { readFile } from 'node:fs/promises';
import { findCertificates, readIssuers, readNamedValues } from './apim-files.ts';
import { configurationText, type ImportSources, importPolicies } from './imported-policies.ts';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign import apim POLICY… [--named-values FILE] [--certificates FOLDER] [--upstream URL] [options]

Writes a configuration to standard output, one route for each policy, and a report to standard error. A policy becomes
providers and rules where these decide alike; any other stays a policy that runs as it is. The report says what became of
each: why it was kept, in what its rules are stricter or answer differently, what keeps a policy from running, and what it
does that its author may not have meant, all with the place. Named values come out as \${env:…}: no secret is written.
Nothing is fetched. Exit status 0 when every policy can be run, 1 otherwise.

  --named-values FILE    JSON: {"name": "value"}, or the list that Azure gives out
  --certificates FOLDER  NAME.pem (and NAME.key) for the certificate NAME
  --fragment NAME=FILE   a policy fragment; may be repeated
  --global FILE, --product FILE, --api FILE   policies of the scopes around POLICY…, which are the APIs', with --api the
                         operations'
  --openid FILE          JSON: {"metadata URL": {"issuer": "…"}}: what openid-config leads to, where the address does not tell
  --keep-policies        translates nothing
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
			global: text,
			product: text,
			api: text,
			openid: text,
			'keep-policies': { type: 'boolean' },
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
	const file = (name: string) => textOption(values[name]);
	const upstream = file('upstream') ?? 'http://127.0.0.1:9001';
	if (!/^https?:\/\//i.test(upstream) || !URL.canParse(upstream))
		throw new UsageError('--upstream is an http or https URL');
	const imported = await importPolicies(positionals, {
		namedValues: await readNamedValues(file('named-values')),
		certificates: await findCertificates(file('certificates')),
		fragments: fragmentsOf(values['fragment']),
		outside: (['global', 'product', 'api'] as const).flatMap((scope) => {
			const named = file(scope);
			return named === undefined ? [] : [{ scope, file: named }];
		}),
		issuers: await readIssuers(file('openid')),
		keepPolicies: values['keep-policies'] === true,
		upstream,
		folder: process.cwd(),
		readFile: (path) => readFile(path, 'utf8'),
	});
	if (values['json'] === true) process.stdout.write(`${JSON.stringify(imported, null, 2)}\n`);
	else {
		process.stdout.write(configurationText(imported.config));
		process.stderr.write(imported.report);
	}
	return imported.refused.length === 0 ? 0 : 1;
}

function fragmentsOf(value: unknown): ImportSources['fragments'] {
	const entries = Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];
	return entries.map((entry) => {
		const at = entry.indexOf('=');
		if (at <= 0) throw new UsageError('--fragment: expected NAME=FILE');
		return [entry.slice(0, at), entry.slice(at + 1)];
	});
}
