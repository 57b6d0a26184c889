/** Before anything is measured: does this peer do what the table says of it? A gateway that checks nothing is fast. */
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Peer } from './peers/peer.ts';
import type { Issuer } from './tokens.ts';

/** Throws an Error that names what the peer did otherwise. */
export async function preflight(peer: Peer, port: number, tls: boolean, issuer: Issuer): Promise<void> {
	const ask = (path: string, token: string | undefined) => get(port, tls, path, token);
	const token = issuer.mint();
	const seen = await ask('/seen', token);
	if (seen.status !== 200) throw new Error(`${peer.name}: ${seen.status} for a good token`);
	if (peer.verification === 'none') return;
	if (/^authorization:/im.test(seen.text)) throw new Error(`${peer.name}: the backend saw Authorization`);

	for (const [what, credential] of Object.entries(badTokens(issuer, token))) {
		// Twice: what was seen before may be judged by a cache.
		for (let turn = 0; turn < 2; turn += 1) {
			const { status } = await ask('/orders/1', credential);
			if (status !== 401 && status !== 403) throw new Error(`${peer.name}: ${status} for ${what}`);
		}
	}
	if (!peer.checksScope) return;
	const { status } = await ask('/orders/1', issuer.mint({ scope: 'profile' }));
	if (status !== 403) throw new Error(`${peer.name}: ${status} for a token without the scope`);
}

function badTokens(issuer: Issuer, good: string): Readonly<Record<string, string | undefined>> {
	const now = Math.floor(Date.now() / 1000);
	return {
		'no token': undefined,
		'an altered signature': `${good.slice(0, -8)}${good.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`,
		'another audience': issuer.mint({ aud: 'https://other.example.com' }),
		'another issuer': issuer.mint({ iss: 'https://other.example.com/' }),
		'an expired token': issuer.mint({ iat: now - 7200, exp: now - 3600 }),
	};
}

interface Answer {
	readonly status: number;
	readonly text: string;
}

function get(port: number, tls: boolean, path: string, token: string | undefined): Promise<Answer> {
	const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
	const options = { host: '127.0.0.1', port, path, headers, agent: false as const };
	return new Promise((resolve, reject) => {
		const sent = tls
			? requestTls({ ...options, servername: 'localhost', rejectUnauthorized: false })
			: request(options);
		sent.on('error', reject);
		sent.on('response', (response) => {
			let text = '';
			response.setEncoding('latin1');
			response.on('data', (data: string) => (text += data));
			response.on('error', reject);
			response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
		});
		sent.end();
	});
}
