/** `countersign/runtime/node`: the ports of core on Node, for whoever assembles without our own front door. */
export { systemClock } from './clock.ts';
export { nodeCryptography } from './cryptography.ts';
export { createDocumentFetcher } from './document-fetcher.ts';
export { createFormPoster } from './form-poster.ts';
export { createIdentityFetcher } from './identity-fetcher.ts';
export { createKeptKeysFolder } from './kept-keys-file.ts';
export { createLog } from './log.ts';
export { createSealing } from './sealing.ts';
export { systemTimers } from './timers.ts';
