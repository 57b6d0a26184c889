import { expect, test } from 'vitest';
import {
	isKeyDue,
	keptFor,
	nextChange,
	publishedUntil,
	type Rotation,
	signerAt,
	signsFrom,
	stillNeeded,
} from './key-schedule.ts';

const hour = 3_600;
const rotation: Rotation = { algorithm: 'ES256', every: 24 * hour, ahead: hour };
const key = (from: number, madeAt = from - hour) => ({ algorithm: 'ES256', madeAt, signsFrom: from }) as const;

test('the first key signs at once; the next one after it was published for long enough', () => {
	expect(isKeyDue([], rotation, 0)).toBe(true);
	expect(signsFrom([], rotation, 100)).toBe(100);
	const first = key(0, 0);
	expect(isKeyDue([first], rotation, 23 * hour - 1)).toBe(false);
	expect(isKeyDue([first], rotation, 23 * hour)).toBe(true);
	expect(signsFrom([first], rotation, 23 * hour)).toBe(24 * hour);
	// Never less than the whole time ahead, which may be as short as a second.
	expect(signsFrom([first], { ...rotation, ahead: 1 }, 10.9)).toBe(12);
	const second = key(24 * hour);
	expect(signerAt([first, second], 24 * hour - 1)).toBe(first);
	expect(signerAt([first, second], 24 * hour)).toBe(second);
	expect(isKeyDue([first, second], rotation, 23 * hour + 1)).toBe(false);
});

test('one that signs no more is published until its last token has expired by anybody’s clock', () => {
	const keys = [key(0, 0), key(24 * hour), key(48 * hour)];
	expect(keptFor).toBe(hour + 300);
	expect(publishedUntil(keys, 0)).toBe(24 * hour + keptFor);
	expect(publishedUntil(keys, 2)).toBeUndefined();
	expect(stillNeeded(keys, 24 * hour + keptFor - 1)).toEqual(keys);
	expect(stillNeeded(keys, 24 * hour + keptFor)).toEqual(keys.slice(1));
	expect(stillNeeded(keys, 1_000 * hour)).toEqual(keys.slice(2));
});

test('another algorithm is a reason for another key, but not while one waits for its time', () => {
	const other: Rotation = { ...rotation, algorithm: 'RS256' };
	expect(isKeyDue([key(0, 0)], other, 10)).toBe(true);
	expect(isKeyDue([key(0, 0), key(hour)], other, 10)).toBe(false);
	expect(isKeyDue([key(0, 0), key(hour)], other, hour)).toBe(true);
});

test('a clock that was set back finds a key to sign with', () => {
	expect(signerAt([key(100, 0), key(200)], 50)?.signsFrom).toBe(100);
	expect(signerAt([], 50)).toBeUndefined();
});

test('a gateway that slept through a rotation does not skip the time ahead', () => {
	const now = 1_000 * hour;
	expect(isKeyDue([key(0, 0)], rotation, now)).toBe(true);
	expect(signsFrom([key(0, 0)], rotation, now)).toBe(now + hour);
});

test('when to look again: a key to make, or one that goes', () => {
	expect(nextChange([], rotation, 7)).toBe(7);
	expect(nextChange([key(0, 0)], rotation, 7)).toBe(23 * hour);
	expect(nextChange([key(0, 0), key(24 * hour)], rotation, 7)).toBe(24 * hour + keptFor);
});
