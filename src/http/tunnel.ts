/**
 * Two wires joined after an upgrade: bytes go both ways at the pace of the slower side until one side ends its own
 * direction, nothing moves for too long, or the time is up for which the decision holds.
 */
import { Alarm } from './alarm.ts';
import type { Wire } from './wire.ts';

export interface TunnelOptions {
	/** Milliseconds without a byte in either direction; 0: no limit. */
	readonly idle: number;
	/** Milliseconds since the epoch; Infinity: never. */
	readonly until: number;
	/** Called once, when both wires are closed. */
	ended(): void;
}

/**
 * Joins them. Both wires must have come out of their parsers; errors end the tunnel and are not reported. Returns what cuts
 * it at once.
 */
export function joinWires(client: Wire, upstream: Wire, options: TunnelOptions): () => void {
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
	const closed = (error: Error | undefined): void => {
		if (error === undefined) end();
		else cut();
		open -= 1;
		if (open > 0) {
			// The client's timer is gone where it is the upstream that does not read what is left.
			upstream.socket.setTimeout(options.idle, cut);
			return;
		}
		alarm.clear();
		options.ended();
	};
	const pass = (from: Wire, to: Wire): void =>
		from.listen({
			arrived(bytes) {
				// A side that is being ended takes no more; to write there would cut the other one off from what is still its.
				if (!to.socket.writable) return;
				to.send('', bytes, 0, bytes.length, '');
				if (to.isBlocked) from.socket.pause();
			},
			drained: () => void to.socket.resume(),
			ended: end,
			closed,
		});

	// A socket counts what it reads and what it writes, so the client's alone sees both directions.
	client.socket.setTimeout(options.idle);
	upstream.socket.setTimeout(0);
	client.socket.on('timeout', cut);
	const alarm = new Alarm(options.until, cut);
	client.socket.setNoDelay(true);
	upstream.socket.setNoDelay(true);
	pass(client, upstream);
	pass(upstream, client);
	client.socket.resume();
	upstream.socket.resume();
	return cut;
}
