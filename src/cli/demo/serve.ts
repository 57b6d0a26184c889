/**
 * Starts the demo's servers: authorization server, login server, API, and the gateway with demo/gateway.yaml. Where a port of
 * that file is taken, a copy with free ports is written and used instead.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '#core/index';
import { startGateway } from '#gateway/start-gateway';
import type { AuditRecord } from '#observe/audit-record';
import { startAuthorizationServer } from './authorization-server.ts';
import { freePort, isFree } from './listen.ts';
import { startLoginServer } from './login-server.ts';
import { pagePath } from './page.ts';
import { startSampleApi } from './sample-api.ts';

const configFile = fileURLToPath(new URL('../../../demo/gateway.yaml', import.meta.url));
const ports = { gateway: 8080, api: 9001, provider: 9002, login: 9003 };

export interface ServingDemo {
	readonly gateway: string;
	/** Where a person can log in. */
	readonly page: string;
	readonly tokenEndpoint: string;
	/** The file that the gateway reads. */
	readonly configFile: string;
	/** Whether that is a copy with other ports. */
	readonly adjusted: boolean;
	/** Requests that have reached the API. */
	readonly apiRequests: () => number;
	stop(): Promise<void>;
}

export interface ServeOptions {
	/** Takes free ports even where the usual ones are free. */
	readonly freePorts: boolean;
	readonly log: Log;
	readonly onAudit: (record: AuditRecord) => void;
}

/** Rejects with a readable Error when something cannot start; then nothing stays open. */
export async function serveDemo({ freePorts, log, onAudit }: ServeOptions): Promise<ServingDemo> {
	const undo: (() => Promise<void>)[] = [];
	const stop = async () => {
		for (const step of undo.splice(0).toReversed()) await step();
	};
	try {
		const provider = await startAuthorizationServer(freePorts ? 0 : ports.provider);
		undo.push(() => provider.stop());
		const api = await startSampleApi(freePorts ? 0 : ports.api);
		undo.push(() => api.stop());
		// The issuer of minted tokens names the port, so it is chosen here.
		const gatewayPort = !freePorts && (await isFree(ports.gateway)) ? ports.gateway : await freePort();
		const login = await startLoginServer({ port: freePorts ? 0 : ports.login, ...pageLogin(gatewayPort) });
		undo.push(() => login.stop());
		const chosen = { gateway: gatewayPort, api: api.port, provider: provider.port, login: login.port };
		const config = await configFor(chosen, undo);
		const gateway = await startGateway({ configFile: config.file, log, onAudit });
		undo.push(() => gateway.stop());
		return {
			gateway: gateway.url,
			page: `http://localhost:${gatewayPort}${pagePath}`,
			tokenEndpoint: provider.tokenEndpoint,
			configFile: config.file,
			adjusted: config.adjusted,
			apiRequests: api.requests,
			stop,
		};
	} catch (cause) {
		await stop();
		throw cause;
	}
}

/** The gateway as a client of the login server, where people log in for the demo's page. */
function pageLogin(gatewayPort: number) {
	const origin = `http://localhost:${gatewayPort}`;
	return {
		clients: [
			{
				client_id: 'demo-page',
				client_secret: 'page-secret-for-the-demo-only',
				redirect_uris: [`${origin}/auth/callback`],
				post_logout_redirect_uris: [`${origin}${pagePath}`],
				backchannel_logout_uri: `${origin}/auth/backchannel-logout`,
				backchannel_logout_session_required: true,
				grant_types: ['authorization_code', 'refresh_token'],
				response_types: ['code'],
			},
		],
		audience: 'https://notes.example.com',
		scopes: ['notes:read', 'notes:write'],
		lifetime: () => 30,
	};
}

async function configFor(
	chosen: typeof ports,
	undo: (() => Promise<void>)[],
): Promise<{ file: string; adjusted: boolean }> {
	const names = ['gateway', 'api', 'provider', 'login'] as const;
	if (names.every((name) => chosen[name] === ports[name])) return { file: configFile, adjusted: false };
	const text = await readFile(configFile, 'utf8');
	// One pass, so that a port that was put in is not taken for one to be replaced.
	const adjusted = text.replaceAll(
		/\b(127\.0\.0\.1|localhost):(\d+)\b/g,
		(address: string, name: string, port: string) => {
			const server = names.find((candidate) => ports[candidate] === Number(port));
			return server === undefined ? address : `${name}:${chosen[server]}`;
		},
	);
	const folder = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
	undo.push(() => rm(folder, { recursive: true, force: true }));
	const file = join(folder, 'gateway.yaml');
	await writeFile(file, adjusted);
	return { file, adjusted: true };
}
