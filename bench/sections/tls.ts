/** TLS from client to gateway: on kept connections, and with a full handshake for each request. */
import { type Contender, inRounds } from '../stage.ts';
import { gatewayHeads, loadColumns, loadValues, type Table } from '../table.ts';
import type { Section } from './section.ts';

export const tls: Section = {
	id: 'tls',
	about: 'TLS on kept connections, and a handshake for each request',
	async run(stage) {
		const { plan } = stage;
		const contenders = await stage.tlsLineup();
		try {
			const measure = (title: string, close: boolean) =>
				inRounds(stage, { title, count: plan.sideRounds, warmUp: false }, contenders, async ({ instance }: Contender) =>
					loadValues(
						await stage.load(instance, {
							close,
							pace: { kind: 'closed', warmUp: plan.warmUp, duration: plan.sideDuration },
						}),
					),
				);
			const table = (id: string, title: string, text: string, rows: Table['rows']): Table => ({
				id,
				title,
				text,
				heads: gatewayHeads,
				columns: loadColumns,
				rows,
			});
			return [
				table(
					'tls',
					'TLS, kept connections',
					'Repeated tokens over TLS as negotiated (1.3 where the gateway speaks it); the certificate has a P-256 key. The way to the backend is plain.',
					await measure('TLS', false),
				),
				table(
					'tls-churn',
					'TLS, a new connection for each request',
					'The same with a full handshake for each request: no session is resumed.',
					await measure('TLS handshakes', true),
				),
			];
		} finally {
			await Promise.all(contenders.map(({ instance }) => instance.stop()));
		}
	},
};
