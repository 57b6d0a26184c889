/** Before anything is measured: does this peer do what the table says of it? A gateway that checks nothing is fast. */
import type { Peer, Running } from './peers/peer.ts';
import type { Issuer } from './tokens.ts';

/** Throws an Error that names what the peer did otherwise. */
export async function preflight(peer: Peer, { port }: Running, issuer: Issuer): Promise<void> {
	const token = issuer.mint();
	const seen = await ask(port, '/seen', token);
	if (seen.status !== 200) throw new Error(`${peer.name}: ${seen.status} for a good token`);
	if (peer.verification === 'none') return;
	if (/^authorization:/im.test(seen.text)) throw new Error(`${peer.name}: the backend saw Authorization`);

	const altered = `${token.slice(0, -8)}${token.endsWith('AAAAAAAA') ? 'BBBBBBBB' : 'AAAAAAAA'}`;
	const now = Math.floor(Date.now() / 1000);
	const bad: Readonly<Record<string, string | undefined>> = {
		'no token': undefined,
		'an altered signature': altered,
		'another audience': issuer.mint({ aud: 'https://other.example.com' }),
		'another issuer': issuer.mint({ iss: 'https://other.example.com/' }),
		'an expired token': issuer.mint({ iat: now - 7200, exp: now - 3600 }),
	};
	for (const [what, credential] of Object.entries(bad)) {
		const { status } = await ask(port, '/orders/1', credential);
		if (status !== 401) throw new Error(`${peer.name}: ${status} for ${what}`);
	}
}

async function ask(port: number, path: string, token: string | undefined): Promise<{ status: number; text: string }> {
	const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
	const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
	return { status: response.status, text: await response.text() };
}
