/**
 * `POST /logout/PROVIDER`: where a provider sends its logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.5). It
 * needs no admin token, because the logout token vouches for itself; a route makes it reachable for the provider.
 */
import { createLogout } from '#assembly/logout';
import type { AdminSubject } from './admin.ts';
import { changing } from './changing.ts';
import { type Page, problem, type Reply } from './exchange.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'log' | 'recordChange' | 'cryptography'>;

/** §2.8: what a refusal looks like; the description is ours and holds nothing of the token. */
function refusal(description: string): Reply {
	return { status: 400, body: { error: 'invalid_request', error_description: description } };
}

export function logoutPage(subject: Subject): Page {
	return {
		path: '/logout/{provider}',
		summary: 'form with logout_token: ends what an OpenID provider says is over',
		method: 'POST',
		open: true,
		async answer(request) {
			const type = request.view.header('content-type') ?? '';
			if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(type)) {
				return problem(415, 'expected content-type: application/x-www-form-urlencoded');
			}
			const body = await request.body();
			if ('refused' in body) return body.refused;
			const [token, second] = new URLSearchParams(body.text).getAll('logout_token');
			if (token === undefined || second !== undefined) return refusal('expected logout_token, once');
			const provider = request.parameter;
			const read = await createLogout(subject.assembly(), subject.cryptography).read(provider, token);
			if (read.outcome === 'unavailable') return problem(503, 'the keys of the provider cannot be had at the moment');
			if (read.outcome === 'refused' || read.apply === undefined) {
				const why = read.outcome === 'refused' ? read.why : 'nothing to end';
				subject.log.warn('a logout token was refused', { provider, why });
				return refusal(why);
			}
			const { apply, denials, issuer } = read;
			const what = Object.fromEntries(denials.map(({ kind, value }) => [kind, value]));
			const by = `provider ${provider}`;
			return changing(subject, { action: 'logout', by, to: { issuer, ...what } }, async () =>
				(await apply(`logout token of ${provider}`)) ? { status: 200, body: '' } : refusal('it was used before'),
			);
		},
	};
}
