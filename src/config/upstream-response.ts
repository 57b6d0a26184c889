/** `upstream_response` of the file and of its routes: what the client gets of what the upstream says. */
import type { UpstreamResponseDefinition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import { whyNotRemovable } from './header-names.ts';
import type { UpstreamResponseFile } from './schema-upstream-response.ts';

/** Reports what is wrong in the value at `path`. */
export function checkUpstreamResponse(file: UpstreamResponseFile, path: ConfigPath, report: Report): void {
	for (const [index, name] of (file.remove ?? []).entries()) {
		const why = whyNotRemovable(name);
		if (why !== undefined) report.error([...path, 'remove', index], `${name} cannot be removed: ${why}`);
	}
	if (file.insecure_token_echo === true) {
		report.warning([...path, 'insecure_token_echo'], 'clients may learn the credentials that the upstream gets', {
			at: 'key',
		});
		if (file.token_echo !== undefined) {
			report.error([...path, 'token_echo'], 'token_echo and insecure_token_echo exclude each other', { at: 'key' });
		}
	}
	if (file.insecure_shared_cache === true) {
		report.warning([...path, 'insecure_shared_cache'], 'a shared cache may give one client what is another’s', {
			at: 'key',
		});
	}
}

export interface RouteKind {
	readonly isPublic: boolean;
	/** The upstream gets the client's own token. */
	readonly passesToken: boolean;
}

/** The route's keys over the file's. `path`: of the route's own. */
export function readUpstreamResponse(
	ofFile: UpstreamResponseFile,
	own: UpstreamResponseFile,
	{ isPublic, passesToken }: RouteKind,
	path: ConfigPath,
	report: Report,
): UpstreamResponseDefinition {
	checkUpstreamResponse(own, path, report);
	if (isPublic && own.www_authenticate === 'rewrite') {
		report.error([...path, 'www_authenticate'], 'a public route has no challenge of its own', { at: 'key' });
	}
	const file = { ...ofFile, ...own };
	const usual = isPublic || passesToken ? 'pass' : 'rewrite';
	const chosen = file.www_authenticate ?? usual;
	// What holds for all routes is no fault of a public one.
	const wwwAuthenticate = isPublic && chosen === 'rewrite' ? 'pass' : chosen;
	const echoes = own.token_echo === undefined ? file.insecure_token_echo === true : false;
	return {
		wwwAuthenticate,
		setCookie: file.set_cookie ?? 'pass',
		tokenEcho: echoes ? 'pass' : (file.token_echo ?? 'strip'),
		remove: (file.remove ?? []).map((name) => name.toLowerCase()),
		sharedCache: file.insecure_shared_cache === true,
	};
}
