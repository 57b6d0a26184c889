/**
 * Is what we publish what we mean? Builds and packs, has the tarball judged by publint and attw, installs it in an empty
 * folder, and uses it there as a stranger would: every subpath, the types, the command line, a gateway that serves.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, type RunOptions, root, run } from './run-command.ts';

interface PackageFile {
	readonly name: string;
	readonly exports: Readonly<Record<string, unknown>>;
}

interface Packed {
	readonly filename: string;
	readonly files: readonly { readonly path: string }[];
}

const problems: string[] = [];
const scratch = await mkdtemp(join(tmpdir(), 'countersign-package-'));
try {
	const { tarball, files } = await pack();
	checkContents(files);
	await command('publint', ['run', tarball, '--strict']);
	await command('attw', [tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-emoji', '--no-color']);
	await checkDocumentedSubpaths();
	const consumer = await install(tarball);
	await checkConsumer(consumer);
	await checkCommandLine(consumer);
	await checkServing(consumer, {});
	await checkServing(consumer, { workers: 2 });
	await checkOldNodes();
} finally {
	await rm(scratch, { recursive: true, force: true });
}

if (problems.length > 0) {
	process.stderr.write(`Package: ${problems.length} problems\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
	process.exitCode = 1;
} else {
	process.stdout.write('Package: packed, installed and used\n');
}

/** Runs a command that must end with `status`; what it said otherwise becomes a problem. */
async function command(
	name: string,
	args: readonly string[],
	{ status = 0, ...options }: RunOptions & { status?: number } = {},
): Promise<string> {
	const ran = await run(name, args, options);
	if (ran.status !== status) problems.push(`${name} ${args.join(' ')}: exit status ${ran.status}\n${ran.output}`);
	return ran.output;
}

/** A step without which the others make no sense. */
async function must(name: string, args: readonly string[], options: RunOptions = {}): Promise<void> {
	const ran = await run(name, args, options);
	if (ran.status !== 0) throw new Error(`${name} ${args.join(' ')}: exit status ${ran.status}\n${ran.output}`);
}

async function pack(): Promise<{ tarball: string; files: readonly string[] }> {
	await must('npm', ['run', 'build']);
	const listing = join(scratch, 'pack.json');
	await must('sh', ['-c', `npm pack --ignore-scripts --json --pack-destination "$1" > "$2"`, 'sh', scratch, listing]);
	const parsed: Packed[] | Record<string, Packed> = JSON.parse(await readFile(listing, 'utf8'));
	const [packed] = Object.values(parsed);
	if (packed === undefined) throw new Error('npm pack named no tarball');
	return { tarball: join(scratch, packed.filename), files: packed.files.map(({ path }) => path) };
}

function checkContents(files: readonly string[]): void {
	const needed = ['README.md', 'LICENSE', 'bin/countersign.cjs', 'bin/start.cjs', 'dist/index.js', 'dist/index.d.ts'];
	for (const path of needed) {
		if (!files.includes(path)) problems.push(`the tarball lacks ${path}`);
	}
	const known =
		/^(bin|deploy|dist|schema)\/|^docs\/(configuration|metrics|troubleshooting)\.md$|^(README\.md|LICENSE|package\.json)$/;
	for (const path of files) {
		if (!known.test(path)) problems.push(`the tarball holds ${path}`);
		if (/\.test\.|fixture|\.tsbuildinfo$/.test(path)) problems.push(`the tarball holds ${path}, which is for tests`);
	}
}

async function readPackageFile(): Promise<PackageFile> {
	return JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
}

/** A subpath that a page shows in quotes or code must be one that the package exports. */
async function checkDocumentedSubpaths(): Promise<void> {
	const { name, exports } = await readPackageFile();
	const mention = new RegExp(`['"\`]${name}((?:/[A-Za-z0-9_.-]+)+)['"\`]`, 'g');
	const docs = await readdir(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
	const pages = [
		'README.md',
		'ARCHITECTURE.md',
		...docs.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`),
	];
	for (const page of pages) {
		for (const [, subpath] of (await readFile(join(root, page), 'utf8')).matchAll(mention)) {
			if (exports[`.${subpath}`] === undefined) problems.push(`${page} names ${name}${subpath}, which is not exported`);
		}
	}
}

async function install(tarball: string): Promise<string> {
	const folder = join(scratch, 'consumer');
	await mkdir(folder);
	await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
	await must('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
	return folder;
}

/** Compiles and runs the sample consumer, which must name every subpath there is. */
async function checkConsumer(folder: string): Promise<void> {
	const { name, exports } = await readPackageFile();
	const source = await readFile(join(root, 'test/fixtures/package/consumer.ts'), 'utf8');
	for (const subpath of Object.keys(exports)) {
		const specifier = `${name}${subpath.slice(1)}`;
		if (!source.includes(`from '${specifier}'`)) problems.push(`the sample consumer does not import ${specifier}`);
	}
	await writeFile(join(folder, 'consumer.ts'), source);
	await cp(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), { recursive: true });
	await cp(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'), { recursive: true });
	const compilerOptions = {
		target: 'es2024',
		module: 'nodenext',
		moduleResolution: 'nodenext',
		strict: true,
		resolveJsonModule: true,
		types: ['node'],
	};
	await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
	await command('tsc', ['-p', 'tsconfig.json'], { cwd: folder });
	await command('node', ['consumer.js'], { cwd: folder });
}

async function checkCommandLine(folder: string): Promise<void> {
	const installed = join(folder, 'node_modules/.bin/countersign');
	const usage = await command(installed, ['--help'], { cwd: folder });
	for (const name of ['start', 'check', 'token', 'demo']) {
		if (!usage.includes(name)) problems.push(`countersign --help does not name ${name}`);
		await command(installed, [name, '--help'], { cwd: folder });
	}
	await command(installed, [], { cwd: folder, status: 2 });
	await command(installed, ['no-such-command'], { cwd: folder, status: 2 });

	await cp(join(root, 'demo/gateway.yaml'), join(folder, 'gateway.yaml'));
	await command(installed, ['check', 'gateway.yaml'], { cwd: folder });
	await writeFile(join(folder, 'bad.yaml'), 'no_such_key: 1\n');
	const said = await command(installed, ['check', 'bad.yaml'], { cwd: folder, status: 1 });
	if (!said.includes('no_such_key')) problems.push(`countersign check does not name the unknown key:\n${said}`);

	const demo = await command(installed, ['demo', '--exit'], { cwd: folder, status: 1 });
	if (!demo.includes('oidc-provider')) problems.push(`countersign demo does not say what it lacks:\n${demo}`);
}

/** `start` from the tarball: serves, refuses a request without a token, ends on SIGTERM with status 0. */
async function checkServing(folder: string, more: Readonly<Record<string, unknown>>): Promise<void> {
	const config = {
		...more,
		listen: '127.0.0.1:0',
		audit: { file: './audit.jsonl' },
		// Its thread is a file of its own, which a build must have and find.
		store: { type: 'sqlite', path: './state/store.db' },
		providers: { idp: { issuer: 'https://idp.example.com/', jwks: await publicKeys(), audience: 'api' } },
		routes: [{ path: '/**', upstream: 'http://127.0.0.1:9' }],
	};
	await writeFile(join(folder, 'serve.json'), JSON.stringify(config));
	const child = spawn(join(folder, 'node_modules/.bin/countersign'), ['start', '--config', 'serve.json'], {
		cwd: folder,
		env: environment(),
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
	const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
	let said = '';
	const url = await new Promise<string | undefined>((resolve) => {
		child.stderr.on('data', (data: Buffer) => {
			said += data.toString();
			const found = /^listening on (http:\/\/\S+)$/m.exec(said)?.[1];
			if (found !== undefined) resolve(found);
		});
		void ended.then(() => resolve(undefined));
	});
	if (url === undefined) {
		problems.push(`countersign start did not say that it listens:\n${said}`);
	} else {
		const { status, headers } = await fetch(url);
		if (status !== 401 || headers.get('www-authenticate')?.startsWith('Bearer') !== true) {
			problems.push(`countersign start answered ${status} without a token`);
		}
	}
	child.kill('SIGTERM');
	const status = await ended;
	clearTimeout(limit);
	if (status !== 0) problems.push(`countersign start ended with ${status} on SIGTERM:\n${said}`);
}

async function publicKeys(): Promise<{ keys: object[] }> {
	const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
	const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
	const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
	return { keys: [{ kty, crv, x, y, kid: 'k1', alg: 'ES256', use: 'sig' }] };
}

/** With every Node on the path that is too old for us: one sentence and status 2. test/old-node.test.ts feigns others. */
async function checkOldNodes(): Promise<void> {
	for (const folder of new Set((process.env['PATH'] ?? '').split(':'))) {
		const node = join(folder, 'node');
		const version = /^v(\d+)\.(\d+)\./.exec((await run(node, ['--version'])).output);
		if (version === null || Number(version[1]) > 22 || (Number(version[1]) === 22 && Number(version[2]) >= 19))
			continue;
		const said = await command(node, [join(root, 'bin/countersign.cjs'), '--help'], { status: 2 });
		if (!said.includes('needs Node.js 22.19')) problems.push(`${node} was told: ${said}`);
	}
}
