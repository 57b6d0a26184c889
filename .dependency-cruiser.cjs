/**
 * The import table of ARCHITECTURE.md as rules. scripts/check-layers.ts runs them over src/, and over a fixture that
 * breaks every one of them; it also holds this table and the folders of src/ against each other.
 */
const below = [
	'core',
	'formats',
	'keys',
	'revocation',
	'store',
	'pipeline',
	'answers',
	'observe',
	'config',
	'sessions',
	'policy',
	'runtime',
	'apim/gateway-tokens',
	'apim/policy-text',
	'apim/expressions',
	'apim/statements',
	'apim/lint',
	'apim/run',
	'apim/translate',
	'assembly',
];

/** Folder of src/ → folders that it may import, besides itself. */
const layers = {
	core: [],
	formats: ['core'],
	keys: ['core', 'formats'],
	revocation: ['core', 'formats'],
	store: ['core', 'formats'],
	observe: ['core', 'formats'],
	config: ['core', 'formats'],
	'pipeline/extract': ['core', 'formats'],
	'pipeline/authenticate': ['core', 'formats', 'keys'],
	'pipeline/authorize': ['core', 'formats'],
	'pipeline/limit': ['core', 'formats'],
	'pipeline/transform': ['core', 'formats', 'keys'],
	answers: ['core', 'formats', 'keys'],
	sessions: ['core', 'formats', 'keys'],
	policy: ['core', 'formats', 'keys', 'pipeline', 'answers', 'sessions', 'observe', 'config'],
	runtime: ['core', 'formats'],
	http: ['core', 'formats'],
	'apim/gateway-tokens': ['core', 'formats'],
	'apim/policy-text': ['core', 'formats'],
	'apim/expressions': ['core', 'formats'],
	'apim/statements': ['core', 'formats', 'apim/policy-text'],
	'apim/lint': ['core', 'formats', 'apim/policy-text', 'apim/statements'],
	'apim/run': ['core', 'formats', 'keys', 'pipeline', 'apim/policy-text', 'apim/statements', 'apim/expressions'],
	'apim/translate': ['core', 'formats', 'config', 'apim/policy-text', 'apim/statements'],
	assembly: below,
	admin: [...below, 'http'],
	gateway: [...below, 'http', 'admin'],
	cli: [...below, 'http', 'admin', 'gateway'],
};

/** Web standards only, so that they run without Node. */
const pure = [
	'^src/(core|formats|keys|revocation|pipeline|answers|sessions|observe|policy|apim/(expressions|gateway-tokens|lint|policy-text|run|statements|translate))/',
	'^src/config/(definition[a-z-]*|defaults|header-names|schema[a-z-]*|shared-secret)\\.ts$',
	'^src/config/presets/',
];

const tests = '\\.test\\.ts$';
const folders = (names) => names.map((name) => `^src/${name}/`);

const layerRules = Object.entries(layers).map(([folder, allowed]) => ({
	name: `layer: ${folder}`,
	comment: `${folder} may import ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}`,
	severity: 'error',
	from: { path: `^src/${folder}/`, pathNot: tests },
	to: {
		// core imports nothing at all; the others may use packages and, where they are not pure, Node.
		...(folder === 'core' ? {} : { path: '^src/' }),
		pathNot: folders([folder, ...allowed]),
	},
}));

module.exports = {
	layers,
	forbidden: [
		...layerRules,
		{
			name: 'pure: no node',
			comment: 'pure folders use web standards only; what differs by runtime comes in through the ports of core',
			severity: 'error',
			from: { path: pure, pathNot: tests },
			to: { dependencyTypes: ['core'] },
		},
		{
			name: 'pure: stays pure',
			comment: 'a pure file that imports one that is not pure is not pure itself',
			severity: 'error',
			from: { path: pure, pathNot: tests },
			to: { path: '^src/', pathNot: pure },
		},
		{
			name: 'node: at the edges',
			comment: 'node: belongs to runtime, store, http, assembly, admin, gateway, cli and the loading of config',
			severity: 'error',
			from: {
				path: '^src/',
				pathNot: [
					tests,
					...pure,
					...folders(['runtime', 'store', 'http', 'assembly', 'admin', 'gateway', 'cli', 'config']),
				],
			},
			to: { dependencyTypes: ['core'] },
		},
		{
			name: 'no cycles',
			comment: 'two files that need each other at run time are one file, or hide a third; their types may meet',
			severity: 'error',
			from: { path: '^src/' },
			to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
		},
		{
			name: 'tests are leaves',
			comment: 'nothing imports a test file, and the product imports nothing outside src/',
			severity: 'error',
			from: { path: '^src/', pathNot: tests },
			to: { path: [tests, '^(test|scripts|bench)/'] },
		},
		{
			name: 'tests do not import tests',
			comment: 'what two tests share stands in test/support',
			severity: 'error',
			from: { path: tests },
			to: { path: tests },
		},
		{
			name: 'no development dependency',
			comment: 'the package installs without them; only the demo may ask for one, in words, when it runs',
			severity: 'error',
			from: { path: '^src/', pathNot: [tests, '^src/cli/demo/'] },
			to: {
				dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
				// An optional peer is a development dependency here and the operator's choice there.
				dependencyTypesNot: ['npm-peer'],
			},
		},
		{
			name: 'resolvable',
			comment: 'an import that cannot be resolved is an import that cannot be judged',
			severity: 'error',
			from: {},
			to: { couldNotResolve: true },
		},
	],
	options: {
		doNotFollow: { path: 'node_modules' },
		// Types are imports too: a layer that knows another one's types knows the other layer.
		tsPreCompilationDeps: true,
		enhancedResolveOptions: {
			conditionNames: ['countersign-source', 'import', 'node', 'default'],
			exportsFields: ['exports'],
			extensions: ['.ts', '.d.ts', '.js', '.cjs', '.mjs', '.json'],
		},
	},
};
