/** After everything else: what went through the gateway has left no token and no secret behind, whole or in parts. */
import { secretOf } from '../realm.ts';
import type { Rig } from '../rig.ts';

/** Shorter parts may stand anywhere by chance. */
const shortest = 16;

export async function checkTraces({ report, gateway }: Rig): Promise<void> {
	report.heading('What is left behind');
	await report.check('no token or secret in the log, the audit records or at the upstream', async () => {
		// Without the header of a JWT: every token of the same key has it.
		const tokens = [...gateway.tokens].flatMap((token) => [token, ...token.split('.').slice(1)]);
		const secrets = ['basic', 'post', 'secret-jwt', 'signed'].map((name) => secretOf(`gateway-${name}`));
		const canaries = [...new Set([...tokens, ...secrets])].filter(({ length }) => length >= shortest);
		for (const [place, text] of Object.entries(gateway.traces())) {
			if (place !== 'log' && text === '') throw new Error(`nothing was written to: ${place}`);
			if (canaries.some((canary) => text.includes(canary))) throw new Error(`a token, or a part of one, in: ${place}`);
		}
		return `${gateway.tokens.size} tokens`;
	});
}
