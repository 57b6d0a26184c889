import { expect, test } from 'vitest';
import { mayAct } from '#formats/actor';
import { actorOf } from './actor.ts';

test('who acts is who the actor’s token names, and our client id', () => {
	const claims = { sub: 'service-account', azp: 'gateway', iss: 'https://actors/' };
	const { ids, issuer } = actorOf('gateway', claims, 'https://idp/');
	expect(issuer).toBe('https://actors/');
	expect(mayAct({ may_act: { sub: 'service-account', iss: 'https://actors/' } }, ids, issuer)).toBe(true);
	expect(mayAct({ may_act: { sub: 'service-account', iss: 'https://idp/' } }, ids, issuer)).toBe(false);
	expect(mayAct({ may_act: { iss: 'https://actors/' } }, ids, issuer)).toBe(false);
	expect(actorOf('gateway', undefined, 'https://idp/')).toEqual({
		ids: ['gateway', 'gateway@clients'],
		issuer: 'https://idp/',
	});
});
