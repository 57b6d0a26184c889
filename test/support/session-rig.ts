/** A provider at which people log in, one or more gateways with sessions of it, and an API behind them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoginServer, startLoginServer } from '../../src/cli/demo/login-server.ts';
import { type Browser, createBrowser } from './browser.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { type RecordingUpstream, recordingUpstream } from './recording-upstream.ts';
import { freePort } from './redis-server.ts';
import { startWireTap, type WireTap } from './wire-tap.ts';

export const sessionAudience = 'https://api.example.com';
export const clientSecret = 'a secret of the gateway, 32 bytes';

export interface SessionRigOptions {
	/** Gateways that share the origin’s cookies: each one has a port of its own on `localhost`. Default 1. */
	readonly gateways?: number;
	/** Laid over `sessions.web`. */
	readonly sessions?: Readonly<Record<string, unknown>>;
	/** Laid over the route `/api/**`. */
	readonly route?: Readonly<Record<string, unknown>>;
	/** Laid over the whole file. */
	readonly file?: Readonly<Record<string, unknown>>;
	/** Seconds that an access token lives; default 300. */
	readonly lifetime?: () => number;
	readonly client?: Readonly<Record<string, unknown>>;
	readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
	readonly pushed?: 'never' | 'required';
	/** That the provider gives, looked at with each login; default `read`. */
	readonly scopes?: readonly string[];
	/** Seconds in which the provider takes a used refresh token once more; default 0. */
	readonly reuseGrace?: number;
	/** Keeps every octet between browsers and the first gateway. */
	readonly tapped?: boolean;
	readonly runtime?: NonNullable<TestGatewayOptions['runtime']>;
}

export interface SessionRig {
	readonly provider: LoginServer;
	readonly gateways: readonly TestGateway[];
	/** The first one, and its origin. */
	readonly gateway: TestGateway;
	readonly origin: string;
	/** Origins of all of them: `http://localhost:…`. */
	readonly origins: readonly string[];
	readonly upstream: RecordingUpstream;
	readonly browser: Browser;
	/** Only where it is tapped. */
	readonly tap: WireTap | undefined;
	/** One for each answer of the provider’s token endpoint. */
	readonly grants: string[];
	/** Of the first gateway. */
	readonly config: Readonly<Record<string, unknown>>;
	stop(): Promise<void>;
}

/** Every gateway says that it is the first one's origin: a browser that asks another port of `localhost` sends the same cookies. */
export async function startSessionRig(options: SessionRigOptions = {}): Promise<SessionRig> {
	const count = options.gateways ?? 1;
	const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
	const [firstPort = 0] = ports;
	const originPort = options.tapped === true ? await freePort() : firstPort;
	const tap = options.tapped === true ? await startWireTap(originPort, firstPort) : undefined;
	const origin = `http://localhost:${originPort}`;
	const grants: string[] = [];
	const upstream = await recordingUpstream({ closedBy: 'caller' });
	const provider = await startLoginServer({
		port: 0,
		clients: [
			{
				client_id: 'gateway',
				client_secret: clientSecret,
				redirect_uris: [`${origin}/auth/callback`],
				post_logout_redirect_uris: [`${origin}/`],
				backchannel_logout_uri: `${origin}/auth/backchannel-logout`,
				backchannel_logout_session_required: true,
				grant_types: ['authorization_code', 'refresh_token'],
				response_types: ['code'],
				...options.client,
			},
		],
		audience: sessionAudience,
		scopes: options.scopes ?? ['read'],
		reuseGrace: options.reuseGrace ?? 0,
		lifetime: options.lifetime ?? (() => 300),
		intercept(request, response) {
			if (options.intercept?.(request, response) === true) return true;
			if (request.url === '/token') response.once('finish', () => grants.push('token'));
			return false;
		},
		...(options.pushed === undefined ? {} : { pushed: options.pushed }),
	});
	const config = (port: number) => ({
		listen: `127.0.0.1:${port}`,
		store: { type: 'memory' },
		providers: {
			idp: {
				issuer: provider.issuer,
				audience: sessionAudience,
				client: { id: 'gateway', secret: clientSecret },
				max_lifetime: '1h',
				clock_skew: '0s',
			},
		},
		sessions: { web: { provider: 'idp', origin, scopes: ['read', 'offline_access'], ...options.sessions } },
		routes: [
			{
				name: 'api',
				path: '/api/**',
				sessions: ['web'],
				scopes: ['read'],
				claims_to_headers: { 'x-user': 'sub' },
				upstream: upstream.url,
				...options.route,
			},
			{ name: 'page', path: '/', public: true, upstream: upstream.url },
		],
		...options.file,
	});
	const gateways: TestGateway[] = [];
	for (const port of ports) {
		gateways.push(
			await startTestGateway(config(port), options.runtime === undefined ? {} : { runtime: options.runtime }),
		);
	}
	const [gateway] = gateways;
	if (gateway === undefined) throw new Error('there is no gateway');
	return {
		provider,
		gateways,
		gateway,
		origin,
		origins: ports.map((port) => `http://localhost:${port}`),
		upstream,
		browser: createBrowser(),
		tap,
		grants,
		config: config(firstPort),
		async stop() {
			await tap?.close();
			await Promise.all(gateways.map((each) => each.stop()));
			await provider.stop();
			await upstream.close();
		},
	};
}

/** The person ends the session at the provider, which asks once more. */
export async function endAtProvider(browser: Browser, issuer: string): Promise<void> {
	const asked = await browser.open(`${issuer}/session/end?client_id=gateway`);
	const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(asked.body) ?? [];
	const [, action = ''] = /action="([^"]+)"/.exec(asked.body) ?? [];
	const headers = { 'content-type': 'application/x-www-form-urlencoded' };
	await browser.ask(action, { method: 'POST', navigate: true, headers, body: `xsrf=${xsrf}&logout=yes` });
}
