/** Cost as routes grow: requests go to all of them in a scattered order. */
import { measureGrowth } from './growth.ts';
import type { Section } from './section.ts';

/** Prime, and so no divisor of any number of routes: steps through all of them. */
const stride = 7_919;

export const routes: Section = {
	id: 'routes',
	about: 'cost as routes grow from 10 to 10,000',
	run: (stage) =>
		measureGrowth(stage, {
			id: 'routes',
			title: 'Growing number of routes',
			text: 'One provider; each route with a path, methods and scope of its own. Requests go to every route in turn, scattered.',
			of: 'routes',
			sizes: stage.plan.routes,
			rounds: stage.plan.rounds,
			configure: (plain, size, backendPort) => ({
				...plain,
				routes: Array.from({ length: size }, (_, index) => ({
					name: `route-${index}`,
					path: `/teams/${index}/orders/**`,
					methods: ['GET'],
					scopes: ['orders:read'],
					upstream: `http://127.0.0.1:${backendPort}`,
				})),
			}),
			paths: (size) => Array.from({ length: size }, (_, index) => `/teams/${(index * stride) % size}/orders/1`),
		}),
};
