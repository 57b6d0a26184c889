#!/usr/bin/env node
// Plain old JavaScript on purpose: a Node that is too old must still be able to read this file and say so.
'use strict';

var required = [22, 19];
var running = process.versions.node.split('.').map(Number);

if (running[0] < required[0] || (running[0] === required[0] && running[1] < required[1])) {
	process.stderr.write(
		'countersign needs Node.js ' +
			required.join('.') +
			' or newer; this is Node.js ' +
			process.versions.node +
			'. Install a newer one (https://nodejs.org/) and try again.\n',
	);
	process.exitCode = 2;
} else {
	require('./start.cjs').start();
}
