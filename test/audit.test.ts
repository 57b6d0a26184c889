/** The audit trail as an operator meets it: a full disk, a killed process, rotation, and nothing secret in it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway } from '#gateway/start-gateway';
import type { AuditRecord } from '#observe/audit-record';
import { fakeLog } from './support/fake-runtime.ts';
import { exchange } from './support/raw-client.ts';
import { recordingUpstream } from './support/recording-upstream.ts';
import { makeTempDir, writeIn } from './support/temp-dir.ts';
import { createTestProvider, type TestProvider } from './support/test-provider.ts';

let provider: TestProvider;
let upstream: Awaited<ReturnType<typeof recordingUpstream>>;

beforeAll(async () => {
	provider = await createTestProvider();
	upstream = await recordingUpstream({ closedBy: 'caller' });
});
afterAll(async () => {
	await provider.stop();
	await upstream.close();
});

function config(audit: object): string {
	return JSON.stringify({
		listen: '127.0.0.1:0',
		audit,
		providers: { idp: { issuer: provider.issuer, audience: provider.audience } },
		routes: [
			{ name: 'guarded', path: '/guarded', providers: ['idp'], upstream: upstream.url },
			{ name: 'open', path: '/open', public: true, upstream: upstream.url },
		],
	});
}

async function gatewayWith(audit: object) {
	const folder = makeTempDir();
	return startGateway({ configFile: writeIn(folder, 'gateway.yaml', config(audit)), log: fakeLog() });
}

const bearer = () => ({ headers: { authorization: `Bearer ${provider.issue()}` } });

describe.runIf(existsSync('/dev/full'))('a disk that is full', () => {
	test('refuse: guarded requests are 503, nothing unaudited reaches the upstream, public ones go on', async () => {
		const gateway = await gatewayWith({ file: '/dev/full', on_overflow: 'refuse' });
		try {
			const before = upstream.requests.length;
			const answers = await Promise.all([
				fetch(`${gateway.url}/guarded`, bearer()),
				fetch(`${gateway.url}/guarded`),
				fetch(`${gateway.url}/guarded`, bearer()),
			]);
			expect(answers.map((answer) => answer.status)).toEqual([503, 503, 503]);
			expect(answers[0]?.headers.get('retry-after')).not.toBeNull();
			expect(upstream.requests.length).toBe(before);
			expect((await fetch(`${gateway.url}/open`)).status).toBe(200);
		} finally {
			await gateway.stop();
		}
	});

	test('drop: requests are served, losses are counted', async () => {
		const gateway = await gatewayWith({ file: '/dev/full', on_overflow: 'drop' });
		try {
			expect((await fetch(`${gateway.url}/guarded`, bearer())).status).toBe(200);
		} finally {
			await gateway.stop();
		}
	});
});

describe.runIf(canMount())('a small file system that fills up under load', () => {
	test('refuse: every request that reached the upstream is on record', async () => {
		const folder = mkdtempSync(join(tmpdir(), 'countersign-full-'));
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
		const file = join(folder, 'audit.jsonl');
		const gateway = await gatewayWith({ file, on_overflow: 'refuse' });
		try {
			const before = upstream.requests.length;
			const statuses: number[] = [];
			for (let i = 0; i < 60; i++) {
				const answers = await Promise.all(Array.from({ length: 10 }, () => fetch(`${gateway.url}/guarded`, bearer())));
				statuses.push(...answers.map((answer) => answer.status));
			}
			expect(new Set(statuses)).toEqual(new Set([200, 503]));
			const decided = readFileSync(file, 'utf8')
				.split('\n')
				.filter((line) => line.includes('"event":"decision"') && line.includes('"decision":"allow"'));
			expect(upstream.requests.length - before).toBe(statuses.filter((status) => status === 200).length);
			expect(decided.length).toBeGreaterThanOrEqual(upstream.requests.length - before);
		} finally {
			await gateway.stop();
			execFileSync('umount', [folder]);
			rmSync(folder, { recursive: true });
		}
	});
});

function canMount(): boolean {
	if (process.getuid?.() !== 0) return false;
	const folder = mkdtempSync(join(tmpdir(), 'countersign-mount-'));
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
		execFileSync('umount', [folder], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

test('refuse: a decision is on record before the upstream is asked, and its completion follows', async () => {
	const file = join(makeTempDir(), 'audit.jsonl');
	const gateway = await gatewayWith({ file, on_overflow: 'refuse' });
	await fetch(`${gateway.url}/guarded`, bearer());
	await fetch(`${gateway.url}/guarded`);
	await fetch(`${gateway.url}/open`);
	await gateway.stop();
	const records = readFileSync(file, 'utf8')
		.trimEnd()
		.split('\n')
		.map((line): Record<string, unknown> => JSON.parse(line));
	expect(records.map(({ event, decision, status }) => [event, decision, status])).toEqual([
		['decision', 'allow', undefined],
		['completion', 'allow', 200],
		['decision', 'deny', undefined],
		['completion', 'deny', 401],
		[undefined, 'allow', 200],
	]);
	expect(records[0]?.['request_id']).toBe(records[1]?.['request_id']);
});

test('kill -9 in the middle of load tears no line and loses at most the last batch', async () => {
	const folder = makeTempDir();
	const file = join(folder, 'audit.jsonl');
	const child = startChild(writeIn(folder, 'gateway.yaml', config({ file })));
	const url = await listening(child);
	let answered = 0;
	let killed = false;
	const clients = Array.from({ length: 8 }, async () => {
		while (!killed) {
			try {
				await (await fetch(`${url}/open`)).arrayBuffer();
				answered++;
			} catch {
				return;
			}
			if (answered >= 300 && !killed) {
				killed = true;
				child.kill('SIGKILL');
			}
		}
	});
	await Promise.all(clients);
	const text = readFileSync(file, 'utf8');
	expect(text.endsWith('\n')).toBe(true);
	const lines = text.trimEnd().split('\n');
	for (const line of lines) JSON.parse(line);
	// A batch holds what eight clients were answered in a few milliseconds.
	expect(lines.length).toBeGreaterThanOrEqual(answered - 60);
});

function startChild(configFile: string): ChildProcess {
	return spawn(
		process.execPath,
		['--conditions=countersign-source', 'src/cli/main.ts', 'start', '--config', configFile],
		{ cwd: join(import.meta.dirname, '..'), stdio: ['ignore', 'ignore', 'pipe'] },
	);
}

async function listening(child: ChildProcess): Promise<string> {
	let text = '';
	for (;;) {
		const [chunk]: Buffer[] = await once(child.stderr ?? child, 'data');
		text += String(chunk);
		const url = /listening on (\S+)/.exec(text)?.[1];
		if (url !== undefined) return url;
	}
}

test('a password in a target or in Host is not recorded', async () => {
	const folder = makeTempDir();
	const records: AuditRecord[] = [];
	const gateway = await startGateway({
		configFile: writeIn(folder, 'gateway.yaml', config({})),
		log: fakeLog(),
		onAudit: (record) => records.push(record),
	});
	try {
		await exchange(gateway.url, 'GET http://user:canary-1@a/open HTTP/1.1\r\nHost: a\r\n\r\n');
		await exchange(gateway.url, 'GET /open HTTP/1.1\r\nHost: user:canary-2@a\r\n\r\n');
		await expect.poll(() => records.length).toBe(2);
		expect(records.map(({ status, host, path }) => [status, host, path])).toEqual([
			[400, 'a', 'http://a/open'],
			[400, 'a', '/open'],
		]);
		expect(JSON.stringify(records)).not.toContain('canary');
	} finally {
		await gateway.stop();
		rmSync(folder, { recursive: true, force: true });
	}
});
