/** Real clients and a real server, those that npm brings, through the whole gateway; `npm run neighbours` has the others. */
import { expect, onTestFinished, test } from 'vitest';
import { type Client, undici, webSockets } from '../neighbours/clients.ts';
import { nodeOrigin } from '../neighbours/origins.ts';
import { startTestGateway } from '../support/gateway.ts';

test.each<readonly [name: string, client: Client]>([
	['undici, pipelined', undici],
	['WebSockets', webSockets],
])('%s, to node:http', async (_, client) => {
	const origin = await nodeOrigin();
	onTestFinished(() => origin.stop());
	const gateway = await startTestGateway({
		routes: [{ name: 'all', path: '/**', public: true, upstream: `http://127.0.0.1:${origin.port}` }],
	});
	onTestFinished(() => gateway.stop());
	expect(await client(gateway.url, gateway.folder)).toEqual([]);
});
