/** `countersign/assembly`: the decision without a listener, for whatever a definition holds. */
import type { Definition } from '#config/definition';
import * as apimCode from './apim.ts';
import { type Assembly, assemble as assembleWith, type Runtime } from './assemble.ts';

export { apimProblems } from './apim.ts';
export {
	type Assembly,
	clientProblems,
	decryptionKeyProblems,
	localKeyProblems,
	mintingKeyName,
	type Runtime,
} from './assemble.ts';

/**
 * Throws an Error when the definition contradicts itself; a provider that is down is no reason to fail. `previous`: the
 * assembly that this one shall replace; from it come the keys of providers whose keys are defined as before, and the
 * cache of genuine tokens, in which entries of changed providers do not count.
 */
export function assemble(definition: Definition, runtime: Runtime, previous?: Assembly): Assembly {
	return assembleWith(definition, { apimCode, ...runtime }, previous);
}
