/**
 * Three things that V8 does by default and that a gateway pays for. Measured in docs/performance.md. The installed command
 * sets the two about memory even earlier (bin/start.cjs).
 */
import { setFlagsFromString } from 'node:v8';

/** To be called before much is allocated. */
export function settleV8(): void {
	// Requests leave garbage and little else. A young generation that grows falls out of the processor's cache, and tokens
	// that stay are copied about in it before they settle; so it stays as small as it begins.
	setFlagsFromString('--semi-space-growth-factor=1');
	// What stays (keys, policy, known tokens) grows slowly, so there is no need for a heap of twice its size.
	setFlagsFromString('--heap-growing-percent=50');
	// After some quiet seconds V8 forgets code that was not used, and the next requests are slow for as long as it takes to
	// be compiled again. The code of a gateway is a few megabytes, and there is always a next request.
	setFlagsFromString('--no-flush-bytecode');
}
