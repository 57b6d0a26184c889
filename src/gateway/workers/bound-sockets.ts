/**
 * The listening sockets of a gateway with workers. The primary binds them and accepts nothing; every worker inherits them
 * and takes connections from the one queue of each. They live as long as the primary, so connections that nobody has
 * taken yet survive the death of any worker, of all of them too.
 */
import { lookup } from 'node:dns/promises';
import * as net from 'node:net';
import type { BoundAddress, ListenerOptions } from '#http/engine';
import { addressOf, whyNot } from '#http/listener';

export interface BoundSockets {
	readonly addresses: readonly BoundAddress[];
	/** For the `stdio` of a worker. */
	readonly descriptors: readonly number[];
	/** Workers that have them keep them. Once everybody has closed them, connections are refused. */
	close(): void;
}

/** Rejects with a readable Error when an address cannot be bound, or sockets cannot be shared here. */
export async function bindSockets(listeners: readonly ListenerOptions[]): Promise<BoundSockets> {
	// Node.js 24.19 brought it. What every Node.js has (cluster) closes a socket with its queue when the last worker dies.
	if (process.platform === 'win32' || typeof net.BoundSocket !== 'function') {
		throw new Error('workers: sharing a listener among processes needs Node.js 24.19 or newer, and not Windows');
	}
	const bound: net.BoundSocket[] = [];
	const addresses: BoundAddress[] = [];
	const close = () => {
		for (const socket of bound.splice(0)) socket.close();
	};
	try {
		for (const listener of listeners) {
			const socket = await bind(listener);
			bound.push(socket);
			addresses.push(addressOf(listener, socket.address().port));
		}
	} catch (cause) {
		close();
		throw cause;
	}
	return { addresses, descriptors: bound.map((socket) => socket.fd()), close };
}

async function bind({ host, port }: ListenerOptions): Promise<net.BoundSocket> {
	try {
		const { address } = await lookup(host);
		return new net.BoundSocket({ host: address, port });
	} catch (cause) {
		throw cause instanceof Error ? new Error(whyNot(cause, host, port), { cause }) : cause;
	}
}
