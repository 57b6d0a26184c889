/** The field lines by which the upstream learns of the client's connection, as text. */

import { isFieldValue } from '#formats/header-value';
import { forwardedLines, rebuiltFields } from '../forwarded-headers.ts';
import type { Peer } from '../peer.ts';
import { joinedValues } from './field-lines.ts';
import type { RequestHead } from './request-head.ts';

export interface ForwardedFrom {
	readonly peer: Peer;
	/** Host that the request was for; empty when it named none. */
	readonly host: string;
	/** Whether the peer is a trusted proxy, whose own account is taken over. */
	readonly isTrusted: boolean;
}

/** Whole lines. What the request claims of itself is read only from a trusted proxy. */
export function forwardedText(head: RequestHead, { peer, host, isTrusted }: ForwardedFrom): string {
	const said: string[] = [];
	if (isTrusted) {
		for (const name of rebuiltFields) {
			const value = joinedValues(head, name);
			if (value !== undefined) said.push(name, value);
		}
	}
	const lines = forwardedLines(said, { peer: peer.address, scheme: peer.scheme, host, trusted: isTrusted });
	let text = '';
	for (let index = 0; index + 1 < lines.length; index += 2) {
		const value = lines[index + 1] ?? '';
		if (!isFieldValue(value)) throw new Error(`invalid value for the header ${lines[index]}`);
		text += `${lines[index]}: ${value}\r\n`;
	}
	return text;
}

/** The same for every request of one connection; made once a host. */
export class ForwardedLines {
	readonly peer: Peer;
	readonly isTrusted: boolean;
	#host: string | undefined;
	#text = '';

	constructor(peer: Peer, isTrusted: boolean) {
		this.peer = peer;
		this.isTrusted = isTrusted;
	}

	/** Whole lines for a request to `host`. A trusted proxy's own account may differ with every request. */
	lines(head: RequestHead, host: string): string {
		if (this.isTrusted) return forwardedText(head, { peer: this.peer, host, isTrusted: true });
		if (host !== this.#host) {
			this.#host = host;
			this.#text = forwardedText(head, { peer: this.peer, host, isTrusted: false });
		}
		return this.#text;
	}
}
