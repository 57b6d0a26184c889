/**
 * The policy of a route: the files of its scopes, from the outermost to the innermost. `<base/>` stands for what the scope
 * outside says in the same section; where it is absent, that is not done (and the linter says so). A section that a file
 * does not have at all is the one of the scope outside.
 */
import type { PolicyDocument, PolicyElement } from '../policy-text/document.ts';
import { flatStatements } from './flat-statements.ts';
import { readList, readStatements } from './read-statements.ts';
import { type Finding, maxStatements, Reading, type Section, type Surroundings, sections } from './reading.ts';
import type { Statement } from './statement.ts';

export const scopes = ['global', 'product', 'api', 'operation'] as const;
export type Scope = (typeof scopes)[number];

/** What stands in the outermost scope of API Management unless somebody takes it out. */
const forwarding: Statement = {
	kind: 'forward-request',
	place: {
		file: '',
		position: { line: 0, column: 0 },
		scope: 'global',
		section: 'backend',
		path: 'forward-request[1]',
		id: undefined,
	},
};

export interface ScopeDocument {
	readonly scope: Scope;
	readonly file: string;
	readonly document: PolicyDocument;
}

/** One scope as it was read: undefined for sections that the file does not have. */
export interface ReadScope {
	readonly scope: Scope;
	readonly file: string;
	readonly sections: Readonly<Record<Section, readonly Statement[] | undefined>>;
	/** Statements without `policies` around them: a snippet for the inbound section, or a fragment. */
	readonly isSnippet: boolean;
}

export interface ReadPolicy {
	readonly scopes: readonly ReadScope[];
	/** All scopes together, in the order in which they are done; `base` is gone. */
	readonly sections: Readonly<Record<Section, readonly Statement[]>>;
}

/** Never throws: what is wrong is added to `findings`, and then the policy must not be run. */
export function readPolicy(
	documents: readonly ScopeDocument[],
	surroundings: Surroundings,
	findings: Finding[],
): ReadPolicy {
	const count = { statements: 0 };
	const read = documents.map((document) => readScope(document, surroundings, findings, count));
	const all = (section: Section) =>
		read.reduce<readonly Statement[]>(
			(outside, { sections: own }) => {
				const statements = own[section];
				if (statements === undefined) return outside;
				const bases = flatStatements(statements).filter(({ kind }) => kind === 'base');
				// The scopes outside of one another would multiply.
				if (bases.length * flatStatements(outside).length <= maxStatements) return withBase(statements, outside);
				for (const { place } of bases.slice(0, 1)) {
					const { file, position } = place;
					const message = `more than ${maxStatements} statements with those that <base/> stands for`;
					findings.push({ severity: 'error', rule: 'too_many_statements', file, position, message });
				}
				return withBase(statements, []);
			},
			section === 'backend' ? [forwarding] : [],
		);
	return {
		scopes: read,
		sections: {
			inbound: all('inbound'),
			backend: all('backend'),
			outbound: all('outbound'),
			'on-error': all('on-error'),
		},
	};
}

function readScope(
	{ scope, file, document }: ScopeDocument,
	surroundings: Surroundings,
	findings: Finding[],
	count: { statements: number },
): ReadScope {
	const readingOf = (section: Section) => new Reading(surroundings, findings, { file, section, scope }, [], count);
	const none = { inbound: undefined, backend: undefined, outbound: undefined, 'on-error': undefined };
	const { roots } = document;
	const [root] = roots;
	if (root === undefined) {
		readingOf('inbound').error('policy_empty', { line: 1, column: 1 }, 'the file holds no statement');
		return { scope, file, sections: none, isSnippet: false };
	}
	// Sections with nothing around them, as documentation shows them.
	if (roots.every(({ name }) => sections.some((section) => section === name))) {
		const { position } = root;
		const whole = { name: 'policies', position, attributes: new Map(), children: roots, text: undefined };
		return { scope, file, sections: { ...none, ...readSections(whole, readingOf) }, isSnippet: false };
	}
	if (root.name !== 'policies' || roots.length > 1) {
		const policies = roots.find(({ name }) => name === 'policies');
		if (policies !== undefined) {
			readingOf('inbound').error('policy_root', policies.position, '<policies> must be the only element');
		}
		const isFragment = roots.length === 1 && root.name === 'fragment';
		const inbound = isFragment ? readStatements(root, readingOf('inbound')) : readList(roots, readingOf('inbound'), '');
		// A snippet is something to paste behind <base/>.
		const base: Statement = {
			kind: 'base',
			place: { file, position: root.position, scope, section: 'inbound', path: 'base[0]', id: undefined },
		};
		return { scope, file, sections: { ...none, inbound: [base, ...inbound] }, isSnippet: true };
	}
	return { scope, file, sections: { ...none, ...readSections(root, readingOf) }, isSnippet: false };
}

const forwards: ReadonlySet<string> = new Set(['base', 'forward-request']);

function readSections(
	root: PolicyElement,
	readingOf: (section: Section) => Reading,
): Partial<Record<Section, readonly Statement[]>> {
	const read: Partial<Record<Section, readonly Statement[]>> = {};
	const any = readingOf('inbound');
	any.expect(root, [], sections);
	for (const section of sections) {
		const element = any.only(root, section);
		if (element === undefined) continue;
		const reading = readingOf(section);
		for (const [name, { position }] of element.attributes) {
			reading.error('attribute_unknown', position, `<${section}> has no attribute ${name}`);
		}
		const statements = readStatements(element, reading);
		// Of what could not be read nobody knows whether it forwards.
		const isRead = statements.length === element.children.length;
		if (section === 'backend' && isRead && !flatStatements(statements).some(({ kind }) => forwards.has(kind))) {
			const message =
				'<backend> has neither <base/> nor <forward-request/>: nothing is forwarded, the answer is an empty 200';
			reading.warn('not_forwarded', element.position, message);
		}
		read[section] = statements;
	}
	return read;
}

/** `statements` with `outside` in place of each `base`, at any depth. */
function withBase(statements: readonly Statement[], outside: readonly Statement[]): readonly Statement[] {
	return statements.flatMap((statement): readonly Statement[] => {
		switch (statement.kind) {
			case 'base':
				return outside;
			case 'choose':
				return [
					{
						...statement,
						branches: statement.branches.map((branch) => ({
							...branch,
							statements: withBase(branch.statements, outside),
						})),
						otherwise: statement.otherwise === undefined ? undefined : withBase(statement.otherwise, outside),
					},
				];
			case 'include-fragment':
				return [{ ...statement, statements: withBase(statement.statements, outside) }];
			default:
				return [statement];
		}
	});
}
