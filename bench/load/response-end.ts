/**
 * Finds the end of each response on a connection that has one request under way. Cheap for what a benchmark sees: once a
 * response has been measured, one of the same length that comes in one piece needs a comparison and no parsing.
 */

/** `more`: not all there yet. A number: the status of a response that is complete. `surplus`: more than one response. */
export type Progress = 'more' | 'surplus' | number;

export interface ResponseReader {
	/** The bytes are not kept. */
	read(data: Buffer): Progress;
}

const endOfHead = '\r\n\r\n';
const endOfChunks = Buffer.from('\r\n0\r\n\r\n');

export function createResponseReader(): ResponseReader {
	/** Length of the last response, head and body; 0: not known. */
	let usual = 0;
	let total = 0;
	let received = 0;
	let status = 0;
	let head: Buffer | undefined;
	/** Last bytes of a chunked response; undefined when its length is known. */
	let tail: Buffer | undefined;

	return {
		read(data) {
			if (received === 0 && data.length === usual && data[9] === 0x32) return statusOf(data);
			if (total === 0) return begin(data);
			received += data.length;
			return tail === undefined ? counted() : chunked(data);
		},
	};

	function begin(data: Buffer): Progress {
		const all = head === undefined ? data : Buffer.concat([head, data]);
		received = all.length;
		const end = all.indexOf(endOfHead);
		if (end < 0) {
			head = Buffer.from(all);
			return 'more';
		}
		head = undefined;
		status = statusOf(all);
		const length = /\r\ncontent-length: *(\d+)/i.exec(all.toString('latin1', 0, end))?.[1];
		if (length === undefined) {
			total = Number.POSITIVE_INFINITY;
			tail = Buffer.alloc(0);
			return chunked(all);
		}
		total = end + endOfHead.length + Number(length);
		return counted();
	}

	function counted(): Progress {
		if (received < total) return 'more';
		if (received > total) return 'surplus';
		usual = total;
		return done();
	}

	function chunked(data: Buffer): Progress {
		tail = Buffer.concat([tail ?? Buffer.alloc(0), data.subarray(-endOfChunks.length)]).subarray(-endOfChunks.length);
		return tail.equals(endOfChunks) ? done() : 'more';
	}

	function done(): number {
		total = 0;
		received = 0;
		tail = undefined;
		return status;
	}
}

function statusOf(data: Buffer): number {
	return ((data[9] ?? 0) - 48) * 100 + ((data[10] ?? 0) - 48) * 10 + ((data[11] ?? 0) - 48);
}
