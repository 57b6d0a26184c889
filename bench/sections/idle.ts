/** Memory of a gateway that has just started and served nothing. */
import { gatewayHeads } from '../table.ts';
import type { Section } from './section.ts';

export const idle: Section = {
	id: 'idle',
	about: 'memory before the first request',
	async run(stage) {
		const contenders = await stage.lineup();
		return [
			{
				id: 'idle',
				title: 'Idle memory',
				text: 'Resident memory of all processes of the gateway, a moment after its start.',
				heads: gatewayHeads,
				columns: [{ key: 'memory', title: 'RSS MB', digits: 0 }],
				rows: contenders.map(({ id, name, label, idle }) => ({
					id,
					name,
					label,
					values: { memory: idle === undefined ? [] : [idle] },
					problem: undefined,
				})),
			},
		];
	},
};
