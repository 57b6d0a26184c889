import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RequestView } from '#core/index';
import { fakeClock } from '../../test/support/fake-runtime.ts';
import { requestView } from '../../test/support/request-view.ts';
import { nodeCryptography } from '../runtime/node/cryptography.ts';
import { createSealing } from '../runtime/node/sealing.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { Kept } from './keeper.ts';
import { createSealedCookies } from './sealed-cookies.ts';

const minute = 60;

function scene() {
	const clock = fakeClock();
	let ids = 0;
	const seconds = () => clock.now() / 1000;
	const keeper = createSealedCookies({
		name: 'web',
		cookie: { name: '__Host-web', sameSite: 'Lax', maxAge: undefined },
		lifetimes: { idle: 30 * minute, absolute: 12 * 60 * minute },
		store: createMemoryStore({ clock, randomId: () => String((ids += 1)) }),
		sealing: createSealing([randomBytes(32)]),
		clock,
		cryptography: nodeCryptography,
	});
	return {
		clock,
		keeper,
		async create(): Promise<Kept> {
			const now = seconds();
			const kept = await keeper.create({
				issuer: 'https://idp.example.com/',
				subject: 'ada',
				sid: undefined,
				claims: {},
				createdAt: now,
				seenAt: now,
				accessToken: 'first',
				accessExpiresAt: now + 5 * minute,
				refreshedAt: now,
				refreshToken: 'used up by the refresh',
				generation: 0,
			});
			if (kept === undefined) throw new Error('no session');
			return kept;
		},
	};
}

function withCookies({ cookies }: Kept): RequestView {
	const pairs = cookies.map(([, value]) => value.slice(0, value.indexOf(';'))).filter((pair) => !pair.endsWith('='));
	return requestView({ headers: [['cookie', pairs.join('; ')]] });
}

test('the tokens of a refresh are known as long as a cookie with those of before is good', async () => {
	const { clock, keeper, create } = scene();
	const created = await create();
	clock.advance(2 * minute * 1000);
	const found = await keeper.find(withCookies(created));
	if (found === undefined) throw new Error('no session');
	// A request is answered with the tokens at hand and notes its time, while the next ones are fetched.
	const touched = await keeper.touch(found);
	await keeper.save(found, { ...found.session, accessToken: 'second', refreshToken: 'good', generation: 1 });
	clock.advance(29 * minute * 1000);
	const late = await keeper.find(withCookies(touched));
	expect(late?.session).toMatchObject({ accessToken: 'second', refreshToken: 'good', generation: 1 });
	clock.advance(2 * minute * 1000);
	expect(await keeper.find(withCookies(touched))).toBeUndefined();
});
