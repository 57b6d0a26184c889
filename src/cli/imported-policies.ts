/**
 * Policies of Azure API Management as one configuration: those that native rules can say as providers and rules, the others
 * as they are; and what is to be known of each.
 */
import { basename, extname, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { namedValuesIn } from '#apim/statements/named-values';
import type { KnownCertificate } from '#apim/translate/keys';
import type { Note, NoteKind, Spot } from '#apim/translate/notes';
import { markOf } from '#apim/translate/references';
import { type Translation, translatePolicy } from '#apim/translate/translate';
import { validationsIn } from '#assembly/apim-keys';
import { type CheckedPolicy, checkPolicy, placeOf } from '#assembly/apim-policies';
import { defaults } from '#config/defaults';
import type { ApimDefinition, ApimPolicyDefinition, ApimScope } from '#config/definition';
import type { ProviderFile } from '#config/schema';
import { nodeCryptography } from '#runtime/node/cryptography';
import type { CertificateFiles } from './apim-files.ts';
import { createHider, namedSecrets } from './hidden-values.ts';

export interface ImportSources {
	readonly namedValues: Readonly<Record<string, string>>;
	readonly certificates: Readonly<Record<string, CertificateFiles>>;
	readonly fragments: readonly (readonly [name: string, file: string])[];
	/** Policies of the scopes around, from the outermost to the innermost. */
	readonly outside: readonly { readonly scope: Exclude<ApimScope, 'operation'>; readonly file: string }[];
	/** Issuers of metadata documents, by URL, as far as they are known. */
	readonly issuers: ReadonlyMap<string, string>;
	/** Translate nothing. */
	readonly keepPolicies: boolean;
	readonly upstream: string;
	/** Absolute folder of the configuration, from which it names files. */
	readonly folder: string;
	/** Rejects where there is no such file. */
	readonly readFile: (path: string) => Promise<string>;
}

export interface Imported {
	readonly config: unknown;
	/** Files that cannot be run: they are not in the configuration. */
	readonly refused: readonly string[];
	readonly findings: readonly ImportFinding[];
	/** What became of each file, in their order. */
	readonly files: readonly ImportedFile[];
	readonly report: string;
}

export interface ImportFinding {
	readonly severity: string;
	readonly place: string;
	readonly rule: string;
	readonly message: string;
}

export interface ImportedFile {
	readonly file: string;
	readonly outcome: 'translated' | 'kept' | 'refused';
	/** Why it was kept, or what differs. */
	readonly notes: readonly { readonly kind: NoteKind; readonly place: string; readonly message: string }[];
}

/** Variables that are set without anybody having meant the policy: one of these would be filled in with something else. */
const ofTheMachine =
	/^(?:_*|(?:OLD)?PWD|PATH|HOME|HOST|HOSTNAME|PORT|USER|USERNAME|LOGNAME|SHELL|SHLVL|LANG|LANGUAGE|LC_.*|TERM|TZ|TE?MP|TMPDIR|MAIL|EDITOR|DISPLAY|OS|COMPUTERNAME|NODE_.*|npm_.*|SSL_.*|[A-Z]*_PROXY)$/;
const entraHost = 'login.microsoftonline.com';
const outcomes = { translated: 'translated', kept: 'kept as a policy', refused: 'cannot be run' } as const;

export async function importPolicies(files: readonly string[], sources: ImportSources): Promise<Imported> {
	const apim = await readApim(sources);
	const writer = new ConfigurationWriter(sources);
	const hide = createHider(namedSecrets(sources.namedValues));
	const refused: string[] = [];
	const findings: ImportFinding[] = [];
	const done: ImportedFile[] = [];
	const lines: string[] = [];
	for (const file of files) {
		const policy = await readPolicyFiles(file, sources);
		const checked = checkPolicy(policy, apim, nodeCryptography);
		const isRefused = checked.findings.some(({ severity }) => severity === 'error');
		const translation = isRefused || sources.keepPolicies ? undefined : translate(policy, checked, apim, writer);
		if (isRefused) refused.push(file);
		else if (translation?.kind === 'translated') writer.addTranslated(file, translation);
		else writer.addKept(file, policy, metadataHosts(checked));
		const outcome = isRefused ? 'refused' : (translation?.kind ?? 'kept');
		const differences = [...(translation?.notes ?? []), ...(outcome === 'kept' ? metadataNotes(checked) : [])];
		const notes = differences.map((note) => ({
			kind: note.kind,
			place: placeOf(note),
			message: hide(note.message),
		}));
		done.push({ file, outcome, notes });
		lines.push(`${file}: ${outcomes[outcome]}`);
		for (const { kind, place, message } of notes) lines.push(`  ${kind} ${place} ${message}`);
		for (const finding of checked.findings) {
			const { severity, rule } = finding;
			const message = hide(finding.message);
			findings.push({ severity, place: placeOf(finding), rule, message });
			lines.push(`  ${severity} ${placeOf(finding)} ${message} (${rule})`);
		}
	}
	const report = `${[...lines, ...writer.summary(done)].join('\n')}\n`;
	return { config: writer.configuration(apim), refused, findings, files: done, report };
}

/** Expressions that make the address of metadata, and the hosts that stand in them as they are. */
function dynamicMetadata({ policy }: CheckedPolicy): readonly (Spot & { readonly hosts: readonly string[] })[] {
	return validationsIn(policy?.sections.inbound ?? []).flatMap(({ configurations, tenant, place: { file } }) =>
		[...configurations, ...(tenant === undefined ? [] : [tenant])].flatMap((value) => {
			if (value.kind === 'constant') return [];
			const written = [...value.source.matchAll(/https:\/\/([a-z0-9.-]+(?::[0-9]+)?)\//gi)];
			const hosts = written.flatMap(([, host = '']) => [host.toLowerCase()]);
			return [{ file, position: value.position, hosts: value === tenant ? [...hosts, entraHost] : hosts }];
		}),
	);
}

function metadataHosts(checked: CheckedPolicy): readonly string[] {
	return dynamicMetadata(checked).flatMap(({ hosts }) => hosts);
}

function metadataNotes(checked: CheckedPolicy): readonly Note[] {
	return dynamicMetadata(checked).map(({ hosts, ...spot }) => ({
		...spot,
		kind: hosts.length === 0 ? 'kept' : 'changed',
		message:
			hosts.length === 0
				? 'which hosts its metadata may come from is not known: say it in apim.allowed_openid_hosts'
				: `metadata comes from apim.allowed_openid_hosts alone: ${hosts.join(', ')}`,
	}));
}

async function readApim({ namedValues, certificates, fragments, readFile }: ImportSources): Promise<ApimDefinition> {
	return {
		namedValues,
		placeholders: {},
		fragments: await Promise.all(fragments.map(async ([name, file]) => ({ name, file, text: await readFile(file) }))),
		certificates: await Promise.all(
			Object.entries(certificates).map(async ([id, { certificate, key }]) => ({
				id,
				certificate: await readFile(certificate),
				key: key === undefined ? undefined : await readFile(key),
			})),
		),
		backends: [],
		allowedOpenidHosts: [entraHost],
		algorithms: defaults.apimAlgorithms,
		managedIdentity: undefined,
	};
}

/** As YAML, for a reader: nothing in it refers to something else in it. */
export function configurationText(config: unknown): string {
	return stringify(config, { aliasDuplicateObjects: false });
}

/** The scopes around, and the file itself as the innermost. */
async function readPolicyFiles(file: string, { outside, readFile }: ImportSources): Promise<ApimPolicyDefinition> {
	const scope = outside.some((other) => other.scope === 'api') ? 'operation' : 'api';
	return Promise.all(
		[...outside, { scope, file } as const].map(async (each) => ({ ...each, text: await readFile(each.file) })),
	);
}

function translate(
	policy: ApimPolicyDefinition,
	{ policy: read }: CheckedPolicy,
	apim: ApimDefinition,
	writer: ConfigurationWriter,
): Translation | undefined {
	const namedValues = Object.fromEntries(Object.keys(apim.namedValues).map((name) => [name, markOf(name)]));
	const { policy: marked, findings } = checkPolicy(policy, { ...apim, namedValues }, nodeCryptography);
	if (read === undefined || marked === undefined) return undefined;
	return translatePolicy({
		policy: read,
		marked,
		unreadable: findings.filter(({ rule }) => rule === 'value_invalid'),
		variableOf: (name) => writer.variableOf(name),
		certificates: new Map(
			apim.certificates.map(({ id, certificate }) => [id, writer.knownCertificate(id, certificate)]),
		),
		issuers: writer.sources.issuers,
	});
}

/** Gathers routes, providers that several of them share, and what policies that are kept refer to. */
class ConfigurationWriter {
	readonly sources: ImportSources;
	readonly #variables = new Map<string, string>();
	readonly #providers = new Map<string, { readonly name: string; readonly settings: ProviderFile }>();
	readonly #routes: Record<string, unknown>[] = [];
	readonly #kept: ApimPolicyDefinition[] = [];
	readonly #metadataHosts = new Set<string>();

	constructor(sources: ImportSources) {
		this.sources = sources;
	}

	/** Of the environment: another one for another named value. */
	variableOf(namedValue: string): string {
		const known = this.#variables.get(namedValue);
		if (known !== undefined) return known;
		const plain = namedValue
			.toUpperCase()
			.replaceAll(/[^A-Z0-9]/g, '_')
			.replace(/^(?=[0-9])/, '_');
		const name = unused(ofTheMachine.test(plain) ? `APIM_${plain}` : plain, new Set(this.#variables.values()), '_');
		this.#variables.set(namedValue, name);
		return name;
	}

	knownCertificate(id: string, pem: string): KnownCertificate {
		const { certificate, key } = this.sources.certificates[id] ?? { certificate: '' };
		let jwk: KnownCertificate['jwk'];
		try {
			jwk = nodeCryptography.pemToJwk(pem);
		} catch {
			jwk = undefined;
		}
		const isAlone = pem.match(/-----BEGIN /g)?.length === 1;
		return { certificate: this.#path(certificate), key: key === undefined ? undefined : this.#path(key), jwk, isAlone };
	}

	addTranslated(file: string, { providers, route }: Translation & { readonly kind: 'translated' }): void {
		const { upstream, ...rules } = route;
		const named = this.#route(file);
		const names = providers.map((settings) => this.#provider(settings, named.name));
		this.#routes.push({ ...named, providers: names, ...rules, upstream: upstream ?? this.sources.upstream });
	}

	addKept(file: string, policy: ApimPolicyDefinition, hosts: readonly string[]): void {
		for (const host of hosts) this.#metadataHosts.add(host);
		const path = (name: string) => this.#path(name);
		const written =
			policy.length === 1 ? path(file) : Object.fromEntries(policy.map(({ scope, file: own }) => [scope, path(own)]));
		this.#kept.push(policy);
		this.#routes.push({ ...this.#route(file), apim_policy: written, upstream: this.sources.upstream });
	}

	configuration({ fragments, certificates, namedValues }: ApimDefinition): unknown {
		const texts = this.#kept.length === 0 ? [] : [...this.#kept.flat(), ...fragments].map(({ text }) => text);
		const used = [...new Set(texts.flatMap((text) => namedValuesIn(text)))].filter((name) =>
			Object.hasOwn(namedValues, name),
		);
		const apim = {
			...(used.length === 0
				? {}
				: { named_values: Object.fromEntries(used.map((name) => [name, `\${env:${this.variableOf(name)}}`])) }),
			...(fragments.length === 0
				? {}
				: { fragments: Object.fromEntries(fragments.map(({ name, file }) => [name, this.#path(file)])) }),
			...(certificates.length === 0 ? {} : { certificates: this.#certificates() }),
			...(this.#metadataHosts.size === 0 ? {} : { allowed_openid_hosts: [...this.#metadataHosts] }),
		};
		const providers = [...this.#providers.values()].map(({ name, settings }) => [name, settings] as const);
		return {
			listen: '127.0.0.1:8080',
			...(this.#kept.length === 0 || Object.keys(apim).length === 0 ? {} : { apim }),
			...(providers.length === 0 ? {} : { providers: Object.fromEntries(providers) }),
			routes: this.#routes,
		};
	}

	/** How many came to what; nothing where a reader can count. */
	summary(files: readonly ImportedFile[]): readonly string[] {
		const counted = (['translated', 'kept', 'refused'] as const).flatMap((outcome) => {
			const count = files.filter((file) => file.outcome === outcome).length;
			return count === 0 ? [] : [`${count} ${outcomes[outcome]}`];
		});
		return files.length < 2 ? [] : [counted.join(', ')];
	}

	#certificates(): Readonly<Record<string, CertificateFiles>> {
		return Object.fromEntries(
			Object.entries(this.sources.certificates).map(([id, { certificate, key }]) => [
				id,
				{ certificate: this.#path(certificate), ...(key === undefined ? {} : { key: this.#path(key) }) },
			]),
		);
	}

	#route(file: string): { readonly name: string; readonly path: string } {
		const plain = basename(file, extname(file)).replaceAll(/[^A-Za-z0-9._-]/g, '-');
		const name = unused(plain, new Set(this.#routes.map((route) => route['name'])), '-');
		return { name, path: `/${name}/**` };
	}

	/** The same name for the same settings. */
	#provider(settings: ProviderFile, route: string): string {
		const id = JSON.stringify(settings);
		const known = this.#providers.get(id);
		if (known !== undefined) return known.name;
		const issuer = settings.issuer === undefined ? undefined : [settings.issuer].flat()[0];
		const host = /^https?:\/\/([A-Za-z0-9.-]+)/.exec(issuer ?? '')?.[1];
		const taken = new Set([...this.#providers.values()].map(({ name }) => name));
		const name = unused(settings.preset ?? host?.toLowerCase() ?? route, taken, '-');
		this.#providers.set(id, { name, settings });
		return name;
	}

	#path(file: string): string {
		return `./${relative(this.sources.folder, resolve(this.sources.folder, file)).replaceAll('\\', '/')}`;
	}
}

function unused(name: string, taken: ReadonlySet<unknown>, separator: string): string {
	if (!taken.has(name)) return name;
	let number = 2;
	while (taken.has(`${name}${separator}${number}`)) number++;
	return `${name}${separator}${number}`;
}
