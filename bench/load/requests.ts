/** The requests of an order as bytes, made before the clock starts. */
import { readFileSync } from 'node:fs';
import type { Order } from './order.ts';

export interface Requests {
	/** As many as there are credentials or paths, whichever is more; exactly the credentials when each is used once. */
	readonly heads: readonly Buffer[];
	/** The body that all of them have. */
	readonly body: Buffer | undefined;
}

export function createRequests({ port, credentials, paths, body, close, pace }: Order): Requests {
	const lines = readFileSync(credentials, 'latin1').trimEnd().split('\n');
	const count = pace.kind === 'once' ? lines.length : Math.max(lines.length, paths.length);
	const fields = [
		`Host: 127.0.0.1:${port}`,
		...(close ? ['Connection: close'] : []),
		...(body > 0 ? ['Content-Type: application/octet-stream', `Content-Length: ${body}`] : []),
	].join('\r\n');
	return {
		heads: Array.from({ length: count }, (_, index) => {
			const path = paths[index % paths.length] ?? '/';
			const credential = (lines[index % lines.length] ?? '').replaceAll('\t', '\r\n');
			return Buffer.from(
				`${body > 0 ? 'POST' : 'GET'} ${path} HTTP/1.1\r\n${fields}\r\n${credential}\r\n\r\n`,
				'latin1',
			);
		}),
		body: body > 0 ? Buffer.alloc(body, 'x') : undefined,
	};
}
