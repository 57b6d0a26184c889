/**
 * The admin listener: what an operator asks a running gateway. It has a small server of its own, never shares a port
 * with traffic. Who may ask is decided before anything is answered, except on the pages of a guarded listener that are
 * open: whatever restarts and balances gateways has no token, and a logout token vouches for itself. What changes
 * anything needs a token, or a setting that says in so many words that it does not.
 */
import type { Assembly } from '#assembly/assemble';
import type { AdminDefinition, ProviderRules } from '#config/definition';
import type { Clock, Cryptography, Log, Principal } from '#core/index';
import type { PoolState } from '#http/engine';
import type { RecordChange } from '#observe/change-record';
import { type AdminRequest, type Page, problem, type Reply } from './exchange.ts';
import { explainPage } from './explain.ts';
import { gatewayTokenPages } from './gateway-tokens.ts';
import { createGuard, type Guard } from './guard.ts';
import { healthPage, readyPage } from './health.ts';
import { keyPages } from './keys.ts';
import { isLocalName } from './local-name.ts';
import { logoutPage } from './logout.ts';
import { mintingPages } from './minting.ts';
import { providersPage } from './providers.ts';
import { revocationPages } from './revocations.ts';
import { routesPage } from './routes.ts';
import { type AdminServer, openAdminServer } from './server.ts';
import { sessionPages } from './sessions.ts';
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
	readonly cryptography: Pick<Cryptography, 'digest' | 'importSigningSecret'>;
	readonly log: Log;
	/** Puts a change that an operator, or a provider, made on record. Resolves to false when that cannot be done. */
	readonly recordChange: RecordChange;
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
	const pages: readonly Page[] = [
		healthPage(subject),
		readyPage(subject),
		...(subject.metrics === undefined ? [] : [metricsPage(subject.metrics)]),
		providersPage(subject),
		routesPage(subject),
		upstreamsPage(subject),
		explainPage(subject),
		...revocationPages(subject),
		logoutPage(subject),
		...sessionPages(subject),
		...keyPages(subject),
		...gatewayTokenPages(subject),
		...mintingPages(subject),
		workersPage(subject),
	];
	const index: Page = {
		path: '/',
		summary: 'this list',
		method: 'GET',
		answer: async () => ({
			status: 200,
			body: { paths: pages.map(({ path, method, summary }) => ({ path, method, summary })) },
		}),
	};
	const find = createPageTable([index, ...pages]);
	const admission = createAdmission(definition, subject);

	async function answer(request: AdminRequest): Promise<Reply> {
		const found = find(request.path);
		const { method } = request.view;
		const page = found?.pages.find((candidate) => candidate.method === (method === 'HEAD' ? 'GET' : method));
		const word = found?.pages[0]?.wordRefusal ?? ((refusal) => refusal);
		const isOpen = found?.pages.every(({ open }) => open === true) === true;
		const admitted = await admission(request, { isOpen, ofKeys: page?.ofKeys === true });
		if ('refused' in admitted) return word(admitted.refused);
		if (found === undefined) return problem(404, `there is no ${request.path} here; GET / lists what there is`);
		if (page === undefined) return word(methodRefused(request.path, found.pages));
		if (page.changes === true && !admitted.mayChange) {
			return word(problem(403, 'nothing is changed without a token: set admin.auth, or admin.insecure_changes'));
		}
		return page.answer({ ...request, parameter: found.parameter, by: admitted.by });
	}

	return openAdminServer({ ...definition, loopbackOnly: definition.auth === undefined, answer, log: subject.log });
}

function methodRefused(path: string, pages: readonly Page[]): Reply {
	const allowed = pages.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
	const { body, headers = [], status } = problem(405, `${path} takes ${allowed.join(' and ')}`);
	return { status, body, headers: [...headers, ['allow', allowed.join(', ')]] };
}

interface FoundPages {
	/** One for each method. */
	readonly pages: readonly Page[];
	readonly parameter: string;
}

function createPageTable(pages: readonly Page[]): (path: string) => FoundPages | undefined {
	const groups = Map.groupBy(pages, ({ path }) => path.replace(/\{\w+\}$/, '{}'));
	return (path) => {
		const exact = groups.get(path);
		if (exact !== undefined) return { pages: exact, parameter: '' };
		const end = path.lastIndexOf('/') + 1;
		const parameter = path.slice(end);
		const under = /^[A-Za-z0-9._-]{1,128}$/.test(parameter) ? groups.get(`${path.slice(0, end)}{}`) : undefined;
		if (under !== undefined) return { pages: under, parameter };
		const matching = pages.filter(({ matches }) => matches?.(path) === true);
		return matching.length === 0 ? undefined : { pages: matching, parameter: '' };
	};
}

type Admitted = { readonly by: string; readonly mayChange: boolean } | { readonly refused: Reply };

/** Who may ask. The guard follows the configuration in force; the address does not move. */
function createAdmission(
	started: AdminDefinition,
	subject: AdminSubject,
): (request: AdminRequest, asked: { readonly isOpen: boolean; readonly ofKeys: boolean }) => Promise<Admitted> {
	let guards: { readonly assembly: Assembly; readonly any: Guard; readonly ofKeys: Guard } | undefined;
	const anybody = { by: 'nobody', mayChange: true };
	return async (request, { isOpen, ofKeys }) => {
		const assembly = subject.assembly();
		const { admin } = assembly.definition;
		const auth = admin?.auth;
		if (auth !== undefined) {
			if (isOpen) return anybody;
			if (guards?.assembly !== assembly) guards = { assembly, ...createGuards(auth, admin?.keyScopes ?? [], assembly) };
			const admitted = await (ofKeys ? guards.ofKeys : guards.any)(request.view);
			return 'refused' in admitted ? admitted : { by: nameOf(admitted.by), mayChange: true };
		}
		// A configuration that came later has no token for this listener, which may stand on a network.
		if (admin === undefined || started.auth !== undefined) {
			if (isOpen) return anybody;
			const why = 'the configuration in force does not open this admin listener; restart the gateway';
			return { refused: problem(403, why) };
		}
		// A web page that made its own name resolve to 127.0.0.1 (DNS rebinding) still sends that name.
		if (!isLocalName(request.view.host, started.host)) {
			return { refused: problem(421, 'this listener answers to local names only') };
		}
		return { by: 'a program on this machine', mayChange: isOpen || admin.openChanges };
	};
}

/** One for every page, and one for those that show or make keys. A request meets one of them, which uses up its proof. */
function createGuards(
	auth: ProviderRules,
	keyScopes: readonly string[],
	assembly: Assembly,
): { readonly any: Guard; readonly ofKeys: Guard } {
	const any = createGuard(auth, assembly);
	if (keyScopes.length === 0) return { any, ofKeys: any };
	const { allOf, anyOf } = auth.scopes;
	const scopes = { anyOf, allOf: [...new Set([...allOf, ...keyScopes])] };
	return { any, ofKeys: createGuard({ ...auth, scopes }, assembly) };
}

function workersPage({ workers }: Pick<AdminSubject, 'workers'>): Page {
	return {
		path: '/workers',
		summary: 'workers: process, state, how often each ended; none where one process serves alone',
		method: 'GET',
		answer: async () => ({ status: 200, body: { workers: workers?.list() ?? [] } }),
	};
}

/** For records: whose token it was. */
function nameOf({ provider, subject, client }: Principal): string {
	const app = client === undefined || client === subject ? '' : ` (client ${client})`;
	return `${subject ?? 'a token'}${app} of ${provider}`;
}

function metricsPage(render: NonNullable<AdminSubject['metrics']>): Page {
	return {
		path: '/metrics',
		summary: 'metrics for Prometheus',
		method: 'GET',
		async answer() {
			const { contentType, body } = await render();
			return { status: 200, body, headers: [['content-type', contentType]] };
		},
	};
}
