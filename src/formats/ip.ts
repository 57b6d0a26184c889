/**
 * IP addresses and blocks of them, one spelling of IPv4 only (RFC 6943 §3.1.1): no leading zeros, no octal, no short
 * forms. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the IPv4 address that it stands for.
 */

/** An address: `parts` are four octets (IPv4) or eight groups of 16 bits (IPv6). */
export interface IpAddress {
	readonly version: 4 | 6;
	readonly parts: readonly number[];
}

interface Block extends IpAddress {
	readonly prefix: number;
}

/** IPv4 in four decimal octets, or IPv6 (RFC 4291 §2.2) without brackets and zone; undefined for anything else. */
export function parseIp(text: string): IpAddress | undefined {
	const octets = parseIpv4(text);
	if (octets !== undefined) return { version: 4, parts: octets };
	const groups = parseIpv6(text);
	return groups === undefined ? undefined : unmap(groups);
}

/** The address as RFC 5952 §4 wants it: IPv6 in lower case, its longest run of zeros as `::`. */
export function formatIp({ version, parts }: IpAddress): string {
	if (version === 4) return parts.join('.');
	const { start, length } = longestZeroRun(parts);
	if (length < 2) return hexGroups(parts);
	return `${hexGroups(parts.slice(0, start))}::${hexGroups(parts.slice(start + length))}`;
}

/** Whether `text` is an address or a block in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). Bits after the prefix may be set. */
export function isCidr(text: string): boolean {
	return parseBlock(text) !== undefined;
}

/**
 * A test for membership in any of the blocks. It knows IPv4, IPv6 and IPv4-mapped addresses, ignores a zone (`%eth0`),
 * and is false for what is not an address. IPv6 blocks hold no IPv4 addresses, `::/0` included. Throws an Error for an
 * entry that is neither address nor block (a configuration error).
 */
export function compileBlocks(list: readonly string[]): (address: string) => boolean {
	const blocks = list.map((text) => {
		const block = parseBlock(text);
		if (block === undefined) throw new Error(`${text} is not an IP address or CIDR block`);
		return block;
	});
	if (blocks.length === 0) return () => false;
	return (text) => {
		const zone = text.indexOf('%');
		const address = parseIp(zone < 0 ? text : text.slice(0, zone));
		return address !== undefined && blocks.some((block) => contains(block, address));
	};
}

/**
 * Whether a host name, as a URL has it, is this machine by definition: `localhost`, 127.0.0.0/8, ::1 (with or without
 * brackets). Names below `.localhost` are not: some resolvers ask the network for them.
 */
export function isLoopbackHost(hostname: string): boolean {
	const name = hostname.toLowerCase();
	if (name === 'localhost') return true;
	const address = parseIp(name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name);
	if (address === undefined) return false;
	if (address.version === 4) return address.parts[0] === 127;
	return address.parts.every((group, index) => group === (index === 7 ? 1 : 0));
}

function contains(block: Block, address: IpAddress): boolean {
	if (block.version !== address.version) return false;
	const width = block.version === 4 ? 8 : 16;
	for (let i = 0, bits = block.prefix; bits > 0; i++, bits -= width) {
		const difference = (block.parts[i] ?? 0) ^ (address.parts[i] ?? 0);
		if (difference >> Math.max(0, width - bits) !== 0) return false;
	}
	return true;
}

function parseBlock(text: string): Block | undefined {
	const slash = text.indexOf('/');
	const addressText = slash < 0 ? text : text.slice(0, slash);
	const address = parseIp(addressText);
	if (address === undefined) return undefined;
	const written = addressText.includes(':') ? 128 : 32;
	const prefixText = slash < 0 ? String(written) : text.slice(slash + 1);
	if (!/^(?:0|[1-9][0-9]{0,2})$/.test(prefixText) || Number(prefixText) > written) return undefined;
	const prefix = Number(prefixText) - (address.version === 4 && written === 128 ? 96 : 0);
	// `::ffff:10.0.0.0/90` would hold IPv4 and other addresses both; nobody means that.
	return prefix < 0 ? undefined : { ...address, prefix };
}

function unmap(groups: readonly number[]): IpAddress {
	const [a, b, c, d, e, f, high = 0, low = 0] = groups;
	if (a !== 0 || b !== 0 || c !== 0 || d !== 0 || e !== 0 || f !== 0xffff) return { version: 6, parts: groups };
	return { version: 4, parts: [high >> 8, high & 255, low >> 8, low & 255] };
}

function parseIpv4(text: string): number[] | undefined {
	if (text.length > 15) return undefined;
	const octets = text.split('.');
	if (octets.length !== 4) return undefined;
	const numbers: number[] = [];
	for (const octet of octets) {
		if (!/^(?:0|[1-9][0-9]{0,2})$/.test(octet) || Number(octet) > 255) return undefined;
		numbers.push(Number(octet));
	}
	return numbers;
}

function parseIpv6(text: string): number[] | undefined {
	if (text.length > 45) return undefined;
	const halves = text.split('::');
	if (halves.length > 2) return undefined;
	const [headText = '', tailText] = halves;
	const head = parseGroups(headText, tailText === undefined);
	const tail = tailText === undefined ? [] : parseGroups(tailText, true);
	if (head === undefined || tail === undefined) return undefined;
	const missing = 8 - head.length - tail.length;
	// `::` stands for at least one group of zeros (RFC 4291 §2.2); without it all eight are there.
	if (tailText === undefined ? missing !== 0 : missing < 1) return undefined;
	return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Groups between colons; the last may be an IPv4 address where the whole address ends. */
function parseGroups(text: string, endsAddress: boolean): number[] | undefined {
	if (text === '') return [];
	const groups: number[] = [];
	const pieces = text.split(':');
	for (const [index, piece] of pieces.entries()) {
		if (/^[0-9A-Fa-f]{1,4}$/.test(piece)) {
			groups.push(Number.parseInt(piece, 16));
			continue;
		}
		const octets = endsAddress && index === pieces.length - 1 ? parseIpv4(piece) : undefined;
		if (octets === undefined) return undefined;
		const [a = 0, b = 0, c = 0, d = 0] = octets;
		groups.push((a << 8) | b, (c << 8) | d);
	}
	return groups;
}

function hexGroups(groups: readonly number[]): string {
	return groups.map((group) => group.toString(16)).join(':');
}

/** The first of the longest runs of zero groups (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
	let best = { start: 0, length: 0 };
	let start = 0;
	for (let i = 0; i <= groups.length; i++) {
		if (groups[i] === 0) continue;
		if (i - start > best.length) best = { start, length: i - start };
		start = i + 1;
	}
	return best;
}
