/** Routes that ask for bound tokens, held against what the gateway can see of its clients. */
import type { Definition } from './definition.ts';
import type { ConfigPath, Report } from './diagnostics.ts';
import type { RouteFile } from './schema.ts';
import type { Shaped } from './shape.ts';

type Rule = NonNullable<RouteFile['binding']>;

/** Warns of a rule that no request can satisfy here. */
export function checkBindings(
	routes: readonly Shaped<RouteFile>[],
	{ listen, clientCertificateHeader }: Pick<Definition, 'listen' | 'clientCertificateHeader'>,
	report: Report,
): void {
	const seesCertificates =
		clientCertificateHeader !== undefined ||
		listen.some(({ tls }) => tls !== undefined && tls.clientCertificate !== 'none');
	for (const { path, binding } of routes.flatMap(rulesOf)) {
		if (binding === 'mtls' && !seesCertificates) {
			report.warning(path, 'no listener asks for client certificates: every request will be refused', {
				fix: 'Set tls.client_certificate of a listener, or client_certificate_header where a proxy ends TLS.',
			});
		}
	}
}

/** Every `binding` that stands in the file for this route, with its place. */
function rulesOf({ values, path }: Shaped<RouteFile>): readonly { path: ConfigPath; binding: Rule }[] {
	const { binding, providers } = values;
	const own = typeof providers !== 'object' || Array.isArray(providers) ? [] : Object.entries(providers);
	return [
		...(binding === undefined ? [] : [{ path: [...path, 'binding'], binding }]),
		...own.flatMap(([name, rules]) =>
			rules?.binding === undefined ? [] : [{ path: [...path, 'providers', name, 'binding'], binding: rules.binding }],
		),
	];
}
