/**
 * What a gateway loads stays in its memory for as long as it runs: code is loaded for a configuration that needs it, and
 * for no other. A process of its own tells what it loaded.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { policyOf } from './support/policy-gateway.ts';
import { makeTempDir, writeIn } from './support/temp-dir.ts';

interface Loaded {
	/** URLs of modules; `node:` for those of Node that are imported, and its own names for all that it loaded. */
	readonly modules: readonly string[];
	readonly [other: string]: unknown;
}

/** `script` prints one line of JSON; `loaded()` is what was loaded until then. */
async function inOwnProcess(script: string): Promise<Loaded> {
	const whole = `
		import { registerHooks } from 'node:module';
		const imported = [];
		registerHooks({ load(url, context, next) { imported.push(url); return next(url, context); } });
		const written = [];
		globalThis.Function = new Proxy(Function, {
			construct(target, parts) {
				if (parts.some((part) => part !== '')) written.push(parts);
				return Reflect.construct(target, parts);
			},
		});
		const loaded = () => [...imported, ...process.moduleLoadList];
		${script}
	`;
	const options = ['--conditions=countersign-source', '--input-type=module', '-e', whole];
	const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: join(import.meta.dirname, '..') });
	return JSON.parse(stdout) as Loaded;
}

const secret = 'kV3q8ZbT1xWm7RfY5uNd2HsJ9pLcA4gE6oXi0vQe';
const config = {
	listen: '127.0.0.1:0',
	admin: { listen: '127.0.0.1:0' },
	audit: { file: './audit.jsonl' },
	state_directory: false,
	providers: {
		idp: { issuer: 'https://idp.example.com/', secret, algorithms: ['HS256'], audience: 'api' },
	},
	routes: [{ name: 'orders', path: '/orders/**', upstream: 'http://127.0.0.1:9' }],
};
const policies = /\/src\/apim\/(?:expressions|lint|policy-text|run|statements)\//;

test('what no route, provider or store asks for is not loaded; a reload loads what the new configuration needs', async () => {
	const folder = makeTempDir();
	writeIn(
		folder,
		'policy.xml',
		policyOf('<return-response><set-status code="@(400 + 18)" reason="teapot" /></return-response>'),
	);
	const configFile = writeIn(folder, 'gateway.json', JSON.stringify(config));
	const withPolicy = {
		...config,
		routes: [...config.routes, { path: '/policy/**', apim_policy: './policy.xml', upstream: 'http://127.0.0.1:9' }],
	};
	const { modules, written, first, second, status, after } = await inOwnProcess(`
		const { writeFileSync } = await import('node:fs');
		const { startProcesses } = await import('#gateway/start-processes');
		const configFile = ${JSON.stringify(configFile)};
		const gateway = await startProcesses({ configFile, jsonLog: false });
		const modules = loaded();
		const first = (await fetch(gateway.url + '/policy/x')).status;
		writeFileSync(configFile, ${JSON.stringify(JSON.stringify(withPolicy))});
		const { state, diagnostics } = await gateway.reload();
		const second = (await fetch(gateway.url + '/policy/x')).status;
		const after = loaded();
		await gateway.stop();
		console.log(JSON.stringify({ modules, written, first, second, status: { state, diagnostics }, after }));
	`);
	const found = (pattern: RegExp) => modules.filter((name) => pattern.test(name));
	expect(found(/\/src\/(?:gateway|policy|http|assembly)\//).length).toBeGreaterThan(50);
	expect(found(policies)).toEqual([]);
	expect(found(/node_modules\/(?:undici|oauth4webapi|@redis|rate-limiter-flexible|@opentelemetry\/sdk)/)).toEqual([]);
	expect(found(/src\/(?:cli|gateway\/workers|store\/(?:sqlite|redis))|node_modules\/jose\//)).toEqual([]);
	// Node's own fetch and HTTP/2, which an import of node:http brings.
	expect(found(/^NativeModule (?:http|internal\/deps\/undici\/undici|http2|sqlite)$/)).toEqual(['NativeModule http']);
	// Code that is made of texts while the configuration is read.
	expect(written).toEqual([]);
	expect({ first, second, status }).toEqual({
		first: 404,
		second: 418,
		status: { state: 'in_force', diagnostics: [] },
	});
	expect((after as string[]).some((name) => policies.test(name))).toBe(true);
});

test('a worker, which is told its configuration, loads nothing that reads one', async () => {
	const { modules } = await inOwnProcess(`
		process.send = () => {};
		await import('#gateway/workers/worker-main');
		console.log(JSON.stringify({ modules: loaded() }));
		process.exit();
	`);
	expect(modules.some((name) => name.endsWith('/src/gateway/serving.ts'))).toBe(true);
	expect(
		modules.filter((name) => /node_modules\/(?:zod|yaml)\/|src\/config\/(?:schema|load|document)/.test(name)),
	).toEqual([]);
});
