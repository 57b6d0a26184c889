/** A request body of HTTP/2 whose length nobody declared: what each read brings becomes a chunk for the upstream. */
import type { Body } from '../h1/body.ts';

export class DataBody implements Body {
	start = 0;
	end = 0;
	received = 0;
	isComplete = false;

	get prefix(): string {
		return this.end > this.start ? `${(this.end - this.start).toString(16)}\r\n` : '';
	}

	get suffix(): string {
		const chunkEnd = this.end > this.start ? '\r\n' : '';
		return this.isComplete ? `${chunkEnd}0\r\n\r\n` : chunkEnd;
	}

	get content(): readonly number[] {
		return [this.start, this.end];
	}

	take(bytes: Uint8Array, from: number): number {
		this.start = from;
		this.end = bytes.length;
		this.received += this.end - from;
		return this.end;
	}

	/** The stream has ended: what is written next says so to the upstream. */
	ended(): void {
		this.start = 0;
		this.end = 0;
		this.isComplete = true;
	}
}
