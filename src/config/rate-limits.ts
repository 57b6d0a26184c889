/** Rate limits: what each may be, and which of them hold on a route. */
import { isPolicyName } from '#formats/rate-limit-fields';
import type { Definition, RateLimitDefinition } from './definition.ts';
import { type ConfigPath, type Report, suggest } from './diagnostics.ts';
import { asList, type Reading, seconds } from './reading.ts';
import type { ConfigFile, RouteFile } from './schema.ts';
import type { RateLimitFile } from './schema-rate-limits.ts';

/** A bucket with more would count for nothing, or lose its fractions. */
const mostRequests = 1_000_000;

export interface ReadRateLimits {
	readonly definitions: readonly RateLimitDefinition[];
	/** Names of those that hold without being named. */
	readonly everywhere: ReadonlySet<string>;
}

export function readRateLimits(file: ConfigFile['rate_limits'], { report }: Reading): ReadRateLimits {
	const entries = Object.entries(file ?? {});
	return {
		definitions: entries.map(([name, limit]) => readRateLimit(name, limit, report)),
		everywhere: new Set(entries.flatMap(([name, { everywhere }]) => (everywhere === true ? [name] : []))),
	};
}

function readRateLimit(name: string, file: RateLimitFile, report: Report): RateLimitDefinition {
	const path = ['rate_limits', name];
	if (!isPolicyName(name)) {
		report.error(path, 'a rate limit’s name begins with a letter and has at most 64 letters, digits, "_" and "-"', {
			at: 'key',
		});
	}
	const { by, on = 'success', requests, burst = requests, shared = false } = file;
	const per = seconds(file.per) ?? 1;
	if (per < 1 || per > 86_400) report.error([...path, 'per'], 'from 1s to 24h');
	for (const key of ['requests', 'burst'] as const) {
		if ((file[key] ?? 1) > mostRequests) report.error([...path, key], `at most ${mostRequests}`);
	}
	if (on === 'failed_authentication' && by !== 'address') {
		report.error([...path, 'by'], 'a credential that is not genuine says nothing of who sent it', {
			fix: 'With on: failed_authentication say by: address.',
		});
	}
	if (file.insecure_fail_open === true) {
		const at = [...path, 'insecure_fail_open'];
		if (shared) {
			report.warning(at, 'while the store is away, each process allows as much as all of them shall together', {
				at: 'key',
			});
		} else report.error(at, 'insecure_fail_open is for a limit that is shared', { at: 'key' });
	}
	return { name, by, on, requests, per, burst, shared, failOpen: file.insecure_fail_open === true };
}

export interface LimitedRoute {
	readonly path: ConfigPath;
	readonly values: Pick<RouteFile, 'rate_limits'>;
	readonly isPublic: boolean;
}

/** Those that hold everywhere first, then the route's own. */
export function rateLimitsOf(
	{ path, values, isPublic }: LimitedRoute,
	{ definitions, everywhere }: ReadRateLimits,
	report: Report,
): readonly string[] {
	const names = asList(values.rate_limits);
	for (const [index, name] of names.entries()) {
		const at = Array.isArray(values.rate_limits) ? [...path, 'rate_limits', index] : [...path, 'rate_limits'];
		const limit = definitions.find((definition) => definition.name === name);
		if (limit === undefined) {
			const fix = suggest(
				name,
				definitions.map((definition) => definition.name),
			);
			report.error(at, `there is no rate limit ${name}`, fix === undefined ? {} : { fix });
		} else if (isPublic && !holdsInPublic(limit)) {
			report.error(at, 'on a public route, or at a login, only an address has a limit: nobody’s token is looked at');
		}
	}
	const general = definitions.filter((limit) => everywhere.has(limit.name) && (!isPublic || holdsInPublic(limit)));
	return [...new Set([...general.map(({ name }) => name), ...names])];
}

function holdsInPublic({ by, on }: RateLimitDefinition): boolean {
	return by === 'address' && on === 'success';
}

/** What follows from several settings together. */
export function checkRateLimits({ rateLimits, routes, sessions, store, workers }: Definition, report: Report): void {
	for (const { name, shared } of rateLimits) {
		if (shared && store.type !== 'redis') {
			report.error(['rate_limits', name, 'shared'], 'gateways that share a limit need a store that they share', {
				fix: 'Say store: { type: redis, url: … }.',
			});
		}
	}
	// Advice is for a file without errors.
	if (report.list().some(({ severity }) => severity === 'error')) return;
	for (const { name, shared } of rateLimits) {
		const path = ['rate_limits', name];
		if (!shared && workers !== 1) {
			report.warning(path, 'each worker counts for itself: together they allow this many times as much', {
				at: 'key',
				fix: 'Say shared: true, with a store of type redis; or divide requests and burst by the number of workers.',
			});
		}
		if (![...routes, ...sessions].some((each) => each.rateLimits.includes(name))) {
			report.hint(path, 'this limit holds nowhere: no route names it', { at: 'key', fix: 'Or say everywhere: true.' });
		}
	}
}
