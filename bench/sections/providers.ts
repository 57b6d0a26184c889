/** Cost as providers grow: one route accepts all of them, and tokens come from all of them in turn. */
import { createIssuer, issuer } from '../tokens.ts';
import { measureGrowth } from './growth.ts';
import type { Section } from './section.ts';

export const providers: Section = {
	id: 'providers',
	about: 'cost as providers grow from 1 to 100',
	async run(stage) {
		const { plan } = stage;
		const most = Math.max(...plan.providers);
		const idps = await Promise.all(
			Array.from({ length: most }, async (_, id) => {
				const iss = `${issuer}tenants/${id}`;
				return { name: `idp-${id}`, iss, tokens: await createIssuer(iss) };
			}),
		);

		async function mint(size: number): Promise<string> {
			const each = Math.ceil(plan.tokens / size);
			const lists = await Promise.all(idps.slice(0, size).map(({ tokens }) => tokens.mintMany(each)));
			return stage.write(
				Array.from({ length: each * size }, (_, index) => lists[index % size]?.[Math.floor(index / size)] ?? ''),
			);
		}

		const files = new Map<number, string>();
		for (const size of plan.providers) files.set(size, await mint(size));
		return measureGrowth(stage, {
			id: 'providers',
			title: 'Growing number of providers',
			text: 'One route that accepts the tokens of all providers, each with a key of its own; tokens of all of them in turn.',
			of: 'providers',
			sizes: plan.providers,
			rounds: plan.sideRounds,
			configure(plain, size, backendPort) {
				const idp = (plain['providers'] as Readonly<Record<string, object>>)['idp'];
				const taken = idps.slice(0, size);
				return {
					...plain,
					providers: Object.fromEntries(
						taken.map(({ name, iss, tokens }) => [name, { ...idp, issuer: iss, jwks: tokens.jwks }]),
					),
					routes: [
						{
							path: '/orders/**',
							methods: ['GET'],
							scopes: ['orders:read'],
							providers: taken.map(({ name }) => name),
							upstream: `http://127.0.0.1:${backendPort}`,
						},
					],
				};
			},
			paths: () => ['/orders/1'],
			credentials: (size) => files.get(size),
		});
	},
};
