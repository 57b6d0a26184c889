/** Servers of the demo: loopback only, at the usual port where it is free, else at any other. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const host = '127.0.0.1';

/** Opens `server` at `port`, or at a free one when that is taken. Gives the port. */
export async function listenNear(server: Server, port: number): Promise<number> {
	try {
		return await listen(server, port);
	} catch (error) {
		if (!isAddressInUse(error)) throw error;
		return await listen(server, 0);
	}
}

/** Whether nobody listens at `port` at this moment. */
export async function isFree(port: number): Promise<boolean> {
	const probe = createServer();
	try {
		await listen(probe, port);
		return true;
	} catch (error) {
		if (isAddressInUse(error)) return false;
		throw error;
	} finally {
		await close(probe);
	}
}

/** Closes at once, whatever is under way. Resolves for a server that never listened, too. */
export async function close(server: Server): Promise<void> {
	server.closeAllConnections();
	await new Promise<void>((resolve) => {
		server.close(() => resolve());
	});
}

function listen(server: Server, port: number): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, () => {
			server.off('error', reject);
			resolve((server.address() as AddressInfo).port);
		});
	});
}

function isAddressInUse(error: unknown): boolean {
	const code = error instanceof Error && 'code' in error ? error.code : undefined;
	return code === 'EADDRINUSE' || code === 'EACCES';
}

/** A port that was free a moment ago, for what must be known before anything listens on it. */
export async function freePort(): Promise<number> {
	const server = createServer();
	const port = await listenNear(server, 0);
	await close(server);
	return port;
}
