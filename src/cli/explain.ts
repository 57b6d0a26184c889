/** `countersign explain`: why is this request decided as it is? Offline from a configuration file, or by a running gateway. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { policyCheck, withApimCode } from '#assembly/apim-code';
import { assemble, clientProblems, decryptionKeyProblems, localKeyProblems } from '#assembly/assemble';
import { createMemoryState } from '#assembly/state';
import { formatDiagnostics } from '#config/diagnostics';
import { loadConfig } from '#config/load';
import type { Log } from '#core/index';
import { type Explanation, explain } from '#policy/explain';
import { explainedRequest } from '#policy/explained-request';
import { systemClock } from '#runtime/node/clock';
import { nodeCryptography } from '#runtime/node/cryptography';
import { createDocumentFetcher } from '#runtime/node/document-fetcher';
import { createFormPoster } from '#runtime/node/form-poster';
import { createLog } from '#runtime/node/log';
import { createSealing } from '#runtime/node/sealing';
import { systemTimers } from '#runtime/node/timers';
import { renderExplanation } from './render-explanation.ts';
import { parseOptions, textOption, UsageError } from './usage.ts';

const help = `Usage: countersign explain --config FILE --url URL [--method GET] --token-file FILE [--json]
       countersign explain --admin URL --url URL [--method GET] --token-file FILE [--json]

Runs every check that a request with this token would meet, in order, and shows what each expected and found, the clock
skew, and which other provider or route would accept the token. Exit status 0: allowed, 1: refused. Never prints the
token, never forwards anything.

  --config FILE       decide with this configuration file; keys are fetched from the providers. Its store is not opened:
                      revocations, and key pairs and sessions in it, are known to the running gateway alone
  --admin URL         ask the running gateway at its admin address in place of --config
  --admin-token-file FILE   token for the admin API, where it asks for one
  --url URL           what the client calls, e.g. https://api.example.com/orders/7, or a path below public_url
  --method METHOD     default GET
  --token-file FILE   the client's token; "-" for standard input
  --proof-file FILE   the client's DPoP proof, for the same method and URL
  --token TOKEN       the same on the command line, where other users of this machine can see it
  --json              the explanation as JSON on standard output
`;

export async function runExplain(args: readonly string[]): Promise<number> {
	const text = { type: 'string' } as const;
	const { values } = parseOptions(
		args,
		{
			config: { type: 'string', short: 'c' },
			admin: text,
			'admin-token-file': text,
			url: text,
			method: text,
			'token-file': text,
			'proof-file': text,
			token: text,
			json: { type: 'boolean' },
		},
		false,
	);
	if (values['help'] === true) {
		process.stdout.write(help);
		return 0;
	}
	const config = textOption(values['config']);
	const admin = textOption(values['admin']);
	if ((config === undefined) === (admin === undefined))
		throw new UsageError('give either --config FILE or --admin URL');
	const url = textOption(values['url']);
	if (url === undefined) throw new UsageError('--url URL is missing');
	const proof = textOption(values['proof-file']);
	const asked: Asked = {
		url,
		method: textOption(values['method']) ?? 'GET',
		headers: proof === undefined ? {} : { dpop: (await readFile(proof, 'utf8')).trim() },
		token: await readToken(textOption(values['token']), textOption(values['token-file'])),
	};
	const explanation =
		admin === undefined
			? await explainOffline(config ?? '', asked)
			: await explainByAdmin(admin, asked, textOption(values['admin-token-file']));
	if (explanation === undefined) return 1;
	process.stdout.write(
		values['json'] === true
			? `${JSON.stringify(explanation, null, 2)}\n`
			: renderExplanation(explanation, { colour: process.stdout.isTTY }),
	);
	return isGood(explanation) ? 0 : 1;
}

/** A policy that answers in place of the upstream does not let the request through; what the gateway serves itself is an answer like any. */
function isGood({ outcome, answered, own }: Explanation): boolean {
	if (outcome !== 'allow') return false;
	return own === undefined ? answered === undefined : (answered ?? 200) < 400;
}

interface Asked {
	readonly url: string;
	readonly method: string;
	readonly token: string | undefined;
	/** Lower-case names. */
	readonly headers: Readonly<Record<string, string>>;
}

async function readToken(token: string | undefined, file: string | undefined): Promise<string | undefined> {
	if (token !== undefined) {
		process.stderr.write('countersign explain: other users of this machine can see --token; --token-file is safer\n');
		return clean(token);
	}
	if (file === undefined) return undefined;
	return clean(file === '-' ? await readStream(process.stdin) : await readFile(file, 'utf8'));
}

function clean(token: string): string {
	return token.trim().replace(/^(?:bearer|dpop) +/i, '');
}

async function explainOffline(config: string, asked: Asked): Promise<Explanation | undefined> {
	const { definition, diagnostics } = await loadConfig(config, {
		readFile: (path) => readFile(path, 'utf8'),
		env: process.env,
		checkKeys: (keys) => localKeyProblems(keys, nodeCryptography),
		checkDecryptionKey: (key) => decryptionKeyProblems(key, nodeCryptography),
		checkClient: (client) => clientProblems(client, nodeCryptography),
		checkPolicy: policyCheck(nodeCryptography),
	});
	if (definition === undefined) {
		process.stderr.write(`${formatDiagnostics(config, diagnostics, { colour: process.stderr.isTTY })}\n`);
		return undefined;
	}
	if (definition.store.type !== 'memory') {
		process.stderr.write(
			'countersign explain: the store is not opened, so nothing is known of revocations, or of key pairs and sessions in it; --admin asks the running gateway\n',
		);
	}
	const ports = { clock: systemClock, timers: systemTimers, cryptography: nodeCryptography, log: quietLog() };
	const runtime = await withApimCode(definition, {
		...ports,
		fetcher: createDocumentFetcher(),
		poster: createFormPoster(),
		// Nothing of it outlives this process; sessions and minting keys go nowhere without something that seals them.
		state: createMemoryState({ ...ports, sealing: createSealing([randomBytes(32)]) }),
	});
	const assembly = assemble(definition, runtime);
	try {
		await assembly.start();
		const request = explainedRequest(assembly.policy, { ...asked, headers: Object.entries(asked.headers) });
		if (request === undefined) throw new UsageError(`--url is neither a path nor an http or https URL: ${asked.url}`);
		return await explain(assembly.policy, request);
	} finally {
		assembly.stop();
	}
}

/** What goes well, a key that was made say, is no news about a request. */
function quietLog(): Log {
	return { ...createLog(process.stderr, { json: false }), info() {} };
}

async function explainByAdmin(admin: string, asked: Asked, tokenFile: string | undefined): Promise<Explanation> {
	if (!URL.canParse(admin)) throw new UsageError(`--admin is no URL: ${admin}`);
	const authorization =
		tokenFile === undefined ? {} : { authorization: `Bearer ${clean(await readFile(tokenFile, 'utf8'))}` };
	const response = await fetch(new URL('/explain', admin), {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...authorization },
		body: JSON.stringify(asked),
		redirect: 'error',
	});
	if (!response.ok)
		throw new Error(`the admin API answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
	return (await response.json()) as Explanation;
}
