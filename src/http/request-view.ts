/**
 * The request as the decision sees it, read from the raw field lines: never from a map in which a parser has already
 * joined, dropped or renamed some.
 */
import type { IncomingMessage } from 'node:http';
import type { RequestView } from '#core/index';
import type { Peer } from './connection.ts';

export class NodeRequestView implements RequestView {
	readonly method: string;
	readonly target: string;
	readonly scheme: 'http' | 'https';
	readonly host: string;
	readonly peer: string;
	readonly serverName: string | undefined;
	/** Flat: name, value, name, value; each char one octet. */
	readonly raw: readonly string[];

	constructor(request: IncomingMessage, peer: Peer) {
		this.method = request.method ?? '';
		this.target = request.url ?? '';
		this.raw = request.rawHeaders;
		this.scheme = peer.scheme;
		this.peer = peer.address;
		this.serverName = peer.serverName;
		this.host = this.header('host') ?? '';
	}

	headerCount(name: string): number {
		let count = 0;
		for (let index = 0; index < this.raw.length; index += 2) {
			if (same(this.raw[index], name)) count += 1;
		}
		return count;
	}

	header(name: string): string | undefined {
		for (let index = 0; index < this.raw.length; index += 2) {
			if (same(this.raw[index], name)) return this.raw[index + 1];
		}
		return undefined;
	}
}

function same(line: string | undefined, name: string): boolean {
	return line !== undefined && line.length === name.length && (line === name || line.toLowerCase() === name);
}
