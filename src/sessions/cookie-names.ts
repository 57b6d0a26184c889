/** The cookies of one kind of session: the session itself, its further pieces, and logins that are under way. */

/** Characters of one cookie's value; browsers drop a cookie whose name, value and attributes exceed 4,096 octets. */
export const pieceLength = 3_600;
/** Pieces of one session at most: with more, requests would not pass the limits of servers on the way. */
export const mostPieces = 4;
/** Logins that can be under way in one browser: a tab more may push another one out. */
export const loginSlots = 8;

export function pieceName(cookie: string, index: number): string {
	return index === 0 ? cookie : `${cookie}.${index}`;
}

/** The place of a login among those of the same browser, by its state, so that tabs that begin at once do not meet. */
export function loginName(cookie: string, state: string): string {
	return `${cookie}.login${state.charCodeAt(0) % loginSlots}`;
}

/** A first letter of a state for each place. */
const places = 'HABCDEFG';

/** The state, made so that its login takes the place of no other one as long as there is a free one. */
export function placeState(cookie: string, state: string, isTaken: (name: string) => boolean): string {
	for (const letter of places) if (!isTaken(loginName(cookie, letter))) return letter + state;
	return state;
}

/** Every cookie that belongs to it. */
export function cookieNames(cookie: string): readonly string[] {
	return [
		...Array.from({ length: mostPieces }, (_, index) => pieceName(cookie, index)),
		...Array.from({ length: loginSlots }, (_, slot) => `${cookie}.login${slot}`),
	];
}
