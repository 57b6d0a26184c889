/**
 * Alive and ready. `/healthz` is 200 as long as the process answers: a bad file on disk or a provider that is down is no
 * reason to restart a gateway that serves. `/readyz` is 200 while it can take traffic.
 */
import type { AdminSubject, Health } from './admin.ts';
import type { Page } from './exchange.ts';

export function healthPage(subject: Pick<AdminSubject, 'health' | 'assembly'>): Page {
	return {
		summary: 'alive; state of configuration and keys',
		method: 'GET',
		answer: async () => ({ status: 200, body: { status: 'ok', ...report(subject) } }),
	};
}

export function readyPage(subject: Pick<AdminSubject, 'health' | 'assembly'>): Page {
	return {
		summary: 'ready for traffic: 200, else 503',
		method: 'GET',
		async answer() {
			const { ready, draining } = subject.health();
			const status = ready ? 'ready' : draining ? 'draining' : 'starting';
			return { status: ready ? 200 : 503, body: { status, ...report(subject) } };
		},
	};
}

/** Counts and times alone: these pages are open to whoever reaches them. */
function report({ health, assembly }: Pick<AdminSubject, 'health' | 'assembly'>): Record<string, unknown> {
	const states = { ready: 0, stale: 0, unavailable: 0 };
	let warnings = 0;
	for (const source of assembly().keys.values()) {
		const status = source.status();
		states[status.state]++;
		warnings += status.warnings.length;
	}
	return { configuration: configurationReport(health()), providers: states, provider_warnings: warnings };
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
