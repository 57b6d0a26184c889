/**
 * Alive and ready. `/healthz` is 200 as long as the process answers: a bad file on disk or a provider that is down is no
 * reason to restart a gateway that serves. `/readyz` is 200 while it can take traffic, which it cannot while its guarded
 * routes are refused because the store is away.
 */
import type { AdminSubject, Health } from './admin.ts';
import type { Page } from './exchange.ts';
import { describeStore } from './store-report.ts';
import type { AdminWorkers } from './worker-questions.ts';

type Subject = Pick<AdminSubject, 'health' | 'assembly' | 'workers'>;

export function healthPage(subject: Subject): Page {
	return {
		path: '/healthz',
		open: true,
		summary: 'alive; state of configuration and keys',
		method: 'GET',
		answer: async () => ({ status: 200, body: { status: 'ok', ...report(subject) } }),
	};
}

export function readyPage(subject: Subject): Page {
	return {
		path: '/readyz',
		open: true,
		summary: 'ready for traffic: 200, else 503',
		method: 'GET',
		async answer() {
			const { ready, draining } = subject.health();
			const { state, failsClosed } = subject.assembly().state.status();
			const isAway = state === 'stale' && failsClosed;
			const status = draining ? 'draining' : !ready ? 'starting' : isAway ? 'store_unavailable' : 'ready';
			return { status: status === 'ready' ? 200 : 503, body: { status, ...report(subject) } };
		},
	};
}

/** Counts and times alone: these pages are open to whoever reaches them. */
function report({ health, assembly, workers }: Subject): Record<string, unknown> {
	const states = { ready: 0, stale: 0, unavailable: 0 };
	let warnings = 0;
	for (const source of assembly().keys.values()) {
		const status = source.status();
		states[status.state]++;
		warnings += status.warnings.length;
	}
	return {
		configuration: configurationReport(health()),
		providers: states,
		provider_warnings: warnings,
		store: describeStore(assembly().state.status()),
		workers: workers === undefined ? undefined : workersReport(workers),
	};
}

function configurationReport({ configuration }: Health): Record<string, unknown> {
	const { state, loadedAt, rejectedAt, diagnostics, reloads, rejections, restartNeeded } = configuration;
	return {
		state,
		loaded_at: new Date(loadedAt).toISOString(),
		...(rejectedAt === undefined
			? {}
			: { rejected_at: new Date(rejectedAt).toISOString(), errors: diagnostics.length }),
		reloads,
		rejections,
		restart_needed: restartNeeded,
	};
}

function workersReport(workers: AdminWorkers): Record<string, number> {
	const list = workers.list();
	const serving = list.filter(({ state }) => state === 'serving').length;
	return { serving, absent: list.length - serving, exits: list.reduce((sum, { exits }) => sum + exits, 0) };
}
