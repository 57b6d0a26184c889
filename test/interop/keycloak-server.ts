/**
 * Keycloak on this machine: the distribution of Maven Central, kept in a cache outside the project, in development mode
 * with a database in memory, on loopback, over HTTP and, for client certificates, over TLS. It ends with the run.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../scripts/run-command.ts';

/** What the run needs is not on this machine. */
export class Missing extends Error {}

export interface Keycloak {
	/** `http://127.0.0.1:…`; it stands in every issuer, also of tokens from `tlsUrl`. */
	readonly url: string;
	/** `https://localhost:…`, which asks for a client certificate. */
	readonly tlsUrl: string;
	readonly administrator: { readonly name: string; readonly password: string };
	stop(): Promise<void>;
}

export interface KeycloakFiles {
	/** PEM files of the server's own identity. */
	readonly certificate: string;
	readonly key: string;
	/** PEM file with the client certificates that it trusts. */
	readonly trusted: string;
}

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'countersign-interop');
const oldestJava = 17;
/** Milliseconds: the first start builds the server anew, which takes most of it on a slow machine. */
const patience = 300_000;

/** Fetches that version unless it is in the cache. Resolves with its folder; rejects with `Missing`. */
export async function fetchKeycloak(version: string, say: (text: string) => void): Promise<string> {
	const java = await run('java', ['-version']);
	const major = Number(/version "(\d+)/.exec(java.output)?.[1]);
	if (java.status !== 0 || !(major >= oldestJava)) {
		throw new Missing(`Keycloak needs Java ${oldestJava} or newer: put \`java\` on the path.`);
	}
	const folder = join(cache, `keycloak-${version}`);
	if (await access(folder).then(yes, no)) return folder;

	if ((await run('mvn', ['-version'])).status !== 0) {
		throw new Missing('Keycloak is fetched with Maven: put `mvn` on the path.');
	}
	say(`fetching Keycloak ${version} (160 MB) into ${cache}\n`);
	await mkdir(cache, { recursive: true });
	const scratch = await mkdtemp(join(cache, 'fetching-'));
	try {
		const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
		const args = ['--batch-mode', 'dependency:unpack', `-Dartifact=${artifact}`, `-DoutputDirectory=${scratch}`];
		const { status, output } = await run('mvn', args, { cwd: scratch, timeout: 900_000 });
		if (status !== 0) throw new Missing(`Maven did not fetch ${artifact}:\n${output.slice(-2_000)}`);
		// In one step, so that what an interrupted run leaves behind is never taken for the whole.
		await rename(join(scratch, `keycloak-${version}`), folder);
	} finally {
		await rm(scratch, { recursive: true, force: true });
	}
	return folder;
}

/** Resolves once it answers. */
export async function startKeycloak(folder: string, files: KeycloakFiles): Promise<Keycloak> {
	const [port, tlsPort] = [await freePort(), await freePort()];
	const url = `http://127.0.0.1:${port}`;
	const administrator = { name: 'administrator', password: randomBytes(24).toString('base64url') };
	const child = spawn(
		join(folder, 'bin', 'kc.sh'),
		[
			'start-dev',
			'--db=dev-mem',
			'--http-host=127.0.0.1',
			`--http-port=${port}`,
			`--https-port=${tlsPort}`,
			`--hostname=${url}`,
			`--https-certificate-file=${files.certificate}`,
			`--https-certificate-key-file=${files.key}`,
			'--https-client-auth=request',
			`--truststore-paths=${files.trusted}`,
		],
		{
			// A group of its own: the script starts Java, and both must go.
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {
				...process.env,
				JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx1g',
				KC_BOOTSTRAP_ADMIN_USERNAME: administrator.name,
				KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
			},
		},
	);
	let output = '';
	const keep = (data: Buffer): void => {
		output = (output + data.toString()).slice(-4_000);
	};
	child.stdout.on('data', keep);
	child.stderr.on('data', keep);
	const ended = new Promise<void>((resolve) => {
		child.once('error', (problem) => {
			output += problem.message;
			resolve();
		});
		child.once('exit', () => resolve());
	});
	// Whatever ends us: an exit cannot wait, and SIGKILL does not ask.
	const onExit = (): void => signal(child, 'SIGKILL');
	process.once('exit', onExit);

	const stop = async (): Promise<void> => {
		signal(child, 'SIGTERM');
		if ((await Promise.race([ended, sleep(15_000, 'slow')])) === 'slow') signal(child, 'SIGKILL');
		await ended;
		process.off('exit', onExit);
	};
	const until = performance.now() + patience;
	while (!(await answers(`${url}/realms/master`))) {
		const over = await Promise.race([ended.then(yes), sleep(250, false)]);
		if (!over && performance.now() < until) continue;
		await stop();
		throw new Error(`Keycloak did not start:\n${output}`);
	}
	return { url, tlsUrl: `https://localhost:${tlsPort}`, administrator, stop };
}

function signal({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): void {
	if (pid === undefined || exitCode !== null || signalCode !== null) return;
	try {
		process.kill(-pid, name);
	} catch {
		// It has ended.
	}
}

async function answers(url: string): Promise<boolean> {
	return fetch(url).then(({ ok }) => ok, no);
}

/** Free a moment ago, which is the best that can be said of a port that another program is to open. */
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const address = server.address();
	await new Promise((resolve) => {
		server.close(resolve);
	});
	if (typeof address !== 'object' || address === null) throw new Error('no port is free');
	return address.port;
}

function yes(): boolean {
	return true;
}

function no(): boolean {
	return false;
}
