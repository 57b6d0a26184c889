/**
 * HTTP/1.1 messages made by chance, right, nearly right and wrong, for two parsers to disagree on: a grammar whose every
 * rule has its wrong spellings, mutations of bytes on top, and reads that end anywhere. One seed, one case.
 */
import { Buffer } from 'node:buffer';

/** Numbers from a seed (mulberry32): the same ones wherever a case is looked at again. */
export class Chance {
	#state: number;

	constructor(seed: number) {
		this.#state = (seed * 0x9e3779b1) >>> 0;
	}

	/** From 0 on, below `limit`. */
	below(limit: number): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
	}

	/** True in `percent` of all cases. */
	percent(percent: number): boolean {
		return this.below(1000) < percent * 10;
	}

	of<T>(choices: readonly T[]): T {
		const chosen = choices[this.below(choices.length)];
		if (chosen === undefined) throw new Error('nothing to choose from');
		return chosen;
	}
}

/** What arrives on one connection, read by read. */
export interface Case {
	readonly reads: readonly Buffer[];
	/** Method of the request that a response answers; for requests not used. */
	readonly method: string;
}

const methods =
	'GET GET HEAD POST POST PUT DELETE OPTIONS PATCH PROPFIND QUERY M-SEARCH PURGE UNLINK TRACE CONNECT'.split(' ');
const oddMethods = ['get', 'Get', 'PRI', 'G', '', 'GE T', 'GET\t', ' GET', 'FOO', 'GETT', 'DESCRIBE', 'PLAY', 'FLUSH'];
const targets = ['/', '/', '/a/b', '/?q=1', '/%00', '/a;b', '//x', '*', 'http://x/a', 'HTTPS://x:1?q', 'http://[::1]/'];
const oddTargets = [
	'',
	'x',
	'x:80',
	'*a',
	'/#f',
	'/"<>^`{|}',
	'/\x7f',
	'/\x80',
	'/a b',
	'/\t',
	'http:/x',
	'http://u@x/',
];
const oddVersions =
	'HTTP/1.2 HTTP/2.0 HTTP/0.9 HTTP/11.1 HTTP/1.11 HTTP/1. HTTP/1 http/1.1 HTP/1.1 ICE/1.0 RTSP/1.0'.split(' ');
const lineEnds = ['\n', '\r', '\r\r\n', '\n\r', '\r\n ', '\r\n\t', ' \r\n', '\0\r\n'];
const names = 'Accept X-A x_b User-Agent Cookie TE Trailer Date Via ETag Keep-Alive Proxy-Connection'.split(' ');
const oddNames = ['', 'X A', 'X(A)', 'X\x0bA', 'X\x80', 'X-A ', ' X-A', '\tX', 'X\0', '"X"', 'X/Y', 'Content-Length\0'];
const values = ['', 'a', 'a, b', '"q"', 'trailers', '\x80\xff', 'a  b', 'a\tb', 'timeout=5'];
const oddValues = ['a\0', 'a\x0b', 'a\x7f', 'a\rb', 'a\nb', '\x01'];
const connections = [
	'close',
	'keep-alive',
	'Close',
	'KEEP-ALIVE',
	'close, keep-alive',
	'upgrade',
	'x-a',
	'keep-alive, X-B',
];
const oddConnections = [
	'',
	',',
	' close ,',
	'closed',
	'close;a',
	'"close"',
	'close keep-alive',
	'clo\tse',
	'close\xa0',
	'Upgrade,close',
];
const codings = ['chunked', 'chunked', 'Chunked', 'chunked '];
const oddCodings =
	'identity|gzip,chunked|xchunked|chunked;q=1|,chunked|chunked,|"chunked"|chunke|cow|chunkedx|\x0bchunked|chunked, identity|gzip, chunked|chunked, chunked|chunked\0||chun ked|chunked\xa0|chunked\t'.split(
		'|',
	);
const oddLengths = [
	'+5',
	'0x5',
	'5_0',
	'5 6',
	'-1',
	'',
	'5,5',
	'5.0',
	'1e1',
	'05',
	'5 ',
	'99999999999999999999',
	'5\0',
	'٥',
];
const upgrades = ['websocket', 'h2c', 'TLS/1.0', 'x'];

const line = (chance: Chance): string => (chance.percent(1) ? chance.of(lineEnds) : '\r\n');
const odd = <T>(chance: Chance, percent: number, usual: readonly T[], other: readonly T[]): T =>
	chance.of(chance.percent(percent) ? other : usual);

function field(chance: Chance, name: string, value: string): string {
	const colon = chance.percent(1) ? chance.of([' :', ':\t ', ' : ', '::', '', ': \t']) : chance.of([': ', ': ', ':']);
	const end = chance.percent(4) ? chance.of([' ', '\t', '  ']) : '';
	return `${name}${colon}${value}${end}${line(chance)}`;
}

function someFields(chance: Chance, most: number): string {
	let text = '';
	for (let left = chance.below(most + 1); left > 0; left--) {
		const name = odd(chance, 2, names, oddNames);
		text += field(chance, name, odd(chance, 2, values, oddValues));
	}
	if (chance.percent(25)) text += field(chance, 'Connection', odd(chance, 20, connections, oddConnections));
	if (chance.percent(4)) text += field(chance, 'connection', odd(chance, 20, connections, oddConnections));
	if (chance.percent(5)) text += field(chance, 'Upgrade', chance.of(upgrades));
	return text;
}

function content(chance: Chance): string {
	const size = chance.of([0, 1, 2, 5, 5, 17, 40]);
	return chance.percent(10) ? 'GET /in HTTP/1.1\r\nHost: x\r\n\r\n' : 'abc\r\n0\r\n\r\n'.repeat(5).slice(0, size);
}

function chunkSize(chance: Chance, size: number): string {
	let digits = size.toString(16);
	if (chance.percent(10)) digits = digits.toUpperCase();
	if (chance.percent(5)) digits = digits.padStart(1 + chance.below(14), '0');
	if (!chance.percent(2)) return digits;
	return chance.of([
		`0x${digits}`,
		`+${digits}`,
		` ${digits}`,
		`${digits} `,
		`-${digits}`,
		'',
		'g',
		`${digits}_`,
		'f'.repeat(17),
	]);
}

function chunkedContent(chance: Chance, text: string): string {
	let coded = '';
	for (let at = 0; at < text.length; ) {
		const size = 1 + chance.below(Math.min(8, text.length - at));
		const extension = chance.percent(1) ? chance.of([';a', ';a=b', '; a="b"', ';', ';a\r\nb', ' ;a', ';a=\x01']) : '';
		coded += `${chunkSize(chance, size)}${extension}${line(chance)}${text.slice(at, at + size)}${line(chance)}`;
		at += size;
	}
	coded += `${chunkSize(chance, 0)}${line(chance)}`;
	if (chance.percent(10)) {
		const name = odd(chance, 5, ['X-T', 'Authorization', 'Content-Length', 'Host', 'Transfer-Encoding', 'A'], oddNames);
		coded += field(chance, name, odd(chance, 5, ['a', '5', '', 'chunked'], oddValues));
	}
	return coded + line(chance);
}

/** Framing and body that mostly go together. */
function framed(chance: Chance, withoutBody: number): { fields: string; body: string } {
	if (chance.percent(withoutBody)) return { fields: '', body: '' };
	const text = content(chance);
	const isChunked = chance.percent(50);
	let fields = isChunked
		? field(chance, chance.of(['Transfer-Encoding', 'transfer-encoding']), odd(chance, 6, codings, oddCodings))
		: field(chance, chance.of(['Content-Length', 'content-length']), odd(chance, 6, [String(text.length)], oddLengths));
	if (chance.percent(2)) fields += fields;
	if (chance.percent(2)) fields += field(chance, 'Content-Length', String(text.length));
	if (chance.percent(2)) fields += field(chance, 'Transfer-Encoding', 'chunked');
	return { fields, body: isChunked ? chunkedContent(chance, text) : text };
}

function request(chance: Chance): string {
	const { fields, body } = framed(chance, 45);
	const method = odd(chance, 2, methods, oddMethods);
	const target = odd(chance, 3, targets, oddTargets);
	const version = chance.percent(8) ? 'HTTP/1.0' : odd(chance, 1, ['HTTP/1.1'], oddVersions);
	const space = chance.percent(0.5) ? chance.of(['  ', '\t', '']) : ' ';
	const host = chance.percent(97) ? field(chance, chance.of(['Host', 'host']), chance.of(['x', 'x:1', ''])) : '';
	const expect = chance.percent(5) ? field(chance, 'Expect', chance.of(['100-continue', 'x'])) : '';
	const others = someFields(chance, 3);
	const before = chance.percent(3) ? chance.of(['\r\n', '\n', '\r', ' ', '\r\n\r\n']) : '';
	const order = chance.percent(50) ? host + others + fields : fields + others + host;
	return `${before}${method}${space}${target} ${version}${line(chance)}${order}${expect}${line(chance)}${body}`;
}

function response(chance: Chance): string {
	const status = chance.percent(95)
		? chance.of(['200', '200', '200', '201', '204', '304', '404', '500', '599', '205'])
		: chance.of(['99', '600', '1000', '20', '2x0', '000', '101', '-20', ' 200']);
	const version = chance.percent(8) ? 'HTTP/1.0' : odd(chance, 1, ['HTTP/1.1'], oddVersions);
	const reason = odd(chance, 2, [' OK', ' ', '', ' \x80', ' Not Found'], [' a\0', ' a\rb', ' a\nb', '\t', 'OK', '  ']);
	const { fields, body } = framed(chance, status === '204' || status === '304' ? 90 : 10);
	let text = '';
	if (chance.percent(8)) {
		const { fields: inner } = framed(chance, 90);
		text += `HTTP/1.1 ${chance.of(['100', '102', '103', '199'])} x\r\n${someFields(chance, 1)}${inner}\r\n`;
	}
	text += `${version} ${status}${reason}${line(chance)}${someFields(chance, 3)}${fields}${line(chance)}${body}`;
	return text;
}

const inserted = [
	'\r',
	'\n',
	'\0',
	' ',
	'\t',
	':',
	';',
	',',
	'\x0b',
	'\x80',
	'0',
	'\r\n',
	'\r\n\r\n',
	'x',
	'\x7f',
	'5',
];

function mutated(chance: Chance, text: string): string {
	let result = text;
	for (let left = 1 + chance.below(3); left > 0; left--) {
		const at = chance.below(result.length + 1);
		const end = at + 1 + chance.below(6);
		switch (chance.below(6)) {
			case 0: {
				const flipped = (result.charCodeAt(at) ^ (1 << chance.below(8))) & 0xff;
				if (at < result.length) result = result.slice(0, at) + String.fromCharCode(flipped) + result.slice(at + 1);
				break;
			}
			case 1:
				result = result.slice(0, at) + chance.of(inserted) + result.slice(at);
				break;
			case 2:
				result = result.slice(0, at) + result.slice(end);
				break;
			case 3:
				result = result.slice(0, end) + result.slice(at);
				break;
			case 4:
				result = result.slice(0, at) + String.fromCharCode(chance.below(256)) + result.slice(at + 1);
				break;
			default:
				if (chance.percent(20)) result = result.slice(0, at);
		}
	}
	return result;
}

function inReads(chance: Chance, text: string): Buffer[] {
	const bytes = Buffer.from(text, 'latin1');
	const cuts = chance.percent(40) ? 0 : chance.below(4);
	const places = Array.from({ length: cuts }, () => chance.below(bytes.length + 1)).toSorted((a, b) => a - b);
	const reads: Buffer[] = [];
	let from = 0;
	for (const place of [...places, bytes.length]) {
		if (place > from) reads.push(bytes.subarray(from, place));
		from = place;
	}
	return reads;
}

/** Up to three requests behind one another. */
export function requestCase(seed: number): Case {
	const chance = new Chance(seed);
	let text = '';
	for (let left = 1 + chance.below(3); left > 0; left--) text += request(chance);
	if (chance.percent(30)) text = mutated(chance, text);
	return { reads: inReads(chance, text), method: '' };
}

/** One response, behind an interim one or before stray bytes at times. */
export function responseCase(seed: number): Case {
	const chance = new Chance(seed);
	let text = response(chance);
	if (chance.percent(5)) text += chance.of(['x', '\r\n', response(chance)]);
	if (chance.percent(30)) text = mutated(chance, text);
	return { reads: inReads(chance, text), method: chance.of(['GET', 'GET', 'GET', 'POST', 'HEAD']) };
}
