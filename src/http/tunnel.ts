/**
 * Two sockets joined after an upgrade: bytes go both ways at the pace of the slower side until one side ends its own
 * direction, nothing moves for too long, or the time is up for which the decision holds.
 */
import type { Socket } from 'node:net';
import { Alarm } from './alarm.ts';

export interface TunnelOptions {
	/** Milliseconds without a byte in either direction; 0: no limit. */
	readonly idle: number;
	/** Milliseconds since the epoch; Infinity: never. */
	readonly until: number;
	/** Called once, when both sockets are closed. */
	ended(): void;
}

/** Joins them. Both sockets must have come out of their parsers; errors end the tunnel and are not reported. */
export function joinSockets(client: Socket, upstream: Socket, options: TunnelOptions): void {
	let open = 2;
	const cut = (): void => {
		client.destroy();
		upstream.destroy();
	};
	const end = (): void => {
		// What a side has not been sent yet may still go out.
		client.destroySoon();
		upstream.destroySoon();
	};
	const closed = (): void => {
		end();
		open -= 1;
		if (open > 0) {
			// The client's timer is gone where it is the upstream that does not read what is left.
			upstream.setTimeout(options.idle, cut);
			return;
		}
		alarm.clear();
		options.ended();
	};

	client.on('error', cut).once('end', end).once('close', closed);
	upstream.on('error', cut).once('end', end).once('close', closed);
	// A socket counts what it reads and what it writes, so the client's alone sees both directions.
	client.setTimeout(options.idle);
	upstream.setTimeout(0);
	client.on('timeout', cut);
	const alarm = new Alarm(options.until, cut);
	client.setNoDelay(true);
	upstream.setNoDelay(true);
	client.pipe(upstream);
	upstream.pipe(client);
}
