/**
 * HTTP/2 by hand (RFC 9113 §4, §6; RFC 7541 §6.2.2): frames as no library would send them, header blocks of plain
 * literals, and what came back frame by frame.
 */
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { secureSocket } from './tls-gateway.ts';

export const frameType = {
	data: 0,
	headers: 1,
	priority: 2,
	reset: 3,
	settings: 4,
	ping: 6,
	goaway: 7,
	window: 8,
	continuation: 9,
} as const;
export const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export interface Frame {
	readonly type: number;
	readonly flags: number;
	readonly stream: number;
	readonly payload: Buffer;
}

export interface FrameClient {
	readonly socket: TLSSocket;
	/** Everything received so far, our own acknowledgements left out. */
	readonly frames: readonly Frame[];
	send(...frames: readonly Buffer[]): void;
	/** Resolves with the first frame of this type (on this stream) that has come or will come; rejects at the end. */
	next(type: number, stream?: number): Promise<Frame>;
	/** Resolves once the connection is closed, with the code of its last GOAWAY; undefined without one. */
	ended(): Promise<number | undefined>;
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
	const head = Buffer.alloc(9);
	head.writeUIntBE(payload.length, 0, 3);
	head[3] = type;
	head[4] = flags;
	head.writeUInt32BE(stream, 5);
	return Buffer.concat([head, payload]);
}

/** A header block of literals without indexing. Names and values are latin1 and taken as they are. */
export function block(fields: readonly (readonly [name: string, value: string])[]): Buffer {
	return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

export function text(value: string): Buffer {
	const bytes = Buffer.from(value, 'latin1');
	return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** RFC 7541 §5.1. */
export function integer(value: number, prefix: number, lead: number): Buffer {
	const most = 2 ** prefix - 1;
	if (value < most) return Buffer.from([lead | value]);
	const bytes = [lead | most];
	let left = value - most;
	for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
	return Buffer.from([...bytes, left]);
}

export const get = [
	[':method', 'GET'],
	[':scheme', 'https'],
	[':authority', 'localhost'],
	[':path', '/'],
] as const;

/** HEADERS of a whole request, unless `flags` say something else. */
export function headers(
	stream: number,
	fields: readonly (readonly [string, string])[] = get,
	flags: number = flag.endHeaders | flag.endStream,
): Buffer {
	return frame(frameType.headers, flags, stream, block(fields));
}

export function number32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A connection with preface and SETTINGS sent. `settings`: pairs of identifier and value. */
export async function frameClient(
	url: string,
	settings: readonly (readonly [number, number])[] = [],
	options: ConnectionOptions = {},
): Promise<FrameClient> {
	const socket = await secureSocket(url, { ALPNProtocols: ['h2'], ...options });
	const frames: Frame[] = [];
	let wake: (() => void)[] = [];
	let buffer = Buffer.alloc(0);
	const changed = (): void => {
		const waiting = wake;
		wake = [];
		for (const each of waiting) each();
	};
	socket.on('data', (chunk: Buffer) => {
		buffer = Buffer.concat([buffer, chunk]);
		for (;;) {
			const size = buffer.length < 9 ? Number.POSITIVE_INFINITY : 9 + buffer.readUIntBE(0, 3);
			if (buffer.length < size) break;
			const [type = 0, flags = 0] = [buffer[3], buffer[4]];
			frames.push({ type, flags, stream: buffer.readUInt32BE(5), payload: buffer.subarray(9, size) });
			buffer = buffer.subarray(size);
		}
		changed();
	});
	socket.on('close', changed);
	const values = settings.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 255]), number32(value)]));
	socket.write(Buffer.concat([preface, frame(frameType.settings, 0, 0, Buffer.concat(values))]));
	return {
		socket,
		frames,
		send: (...all) => void socket.write(Buffer.concat(all)),
		async next(type, stream) {
			for (;;) {
				const found = frames.find((each) => each.type === type && (stream === undefined || each.stream === stream));
				if (found !== undefined) return found;
				if (socket.closed) throw new Error(`the connection ended without a frame of type ${type}`);
				await new Promise<void>((resolve) => void wake.push(resolve));
			}
		},
		async ended() {
			while (!socket.closed) await new Promise<void>((resolve) => void wake.push(resolve));
			return frames.findLast(({ type }) => type === frameType.goaway)?.payload.readUInt32BE(4);
		},
	};
}

/** `:status` of a HEADERS frame, as far as the static table (RFC 7541 appendix A) and plain literals tell it. */
export function statusOf({ payload }: Frame): number {
	const [first = 0] = payload;
	const known = [200, 204, 206, 304, 400, 404, 500];
	if (first >= 0x88 && first <= 0x8e) return known[first - 0x88] ?? 0;
	// A literal with the indexed name :status; its value may be Huffman-coded, where digits take 5 or 6 bits each.
	const [, length = 0] = payload;
	const value = payload.subarray(2, 2 + (length & 0x7f));
	return Number((length & 0x80) === 0 ? value.toString('latin1') : digitsOf(value));
}

/** Decodes Huffman-coded digits (RFC 7541 appendix B): 0–2 have five bits, 3–9 six. */
function digitsOf(bytes: Buffer): string {
	let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
	let digits = '';
	while (bits.length >= 5) {
		const five = Number.parseInt(bits.slice(0, 5), 2);
		if (five <= 2) {
			digits += String(five);
			bits = bits.slice(5);
			continue;
		}
		const six = Number.parseInt(bits.slice(0, 6), 2);
		if (bits.length < 6 || six < 0x19 || six > 0x1f) break;
		digits += String(six - 0x19 + 3);
		bits = bits.slice(6);
	}
	return digits;
}
