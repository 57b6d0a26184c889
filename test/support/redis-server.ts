/**
 * A real redis-server of the test's own on a free port, where one is installed; in continuous integration there must be
 * one. Also a TCP proxy in front of it whose traffic the test can stop, in the way that a broken network does.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { vi } from 'vitest';
import { makeFastTempDir } from './temp-dir.ts';

export interface RedisServer {
	readonly port: number;
	readonly url: string;
	/** Ends the process at once, like kill -9. */
	kill(): Promise<void>;
	/** Starts it again on the same port, with whatever it kept. */
	start(): Promise<void>;
	/** Kills it and removes its folder. */
	stop(): Promise<void>;
}

/** Where there is none, tests of it are skipped; never in continuous integration. */
export const hasRedis: boolean = isInstalled() || process.env['CI'] === 'true';

function isInstalled(): boolean {
	try {
		execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

/** `options`: command line arguments beside the port, such as `--appendonly yes`. */
export async function startRedis(options: readonly string[] = [], fixedPort?: number): Promise<RedisServer> {
	const folder = makeFastTempDir();
	const port = fixedPort ?? (await freePort());
	let running: ChildProcess | undefined;

	async function start(): Promise<void> {
		const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options];
		const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
		running = child;
		let output = '';
		child.stdout.on('data', (piece: Buffer) => (output += piece.toString()));
		child.on('error', (cause) => (output += cause.message));
		await vi.waitFor(
			() => {
				if (!output.includes('Ready to accept connections')) throw new Error(`redis-server does not start: ${output}`);
			},
			{ timeout: 15_000, interval: 20 },
		);
	}

	async function kill(): Promise<void> {
		const child = running;
		running = undefined;
		if (child === undefined || child.exitCode !== null) return;
		const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.kill('SIGKILL');
		await gone;
	}

	await start();
	return {
		port,
		url: `redis://127.0.0.1:${port}`,
		kill,
		start,
		async stop() {
			await kill();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

export interface CutProxy {
	readonly port: number;
	/** Nothing passes any more, in either direction; connections stay open and new ones are taken. */
	cut(): void;
	/** Like `cut` for `ms`, then goes on with what was held up. */
	stall(ms: number): Promise<void>;
	/** Connections from the time of the cut are reset, and traffic flows again. */
	restore(): void;
	close(): Promise<void>;
}

/** A proxy on loopback to `port`. */
export async function startCutProxy(port: number): Promise<CutProxy> {
	const sockets = new Set<Socket>();
	let isCut = false;
	const server: Server = createServer((client) => {
		const upstream = connect(port, '127.0.0.1');
		for (const [from, to] of [
			[client, upstream],
			[upstream, client],
		] as const) {
			sockets.add(from);
			from.on('error', () => {});
			from.on('close', () => {
				sockets.delete(from);
				to.destroy();
			});
			from.pipe(to);
			if (isCut) from.pause();
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('the proxy has no address');

	const hold = (): void => {
		isCut = true;
		for (const socket of sockets) socket.pause();
	};
	return {
		port: address.port,
		cut: hold,
		async stall(ms) {
			hold();
			await new Promise((resolve) => setTimeout(resolve, ms));
			isCut = false;
			for (const socket of sockets) socket.resume();
		},
		restore() {
			isCut = false;
			for (const socket of sockets) socket.resetAndDestroy();
		},
		close() {
			for (const socket of sockets) socket.destroy();
			return new Promise((resolve) => {
				server.close(() => resolve());
			});
		},
	};
}

/**
 * A port that nobody listens on, outside the range from which the system gives ports to connections: one that is given
 * back for a moment is still free then.
 */
export async function freePort(): Promise<number> {
	for (let attempt = 0; attempt < 100; attempt++) {
		const port = randomInt(20_000, 32_000);
		const server = createServer();
		const isFree = await new Promise<boolean>((resolve) => {
			server.once('error', () => resolve(false));
			server.listen(port, '127.0.0.1', () => resolve(true));
		});
		if (!isFree) continue;
		await new Promise<void>((resolve) => {
			server.close(() => resolve());
		});
		return port;
	}
	throw new Error('no port is free');
}
