/** Larger bodies, both ways. */
import { inRounds } from '../stage.ts';
import { type Column, gatewayHeads, loadValues, type Table } from '../table.ts';
import type { Section } from './section.ts';

interface Shape {
	readonly id: string;
	readonly title: string;
	readonly path: string;
	/** Bytes. */
	readonly body: number;
	readonly connections: number;
}

const kilobyte = 1_000;
const megabyte = 1_000_000;

const shapes: readonly Shape[] = [
	{ id: 'answer-1k', title: '1 kB answers', path: `/orders/bytes/${kilobyte}`, body: 0, connections: 64 },
	{ id: 'request-1k', title: '1 kB requests', path: '/orders/1', body: kilobyte, connections: 64 },
	{ id: 'answer-1m', title: '1 MB answers', path: `/orders/bytes/${megabyte}`, body: 0, connections: 16 },
	{ id: 'request-1m', title: '1 MB requests', path: '/orders/1', body: megabyte, connections: 16 },
];

const columns: readonly Column[] = shapes.flatMap(({ id, title }) => [
	{ key: `${id} cpu`, title: `${title}: µs CPU`, digits: 0, strong: true },
	{ key: `${id} rate`, title: 'requests/s', digits: 0 },
]);

export const bodies: Section = {
	id: 'bodies',
	about: 'bodies of 1 kB and 1 MB, requests and answers',
	async run(stage) {
		const { sideRounds, sideDuration } = stage.plan;
		const contenders = await stage.mainLineup();
		const tables: Table['rows'][] = [];
		for (const { id, title, path, body, connections } of shapes) {
			tables.push(
				await inRounds(stage, { title, count: sideRounds, warmUp: false }, contenders, async ({ instance }) => {
					const pace = { kind: 'closed', warmUp: sideDuration / 3, duration: sideDuration * 0.6 } as const;
					const values = loadValues(await stage.load(instance, { paths: [path], body, connections, pace }));
					return { [`${id} cpu`]: values['cpu'], [`${id} rate`]: values['rate'] };
				}),
			);
		}
		const rows = contenders.map(({ id, name, label }) => {
			const found = tables.flatMap((rows) => rows.filter((row) => row.id === id));
			const problems = found.flatMap(({ problem }) => problem ?? []);
			return {
				id,
				name,
				label,
				values: Object.assign({}, ...found.map(({ values }) => values)),
				problem: problems.length === 0 ? undefined : problems.join('; '),
			};
		});
		return [
			{
				id: 'bodies',
				title: 'Bodies',
				text: 'Repeated tokens, kept connections (16 for 1 MB), `Content-Length` both ways.',
				heads: gatewayHeads,
				columns,
				rows,
			},
		];
	},
};
