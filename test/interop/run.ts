/**
 * `npm run interop`: the gateway as it is started by its users, against a real Keycloak on this machine, over sockets.
 * One line for each check. Ends with 0 when all passed, 1 when one failed, 2 when it could not begin: Java or Maven are missing.
 */
import { parseArgs } from 'node:util';
import { checkBoundTokens } from './checks/bound-tokens.ts';
import { checkExchange } from './checks/exchange.ts';
import { checkIntrospection } from './checks/introspection.ts';
import { checkJwts } from './checks/jwt.ts';
import { checkLogout } from './checks/logout.ts';
import { checkOutage } from './checks/outage.ts';
import { checkRotation } from './checks/rotation.ts';
import { checkTraces } from './checks/traces.ts';
import { fetchKeycloak, Missing } from './keycloak-server.ts';
import { Report } from './report.ts';
import { startRig } from './rig.ts';

const groups = {
	jwt: checkJwts,
	introspection: checkIntrospection,
	rotation: checkRotation,
	bound: checkBoundTokens,
	exchange: checkExchange,
	logout: checkLogout,
	// The last: nothing can be asked after it.
	outage: checkOutage,
} as const;
const names = Object.keys(groups) as (keyof typeof groups)[];

const usage = `Usage: npm run interop -- [--keycloak VERSION] [GROUP…]

Fetches Keycloak with Maven into the user's cache folder, once; Java 17 or newer runs it.

  --keycloak VERSION  which one (default 26.5.6)
  GROUP               only these: ${names.join(', ')}
`;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		keycloak: { type: 'string', default: '26.5.6' },
		help: { type: 'boolean', default: false },
	},
});
const say = (text: string): void => void process.stdout.write(text);

// What was started ends with us: each registers itself for our exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const unknown = positionals.find((group) => !Object.hasOwn(groups, group));
if (values.help) say(usage);
else if (unknown !== undefined) {
	process.stderr.write(`There is no group ${unknown}.\n\n${usage}`);
	process.exitCode = 2;
} else process.exitCode = await runInterop(values.keycloak);

async function runInterop(version: string): Promise<number> {
	let folder: string;
	try {
		folder = await fetchKeycloak(version, say);
	} catch (problem) {
		if (!(problem instanceof Missing)) throw problem;
		process.stderr.write(`${problem.message}\n`);
		return 2;
	}
	say(`starting Keycloak ${version} and the gateway\n`);
	const report = new Report(say);
	const rig = await startRig(folder, report);
	try {
		for (const name of names) {
			if (positionals.length === 0 || positionals.includes(name)) await groups[name](rig);
		}
		await checkTraces(rig);
	} finally {
		await rig.stop();
	}
	return report.finish() ? 0 : 1;
}
