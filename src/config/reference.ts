/**
 * What is generated from the schema: the schema for editors, and the reference page. Neither is written by hand anywhere;
 * scripts/generate.ts keeps the files on disk equal to what comes out here.
 */
import { z } from 'zod';
import { configSchema } from './schema.ts';

interface Node {
	type?: string | string[];
	const?: unknown;
	enum?: unknown[];
	pattern?: string;
	description?: string;
	default?: unknown;
	properties?: Record<string, Node>;
	required?: string[];
	additionalProperties?: Node | boolean;
	items?: Node;
	anyOf?: Node[];
	[other: string]: unknown;
}

/** JSON Schema (2020-12) for editors. Wherever text has a form, a reference to a secret is allowed as well. */
export function configJsonSchema(): Node {
	const schema: Node = z.toJSONSchema(configSchema, {
		io: 'input',
		override: ({ jsonSchema }) => {
			if (typeof jsonSchema.pattern === 'string')
				jsonSchema.pattern = `${jsonSchema.pattern}|\\$\\{(env|file):[^{}]+\\}`;
			if (typeof jsonSchema.minLength === 'number' && jsonSchema.minLength > 1) delete jsonSchema.minLength;
		},
	}) as Node;
	return { $schema: schema['$schema'], title: 'Countersign configuration', ...schema };
}

interface Section {
	readonly paths: readonly string[];
	readonly rows: string;
}

/** `docs/configuration.md`: every key with its type, default and meaning. */
export function renderReference(): string {
	const mappings = new Map<string, Map<string, Key>>();
	collect(z.toJSONSchema(configSchema, { io: 'input' }) as Node, [], mappings);
	const sections: Section[] = [];
	for (const [path, keys] of mappings) {
		const rows = [...keys].map(renderRow).join('\n');
		const same = sections.findIndex((section) => section.rows === rows);
		if (same < 0) sections.push({ paths: [path], rows });
		else sections[same] = { paths: [...(sections[same]?.paths ?? []), path], rows };
	}
	return `${intro}${sections.map(renderSection).join('\n')}\n${weakenings(mappings)}`;
}

interface Key {
	readonly node: Node;
	readonly required: boolean;
}

/** Every mapping with known keys, by its path, outermost first; several forms of a union are one. */
function collect(node: Node, path: readonly string[], mappings: Map<string, Map<string, Key>>): void {
	const entries = Object.entries(node.properties ?? {});
	if (entries.length > 0) {
		const name = path.join('.');
		const known = mappings.get(name) ?? new Map<string, Key>();
		const first = !mappings.has(name);
		mappings.set(name, known);
		for (const [key, child] of entries) {
			const before = known.get(key);
			if (before !== undefined) {
				// Forms of a union that are told apart by one key, `type`: it may be any of theirs.
				const values = [...valuesOf(before.node), ...valuesOf(child)];
				if (values.length > 1 && valuesOf(child).length > 0) {
					const { const: _, ...rest } = before.node;
					known.set(key, { ...before, node: { ...rest, enum: [...new Set(values)] } });
				}
				continue;
			}
			known.set(key, { node: child, required: first && node.required?.includes(key) === true });
			collect(child, [...path, key], mappings);
		}
	}
	if (typeof node.additionalProperties === 'object') collect(node.additionalProperties, [...path, '<name>'], mappings);
	if (node.items !== undefined) collect(node.items, path, mappings);
	for (const form of node.anyOf ?? []) collect(form, path, mappings);
}

function valuesOf({ enum: values, const: value }: Node): readonly unknown[] {
	return values ?? (value === undefined ? [] : [value]);
}

function renderSection({ paths, rows }: Section): string {
	const title = paths.map((path) => (path === '' ? 'The file' : `\`${path}\``)).join(', ');
	return `## ${title}\n\n| key | type | default | meaning |\n|---|---|---|---|\n${rows}\n`;
}

function renderRow([name, { node, required }]: readonly [string, Key]): string {
	const mark = required ? ' (required)' : '';
	return `| \`${name}\`${mark} | ${cell(typeOf(node))} | ${cell(defaultOf(node))} | ${cell(node.description ?? '')} |`;
}

function cell(text: string): string {
	return text.replaceAll('|', '\\|');
}

function defaultOf(node: Node): string {
	if (node.default === undefined) return '';
	return `\`${typeof node.default === 'string' ? node.default : JSON.stringify(node.default)}\``;
}

function typeOf(node: Node): string {
	if (node.anyOf !== undefined) return typeOfForms(node.anyOf);
	if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
	if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
	if (Array.isArray(node.type)) return node.type.map((type: string) => typeOf({ type })).join(' or ');
	if (node.type === 'string') return stringType(node.pattern);
	if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeOf(node.items)}`;
	return typeWords[node.type ?? ''] ?? node.type ?? 'any value';
}

const typeWords: Readonly<Record<string, string>> = {
	boolean: '`true`, `false`',
	object: 'mapping',
	integer: 'whole number',
};

/** `text, or a list of these` where a union takes one or many. */
function typeOfForms(forms: readonly Node[]): string {
	const list = forms.find(({ type }) => type === 'array');
	const rest = forms.filter((form) => form !== list && form.type !== 'null').map(typeOf);
	const one = [...new Set(rest)].join(' or ');
	if (list === undefined) return one;
	const item = list.items === undefined ? '' : typeOf(list.items);
	return item === one ? `${one}, or a list of these` : `${one} or list of ${item}`;
}

function stringType(pattern: string | undefined): string {
	if (pattern?.includes('(ms|s|m|h|d)') === true) return 'duration';
	return pattern?.includes('KiB') === true ? 'size' : 'text';
}

function weakenings(mappings: ReadonlyMap<string, ReadonlyMap<string, Key>>): string {
	const places = new Map<string, { readonly paths: string[]; readonly text: string }>();
	for (const [path, keys] of mappings) {
		for (const [key, { node }] of keys) {
			if (!key.startsWith('insecure_')) continue;
			const place = places.get(key) ?? { paths: [], text: node.description ?? '' };
			place.paths.push(`\`${path}\``);
			places.set(key, place);
		}
	}
	const rows = [...places].map(([key, { paths, text }]) => `| \`${key}\` | ${paths.join(', ')} | ${cell(text)} |`);
	return [
		'## Everything that weakens a check',
		'',
		'One key for each danger; `countersign check` lists those in use. `backend_token: insecure_passthrough` belongs here too.',
		'',
		'| key | in | meaning |',
		'|---|---|---|',
		...rows,
		'',
	].join('\n');
}

const intro = `# Configuration

<!-- Generated from src/config/schema.ts by scripts/generate.ts: edit that. -->

One file, YAML 1.2 or JSON. Unknown keys are errors; \`countersign check FILE\` reports every problem at once, with line and
column. For completion in an editor, begin the file with

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/countersign/schema/countersign.schema.json
\`\`\`

A small one:

\`\`\`yaml
listen: 127.0.0.1:8080
providers:
  auth0: { preset: auth0, domain: example.eu.auth0.com, audience: https://api.example.com, max_lifetime: 1h }
routes:
  - { name: orders, path: /orders/**, scopes: [orders:read], upstream: http://127.0.0.1:9001 }
  - { name: health, path: /health, public: true, upstream: http://127.0.0.1:9001 }
\`\`\`

**Durations** are a whole number and a unit: \`250ms\`, \`30s\`, \`5m\`, \`1h\`, \`7d\`. **Sizes** are a number of bytes, or one with a
unit: \`16KiB\`, \`10MB\`. **Paths of files** are relative to the configuration file.

**Secrets** stay out of the file: \`\${env:NAME}\` is an environment variable, \`\${file:PATH}\` the content of a file without its
last line break. Both may stand alone or inside a longer text; \`$\${\` is a literal \`\${\`. What is filled in is never shown.

**Parameters**: \`{tenant}\` in \`audience\`, \`scopes\` and the values of \`claims\` is filled in from the path or the host of the
request.

**Claims** are named literally (\`https://example.com/roles\` is one name), or by a JSON Pointer that begins with \`/\`
(\`/realm_access/roles\`).

**Several providers** on one route: name them in a list, or in a mapping with rules of their own. What a provider's entry says
replaces the route's \`audience\`, \`scopes\`, \`clients\`, \`binding\`, \`acr_values\`, \`auth_max_age\` and \`token_from\`; \`claims\` are
merged by name; of \`max_lifetime\` and \`max_age\` the strictest of provider, route and entry counts.

**Presets** fill in what an identity provider really issues:

| preset | needs | issuer | scopes from | client from | audience |
|---|---|---|---|---|---|
| \`auth0\` | \`domain\` | \`https://{domain}/\` | \`scope\`, and \`permissions\` | \`azp\`, \`client_id\` | identifier of the API |
| \`entra\` | \`tenants\` | v1 \`https://sts.windows.net/{tenant}/\`, v2 \`https://login.microsoftonline.com/{tenant}/v2.0\` | \`scp\`, and \`roles\` | \`azp\` (v2), \`appid\` (v1) | v1: App ID URI (\`api://…\`) or client id; v2: client id of the API, a bare GUID |
| \`okta\` | \`domain\`, \`server\` | \`https://{domain}/oauth2/{server}\` | \`scp\` | \`cid\` | of the authorization server, such as \`api://default\` |
| \`cognito\` | \`user_pool\` | \`https://cognito-idp.{region}.amazonaws.com/{user_pool}\` | \`scope\` | \`client_id\` | none: \`clients\` takes its place; \`token_use\` must be \`access\` |
| \`keycloak\` | \`base_url\`, \`realm\` | \`{base_url}/realms/{realm}\` | \`scope\` | \`azp\`, \`client_id\` | from an audience mapper; roles are claims: \`/realm_access/roles\` |

Okta's org authorization server issues access tokens for Okta alone, which cannot be verified here; a custom authorization
server is needed. With \`insecure_any_tenant\`, \`entra\` accepts v2 tokens only.

`;
