/** After every test file: no token, secret or key in anything that its backends, logs, records and metrics have seen. */
import { afterAll } from 'vitest';
import { canaries } from './canaries.ts';

// Files share a process, and with it this module's state.
canaries.clear();

afterAll(() => {
	const leaks = canaries.leaks();
	if (leaks.length > 0) throw new Error(`tokens or secrets where they must not be:\n${leaks.join('\n')}`);
});
