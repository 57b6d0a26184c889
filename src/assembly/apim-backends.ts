/** Where the policies of a route may send requests, and the certificates that they show there. */
import { flatStatements } from '#apim/statements/flat-statements';
import type { ReadPolicy } from '#apim/statements/read-policy';
import type { Finding } from '#apim/statements/reading';
import type { AuthenticationCertificate, Statement } from '#apim/statements/statement';
import type { ApimDefinition, RouteDefinition, UpstreamDefinition } from '#config/definition';
import type { Cryptography, JsonObject, Upstream } from '#core/index';
import { parseRequestTarget } from '#formats/request-target';

interface Backend {
	readonly upstream: Upstream;
	readonly prefix: string;
}

export interface Backends {
	/** By id, or by a URL at an endpoint that the configuration declares; what stands behind the host comes before the path. */
	find(by: 'id' | 'url', name: string): Backend | undefined;
	/** Undefined for an upstream without TLS. `backend` undefined: the route's own upstream. */
	presentedTo(certificate: string, backend: Backend | undefined): Backend | undefined;
	/** All of them, without the route's own as it stands. */
	readonly upstreams: readonly Upstream[];
}

export function createBackends(apim: ApimDefinition, route: RouteDefinition, policy: ReadPolicy): Backends {
	const declared = [...apim.backends.map(({ upstream }) => upstream), route.upstream];
	const made = new Map(declared.map((upstream) => [upstream, upstreamOf(upstream)]));
	const shown = new Map<Upstream, Map<string, Upstream>>();
	for (const { certificate: id } of shownIn(policy)) {
		const found = certificateOf(apim, id);
		if (found?.key === undefined) throw new Error(`route ${route.name}: the certificate ${id} cannot be shown`);
		const { certificate, key } = found;
		for (const upstream of made.values()) {
			if (!upstream.endpoints.every((endpoint) => endpoint.startsWith('https:'))) continue;
			const known = shown.get(upstream) ?? new Map<string, Upstream>();
			const { ca, serverName } = upstream.tls ?? { ca: undefined, serverName: undefined };
			known.set(id, { ...upstream, tls: { ca, serverName, certificate, key } });
			shown.set(upstream, known);
		}
	}
	const use = (definition: UpstreamDefinition, prefix: string) => {
		const upstream = made.get(definition);
		return upstream === undefined ? undefined : { upstream, prefix: prefix.replace(/\/+$/, '') };
	};
	const own = use(route.upstream, route.upstream.addPrefix);
	return {
		find(by, name) {
			if (by === 'id') {
				const found = apim.backends.find(({ id }) => id === name);
				return found === undefined ? undefined : use(found.upstream, found.upstream.addPrefix);
			}
			const match = /^(https?:\/\/[^/?#]+)(\/[^?#]*)?$/i.exec(name);
			const target = parseRequestTarget(match?.[2] ?? '/', { encodedSlash: false });
			if (match === null || typeof target === 'string' || !URL.canParse(name)) return undefined;
			const { origin } = new URL(name);
			const found = declared.find(({ endpoints }) => endpoints.some((each) => new URL(each).origin === origin));
			return found === undefined ? undefined : use(found, target.path);
		},
		presentedTo(certificate, backend = own) {
			const upstream = backend === undefined ? undefined : shown.get(backend.upstream)?.get(certificate);
			return backend === undefined || upstream === undefined ? undefined : { upstream, prefix: backend.prefix };
		},
		upstreams: [
			...apim.backends.flatMap(({ upstream }) => made.get(upstream) ?? []),
			...[...shown.values()].flatMap((each) => [...each.values()]),
		],
	};
}

/** Adds what keeps a certificate from being shown to an upstream. */
export function checkShownCertificates(
	policy: ReadPolicy,
	apim: ApimDefinition,
	cryptography: Pick<Cryptography, 'pemToJwk' | 'importPrivateKey'>,
	findings: Finding[],
): void {
	for (const { certificate: id, position, place } of shownIn(policy)) {
		const message = problemOf(id, apim, cryptography);
		if (message === undefined) continue;
		findings.push({ severity: 'error', rule: 'certificate_unusable', file: place.file, position, message });
	}
}

function problemOf(
	id: string,
	apim: ApimDefinition,
	cryptography: Pick<Cryptography, 'pemToJwk' | 'importPrivateKey'>,
): string | undefined {
	const found = certificateOf(apim, id);
	if (found === undefined) return `the certificate ${id} is not defined: name it in apim.certificates`;
	if (found.key === undefined) return `the certificate ${id} has no private key, which showing it needs`;
	try {
		if (!found.certificate.includes('-----BEGIN CERTIFICATE-----')) return `${id} is a key and no certificate`;
		const key = cryptography.importPrivateKey(found.key).publicJwk;
		if (key === undefined || !isSameKey(key, cryptography.pemToJwk(found.certificate))) {
			return `the private key of ${id} is not that of its certificate`;
		}
		return undefined;
	} catch (error) {
		return `the certificate ${id}: ${error instanceof Error ? error.message : 'it cannot be used'}`;
	}
}

function isSameKey(one: JsonObject, other: JsonObject): boolean {
	return ['kty', 'crv', 'n', 'e', 'x', 'y'].every((name) => one[name] === other[name]);
}

/** A thumbprint is written in any case, with or without colons. */
function certificateOf(
	{ certificates }: ApimDefinition,
	id: string,
): ApimDefinition['certificates'][number] | undefined {
	return certificates.find((each) => each.id === id || each.id.replaceAll(/[ :]/g, '').toUpperCase() === id);
}

type Shown = Statement & AuthenticationCertificate;

function shownIn({ sections }: ReadPolicy): readonly Shown[] {
	return flatStatements(sections.inbound).filter(
		(statement): statement is Shown => statement.kind === 'authentication-certificate',
	);
}

function upstreamOf(definition: UpstreamDefinition): Upstream {
	const { stripPrefix: _, addPrefix: __, ...rest } = definition;
	return { name: rest.endpoints.join(','), ...rest };
}
