/**
 * The admin listener: what an operator asks a running gateway. It has a small server of its own, never shares a port
 * with traffic, and changes nothing. Who may ask is decided before any path is looked at, except for the two health
 * paths of a listener that asks for tokens: whatever restarts and balances gateways has none.
 */
import type { Assembly } from '#assembly/assemble';
import type { AdminDefinition } from '#config/definition';
import type { Clock, Log } from '#core/index';
import type { PoolState } from '#http/engine';
import { type AdminRequest, type Page, problem, type Reply } from './exchange.ts';
import { explainPage } from './explain.ts';
import { createGuard, type Guard } from './guard.ts';
import { healthPage, readyPage } from './health.ts';
import { isLocalName } from './local-name.ts';
import { providersPage } from './providers.ts';
import { routesPage } from './routes.ts';
import { type AdminServer, openAdminServer } from './server.ts';
import { upstreamsPage } from './upstreams.ts';
import type { AdminWorkers } from './worker-questions.ts';

/** The gateway, as this listener sees it: everything is asked for anew on each request, since a reload may come between. */
export interface AdminSubject {
	readonly assembly: () => Assembly;
	readonly health: () => Health;
	/** Undefined: nobody measures, and `/metrics` is not there. */
	readonly metrics: (() => Promise<{ readonly contentType: string; readonly body: string }>) | undefined;
	/** Undefined: this process serves alone. */
	readonly workers: AdminWorkers | undefined;
	/** Undefined: this process forwards nothing, its workers do. */
	readonly upstreams: (() => readonly PoolState[]) | undefined;
	readonly clock: Clock;
	readonly log: Log;
}

export interface Health {
	/** False before every provider had its first attempt to get keys and the listeners are open, and while draining. */
	readonly ready: boolean;
	readonly draining: boolean;
	readonly configuration: ConfigurationHealth;
}

export interface ConfigurationHealth {
	/** `rejected`: the file on disk has errors, or could not be put in force; the one before it still serves. */
	readonly state: 'in_force' | 'rejected';
	/** Milliseconds since the epoch at which what serves now was put in force. */
	readonly loadedAt: number;
	/** Milliseconds since the epoch; undefined unless rejected. */
	readonly rejectedAt: number | undefined;
	/** What is wrong with the rejected files. */
	readonly diagnostics: readonly unknown[];
	readonly reloads: number;
	readonly rejections: number;
	/** Settings that differ from those the process started with and need a restart. */
	readonly restartNeeded: readonly string[];
}

/** Rejects with a readable Error when the address cannot be opened, or is not this machine's own and there is no guard. */
export async function openAdmin(definition: AdminDefinition, subject: AdminSubject): Promise<AdminServer> {
	const pages: ReadonlyMap<string, Page> = new Map([
		['/healthz', healthPage(subject)],
		['/readyz', readyPage(subject)],
		...(subject.metrics === undefined ? [] : [['/metrics', metricsPage(subject.metrics)] as const]),
		['/providers', providersPage(subject)],
		['/routes', routesPage(subject)],
		['/upstreams', upstreamsPage(subject)],
		['/explain', explainPage(subject)],
		['/workers', workersPage(subject)],
	]);
	const index: Page = {
		summary: 'this list',
		method: 'GET',
		answer: async () => ({
			status: 200,
			body: { paths: Array.from(pages, ([path, { method, summary }]) => ({ path, method, summary })) },
		}),
	};
	const admission = createAdmission(definition, subject);

	async function answer(request: AdminRequest): Promise<Reply> {
		const refused = await admission(request);
		if (refused !== undefined) return refused;
		const page = request.path === '/' ? index : pages.get(request.path);
		if (page === undefined) return problem(404, `there is no ${request.path} here; GET / lists what there is`);
		const allowed = page.method === 'GET' ? ['GET', 'HEAD'] : [page.method];
		if (!allowed.includes(request.view.method)) {
			const { body, headers = [], status } = problem(405, `${request.path} takes ${allowed.join(' and ')}`);
			return { status, body, headers: [...headers, ['allow', allowed.join(', ')]] };
		}
		return page.answer(request);
	}

	return openAdminServer({ ...definition, loopbackOnly: definition.auth === undefined, answer, log: subject.log });
}

const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Who may ask: undefined, or the refusal. The guard follows the configuration in force; the address does not move. */
function createAdmission(
	started: AdminDefinition,
	subject: AdminSubject,
): (request: AdminRequest) => Promise<Reply | undefined> {
	let guard: { readonly assembly: Assembly; readonly admits: Guard } | undefined;
	return async (request) => {
		const assembly = subject.assembly();
		const { admin } = assembly.definition;
		const auth = admin?.auth;
		if (auth !== undefined) {
			if (healthPaths.has(request.path)) return undefined;
			if (guard?.assembly !== assembly) guard = { assembly, admits: createGuard(auth, assembly) };
			return guard.admits(request.view);
		}
		// A configuration that came later has no token for this listener, which may stand on a network.
		if (admin === undefined || started.auth !== undefined) {
			if (healthPaths.has(request.path)) return undefined;
			return problem(403, 'the configuration in force does not open this admin listener; restart the gateway');
		}
		// A web page that made its own name resolve to 127.0.0.1 (DNS rebinding) still sends that name.
		if (!isLocalName(request.view.host, started.host)) return problem(421, 'this listener answers to local names only');
		return undefined;
	};
}

function workersPage({ workers }: Pick<AdminSubject, 'workers'>): Page {
	return {
		summary: 'workers: process, state, how often each ended; none where one process serves alone',
		method: 'GET',
		answer: async () => ({ status: 200, body: { workers: workers?.list() ?? [] } }),
	};
}

function metricsPage(render: NonNullable<AdminSubject['metrics']>): Page {
	return {
		summary: 'metrics for Prometheus',
		method: 'GET',
		async answer() {
			const { contentType, body } = await render();
			return { status: 200, body, headers: [['content-type', contentType]] };
		},
	};
}
