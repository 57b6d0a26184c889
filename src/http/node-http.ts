/**
 * node:http without what an import of it brings: that reads every export, and reading `WebSocket` loads the whole of Node's
 * fetch and node:http2 with it, of which the gateway uses neither.
 */
export function nodeHttp(): typeof import('node:http') {
	return process.getBuiltinModule('node:http');
}
