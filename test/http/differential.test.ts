/**
 * Our parsers beside node's own strict one (llhttp): whatever we accept it accepts, with the same meaning. Where the two
 * disagree we must be the one that refuses. A few thousand cases here; a million and more with `COUNTERSIGN_LONG=1`, and
 * `COUNTERSIGN_SEED=n` looks at one case again.
 */
import { expect, test } from 'vitest';
import { type EngineReading, engineReadsRequests, engineReadsResponse } from '../support/engine-reading.ts';
import { type Case, requestCase, responseCase } from '../support/message-grammar.ts';
import { nodeReadsRequests, nodeReadsResponse, type Reading, type ReadMessage } from '../support/node-reading.ts';

const isLong = process.env['COUNTERSIGN_LONG'] === '1';
const count = isLong ? 2_000_000 : 4_000;
const one = process.env['COUNTERSIGN_SEED'];
const patience = isLong ? 6 * 3_600_000 : 60_000;
/** Cases under way at once. */
const abreast = 64;

/** What both must see alike. */
const meaning = ({ start, target, minor, lines, body, isComplete }: ReadMessage) => ({
	start,
	target,
	minor,
	lines,
	body,
	isComplete,
});

const valueOf = ({ lines }: ReadMessage, name: string): string =>
	lines.filter((_, index) => index % 2 === 1 && lines[index - 1]?.toLowerCase() === name).join();

function same(ours: EngineReading, theirs: Reading, method: string): string | undefined {
	for (const [index, message] of ours.messages.entries()) {
		const other = theirs.messages[index];
		if (other === undefined) return `message ${index} is none for node`;
		// A broken body is accepted by nobody; how much of it each has passed on is no difference in meaning.
		if (ours.failed && !message.isComplete) continue;
		const [mine, its] = [JSON.stringify(meaning(message)), JSON.stringify(meaning(other))];
		if (mine !== its) return `message ${index}: ours ${mine}, node's ${its}`;
		// An upgrade that nobody takes is a plain request here (RFC 9110 §7.8); node leaves what comes behind it unread.
		if (/\bupgrade\b/i.test(valueOf(message, 'connection')) && valueOf(message, 'upgrade') !== '') return undefined;
		// Node asks whether a response to HEAD can be followed before it knows that it has no body.
		if (message.persists && !other.persists && method !== 'HEAD') return `message ${index}: node would close behind it`;
	}
	if (ours.failed || ours.closed || method !== '') return undefined;
	const [mine, its] = [ours.messages.length, theirs.messages.length];
	return its > mine ? `node sees ${its} messages where we see ${mine}` : undefined;
}

interface Tally {
	cases: number;
	accepted: number;
	refused: number;
	/** Refused here, taken by node. */
	stricter: number;
}

async function compare(
	made: (seed: number) => Case,
	ours: (each: Case) => EngineReading,
	theirs: (each: Case) => Promise<Reading>,
): Promise<Tally> {
	const tally: Tally = { cases: 0, accepted: 0, refused: 0, stricter: 0 };
	const look = async (seed: number): Promise<void> => {
		const each = made(seed);
		const mine = ours(each);
		const its = await theirs(each);
		const difference = same(mine, its, each.method);
		const text = Buffer.concat(each.reads).toString('latin1');
		if (difference !== undefined) throw new Error(`seed ${seed}: ${difference}\n${JSON.stringify(text)}`);
		tally.cases += 1;
		tally.accepted += mine.messages.filter((message) => message.isComplete).length;
		if (mine.failed) tally.refused += 1;
		if (mine.failed && !its.failed) tally.stricter += 1;
	};
	if (one !== undefined) {
		await look(Number(one));
		return tally;
	}
	// Other cases in every long run, the same ones in the suite.
	const first = isLong ? Math.floor(Date.now() / 1000) * 16 : 0;
	let next = first;
	const worker = async (): Promise<void> => {
		while (next < first + count) {
			const seed = next;
			next += 1;
			await look(seed);
			if (isLong && (seed - first) % 100_000 === 99_999) process.stdout.write(`${JSON.stringify(tally)}\n`);
		}
	};
	await Promise.all(Array.from({ length: abreast }, worker));
	return tally;
}

test('requests: what we accept, node accepts, with the same meaning', { timeout: patience }, async () => {
	const tally = await compare(
		requestCase,
		({ reads }) => engineReadsRequests(reads),
		({ reads }) => nodeReadsRequests(reads),
	);
	process.stdout.write(`requests: ${JSON.stringify(tally)}\n`);
	if (one !== undefined) return;
	// The cases are worth something: both outcomes come often, and neither parser is right all the time by refusing.
	expect(tally.cases).toBe(count);
	expect(tally.accepted).toBeGreaterThan(count / 2);
	expect(tally.refused).toBeGreaterThan(count / 10);
});

test('responses: what we accept, node accepts, with the same meaning', { timeout: patience }, async () => {
	const tally = await compare(
		responseCase,
		({ reads, method }) => engineReadsResponse(reads, method),
		({ reads, method }) => nodeReadsResponse(reads, method),
	);
	process.stdout.write(`responses: ${JSON.stringify(tally)}\n`);
	if (one !== undefined) return;
	expect(tally.cases).toBe(count);
	expect(tally.accepted).toBeGreaterThan(count / 3);
	expect(tally.refused).toBeGreaterThan(count / 10);
});

test('where reads end changes nothing: every case, cut at every position', () => {
	const summary = ({ messages, failed, closed }: EngineReading): string =>
		JSON.stringify([messages.filter((message) => message.isComplete || !failed), failed, closed]);
	for (let seed = 0; seed < 150; seed++) {
		const text = Buffer.concat(requestCase(seed).reads);
		const whole = engineReadsRequests([text]);
		const single = engineReadsRequests(Array.from(text, (octet) => Buffer.from([octet])));
		expect([seed, summary(single)]).toEqual([seed, summary(whole)]);
		for (let cut = 1; cut < text.length; cut++) {
			const halves = engineReadsRequests([text.subarray(0, cut), text.subarray(cut)]);
			if (summary(halves) !== summary(whole)) expect([seed, cut, summary(halves)]).toEqual([seed, cut, summary(whole)]);
		}
		const { reads, method } = responseCase(seed);
		const answer = Buffer.concat(reads);
		const read = engineReadsResponse([answer], method);
		for (let cut = 1; cut < answer.length; cut++) {
			const halves = engineReadsResponse([answer.subarray(0, cut), answer.subarray(cut)], method);
			if (summary(halves) !== summary(read)) expect([seed, cut, summary(halves)]).toEqual([seed, cut, summary(read)]);
		}
	}
});
