/**
 * `/minting`: the keys of minted tokens, how old they are and what comes next; rotation and withdrawal on demand; and, where
 * the configuration wants it, key set and metadata for backends, which are for everybody.
 */

import { member } from '#core/index';
import { publishedPaths } from '#formats/published-paths';
import { isIdentifier } from '#formats/shared-access/identifier';
import type { KeyMaker } from '#keys/signing/key-maker';
import { CannotSealMintingKeys, UnreadableMintingKeys } from '#keys/signing/stored-minting-keys';
import type { ChangeAction } from '#observe/change-record';
import type { AdminSubject } from './admin.ts';
import { changing } from './changing.ts';
import { type Page, type PageRequest, problem, type Reply, readJsonBody } from './exchange.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'clock' | 'log' | 'recordChange'>;

export function mintingPages(subject: Subject): readonly Page[] {
	const [keySet, metadata] = publishedPaths('http://localhost');
	return [
		{
			path: '/minting',
			summary: 'keys of minted tokens: state, age, when each signs and goes',
			method: 'GET',
			answer: async () => describeMinting(subject),
		},
		changePage(subject, '/minting/rotate', 'JSON {}: a new key, which signs once it was published for long enough', {
			action: 'minting_rotate',
			members: [],
			async make(maker) {
				await maker.rotate();
				return describeMinting(subject);
			},
		}),
		changePage(subject, '/minting/withdraw', 'JSON {kid}: that key is gone at once, with all that it signed', {
			action: 'minting_withdraw',
			members: ['kid'],
			async make(maker, kid) {
				const after = await maker.withdraw(kid);
				return after === undefined ? problem(404, 'there is no key of this name') : describeMinting(subject);
			},
		}),
		documentPage(subject, keySet, 'keySet', 'the key set of minted tokens, for backends'),
		documentPage(subject, metadata, 'metadata', 'metadata of the issuer of minted tokens, for backends'),
	];
}

function describeMinting({ assembly, clock }: Subject): Reply {
	const { minting } = assembly().backend;
	if (minting === undefined) return { status: 200, body: { minting: null } };
	const { definition, keys, maker } = minting;
	const now = clock.now() / 1000;
	const status = maker?.status();
	return {
		status: 200,
		body: {
			issuer: definition.issuer,
			keys_from: definition.keys.from === 'made' ? 'the gateway' : 'the configuration',
			keys: keys.describe(now).map(({ kid, algorithm, state, madeAt, signsFrom, publishedUntil }) => ({
				kid,
				algorithm,
				state,
				made_at: date(madeAt),
				age_seconds: madeAt === undefined ? undefined : Math.max(0, Math.round(now - madeAt)),
				signs_from: date(signsFrom),
				published_until: date(publishedUntil),
			})),
			next_change_at: date(status?.nextChange),
			last_error: status?.lastError,
		},
	};
}

function date(seconds: number | undefined): string | undefined {
	return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}

interface KeyChange {
	readonly action: ChangeAction;
	/** Of the body: `kid`, or none. */
	readonly members: readonly string[];
	make(maker: KeyMaker, kid: string): Promise<Reply>;
}

function changePage(subject: Subject, path: string, summary: string, { action, members, make }: KeyChange): Page {
	async function answer(request: PageRequest): Promise<Reply> {
		const body = await readJsonBody(request);
		if ('refused' in body) return body.refused;
		const names = Object.keys(body.data);
		const kid = member(body.data, 'kid') ?? '';
		if (names.length !== members.length || names.some((name) => !members.includes(name))) {
			return problem(400, members.length === 0 ? 'expected an empty object' : `expected ${members.join(', ')}`);
		}
		if (typeof kid !== 'string' || kid.length > 256 || (members.length > 0 && !isIdentifier(kid))) {
			return problem(400, 'kid: expected the name of a key that the gateway made');
		}
		const maker = subject.assembly().backend.minting?.maker;
		if (maker === undefined) return problem(409, 'the gateway makes no minting keys here');
		return changing(subject, { action, by: request.by, to: kid === '' ? {} : { kid } }, async () => {
			try {
				return await make(maker, kid);
			} catch (cause) {
				if (cause instanceof UnreadableMintingKeys)
					return problem(409, `${cause.message}; /minting/rotate begins anew`);
				if (cause instanceof CannotSealMintingKeys) return problem(409, cause.message);
				throw cause;
			}
		});
	}
	return { path, summary, method: 'POST', changes: true, answer };
}

function documentPage(
	{ assembly, clock }: Subject,
	path: string,
	document: 'keySet' | 'metadata',
	summary: string,
): Page {
	return {
		path,
		summary,
		method: 'GET',
		open: true,
		async answer() {
			const { minting } = assembly().backend;
			if (minting?.definition.publishOn.admin !== true) return problem(404, 'minting is not published here');
			return minting.documents[document](clock.now() / 1000);
		},
	};
}
