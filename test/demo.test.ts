import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runDemo } from '#cli/demo/index';
import { steps } from '#cli/demo/steps';

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

test('the tour goes as told, and its exit status says so', async () => {
	const printed: string[] = [];
	const status = await runDemo(['--exit', '--free-ports'], (text) => printed.push(text));
	const text = printed.join('');
	expect(text).not.toContain('✗');
	expect(text).toContain(`${steps.length} of ${steps.length} steps went as told`);
	expect(status).toBe(0);
	// No token is ever printed, not even this server's.
	expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/);
});

test('the steps show what a newcomer asks about', () => {
	const reasons = new Set(steps.map((step) => step.expect.reason));
	expect(reasons).toEqual(
		new Set([
			undefined,
			'credential_missing',
			'signature_invalid',
			'audience_mismatch',
			'scope_insufficient',
			'claim_mismatch',
			'claim_missing',
			'token_expired',
		]),
	);
});

test('without --exit it serves, the printed curl lines hold, and an interrupt ends it cleanly', async () => {
	const child = spawn(process.execPath, ['--conditions=countersign-source', main, 'demo', '--free-ports'], {
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let output = '';
	let errors = '';
	child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
	const closed = once(child, 'close');
	await new Promise<void>((resolve, reject) => {
		child.stdout.on('data', (chunk: Buffer) => {
			output += chunk.toString();
			if (output.includes('# a token that may write') && output.endsWith('\n\n')) resolve();
		});
		child.once('exit', () => reject(new Error(`ended early: ${output}${errors}`)));
	});

	const endpoint = /curl -s (\S+)/.exec(output)?.[1] ?? '';
	const gateway = /curl -i (http:\/\/[^/]+)/.exec(output)?.[1] ?? '';
	const form = Object.fromEntries([...output.matchAll(/-d (\w+)=([^\s\\]+)/g)].slice(0, 4).map((m) => [m[1], m[2]]));
	const issued = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(form) });
	const { access_token: token } = (await issued.json()) as { access_token: string };
	expect((await fetch(`${gateway}/orders/42`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
	expect((await fetch(`${gateway}/orders/42`)).status).toBe(401);

	child.kill('SIGINT');
	expect(await closed).toEqual([0, null]);
	expect(output).toContain('401 GET /orders/42 · credential_missing');
	expect(errors).toBe('');
});
