// Apart from countersign.cjs because the oldest Nodes cannot even parse import().
'use strict';

exports.start = () => {
	import('../dist/cli/main.js').catch((problem) => {
		process.stderr.write(`countersign: ${problem.stack || problem}\n`);
		process.exitCode = 1;
	});
};
