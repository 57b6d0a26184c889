// Apart from countersign.cjs because the oldest Nodes cannot even parse import().
'use strict';

var v8 = require('node:v8');
// Before anything is loaded: a heap that has grown while the code is read does not shrink again. Why, and what it gives,
// stands in docs/performance.md and beside the same settings of a worker in src/runtime/node/v8-settings.ts.
v8.setFlagsFromString('--semi-space-growth-factor=1');
v8.setFlagsFromString('--heap-growing-percent=50');

exports.start = () => {
	import('../dist/cli/main.js').catch((problem) => {
		process.stderr.write(`countersign: ${problem.stack || problem}\n`);
		process.exitCode = 1;
	});
};
