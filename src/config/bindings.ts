/** Routes that ask for bound tokens, held against what the gateway can see of its clients. */
import type { Definition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import type { RouteFile } from './schema.ts';
import type { Shaped } from './shape.ts';

interface WrittenRule {
	readonly path: ConfigPath;
	readonly binding: NonNullable<RouteFile['binding']>;
	readonly isForEveryHost: boolean;
}

/** Warns of a rule that no request can satisfy here, and of one that promises more than it keeps. */
export function checkBindings(
	routes: readonly Shaped<RouteFile>[],
	{ listen, publicUrl, clientCertificateHeader }: Pick<Definition, 'listen' | 'publicUrl' | 'clientCertificateHeader'>,
	report: Report,
): void {
	const seesCertificates =
		clientCertificateHeader !== undefined ||
		listen.some(({ tls }) => tls !== undefined && tls.clientCertificate !== 'none');
	for (const { path, binding, isForEveryHost } of routes.flatMap(rulesOf)) {
		if ((binding === 'dpop' || binding === 'required') && isForEveryHost && publicUrl === undefined) {
			report.warning(
				path,
				'without public_url the host of a DPoP proof is compared with the Host that the client names',
				{
					fix: 'Set public_url, or host of this route: otherwise a proof for another server can be passed on to this one.',
				},
			);
		}
		if (binding === 'mtls' && !seesCertificates) {
			report.warning(path, 'no listener asks for client certificates: every request will be refused', {
				fix: 'Set tls.client_certificate of a listener, or client_certificate_header where a proxy ends TLS.',
			});
		}
	}
}

/** Every `binding` that stands in the file for this route, with its place. */
function rulesOf({ values, path }: Shaped<RouteFile>): readonly WrittenRule[] {
	const { binding, providers } = values;
	const isForEveryHost = values.host === undefined;
	const own = typeof providers !== 'object' || Array.isArray(providers) ? [] : Object.entries(providers);
	return [
		...(binding === undefined ? [] : [{ path: [...path, 'binding'], binding, isForEveryHost }]),
		...own.flatMap(([name, rules]) =>
			rules?.binding === undefined
				? []
				: [{ path: [...path, 'providers', name, 'binding'], binding: rules.binding, isForEveryHost }],
		),
	];
}
