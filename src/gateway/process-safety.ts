/**
 * Switches of the Node process that undo what the gateway promises: with certificates unchecked anybody on the way can
 * plant keys, with a lenient parser requests can be smuggled. The gateway does not start under them.
 */

export interface ProcessSwitches {
	/** Of `process.env`; read are NODE_TLS_REJECT_UNAUTHORIZED, NODE_OPTIONS and NODE_EXTRA_CA_CERTS. */
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Options of the `node` command line, as in `process.execArgv`. */
	readonly execArgv: readonly string[];
}

export interface ProcessSafety {
	/** Why the gateway must not start; empty when it may. */
	readonly refusals: readonly string[];
	/** What an operator should know of; it starts all the same. */
	readonly warnings: readonly string[];
}

/** Not checked: what code in this process switches later, and what the TLS library's own configuration file says. */
export function judgeProcess({ env, execArgv }: ProcessSwitches): ProcessSafety {
	const refusals: string[] = [];
	const warnings: string[] = [];
	if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
		refusals.push(
			'NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of TLS certificates: remove it. For a private authority, name its certificate in NODE_EXTRA_CA_CERTS.',
		);
	}
	const options = [...(env['NODE_OPTIONS'] ?? '').split(/[\s"']+/), ...execArgv];
	if (options.some(isLenientParser)) {
		refusals.push('--insecure-http-parser lets malformed requests through: remove it from node or NODE_OPTIONS.');
	}
	const authorities = env['NODE_EXTRA_CA_CERTS'];
	if (authorities !== undefined && authorities !== '') {
		warnings.push('NODE_EXTRA_CA_CERTS is set: its authorities can vouch for every provider and upstream');
	}
	return { refusals, warnings };
}

/** Node reads `_` as `-` in its options. */
function isLenientParser(option: string): boolean {
	return /^--insecure-http-parser(?:=|$)/.test(option.replaceAll('_', '-'));
}
