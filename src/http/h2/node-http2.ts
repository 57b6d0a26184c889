/** node:http2, loaded with the first connection that speaks it: it is twelve megabytes that a plain listener never needs. */
export function nodeHttp2(): typeof import('node:http2') {
	return process.getBuiltinModule('node:http2');
}
